namespace Cloud.Local.Supervision;

/// <summary>Asks a service over HTTP whether it is ready.</summary>
public static class Probe
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits until the URL answers 200.</summary>
    /// <exception cref="LocalException">It does not within the limit; the message holds the last answer.</exception>
    public static async Task UntilOkAsync(string url, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var answer = await AskAsync(client, url, cancellationToken);
            if (answer is null)
            {
                return;
            }

            if (TimeProvider.System.GetElapsedTime(started) > limit)
            {
                throw new LocalException($"{url} was not ready within {limit.TotalSeconds:0} s: {answer}.");
            }

            await Task.Delay(Interval, cancellationToken);
        }
    }

    /// <returns>Null when it answered 200; what it did instead otherwise.</returns>
    public static async Task<string?> AskAsync(HttpClient client, string url, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await client.GetAsync(url, cancellationToken);
            return response.IsSuccessStatusCode ? null : $"it answered {(int)response.StatusCode}";
        }
        catch (HttpRequestException exception)
        {
            return exception.Message;
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return "it did not answer in time";
        }
    }
}
