using System.Collections.Concurrent;

namespace Cloud.Benchmarks.Loads;

/// <summary>
/// Sends requests at a fixed rate, whether or not earlier ones have been answered. Latency counts from the moment at which a request was
/// due, so that a stall is charged to all requests that it delayed. Source: G. Tene, "How NOT to Measure Latency" (coordinated omission).
/// </summary>
public static class OpenLoop
{
    /// <returns>Latencies in milliseconds, in no order.</returns>
    public static async Task<IReadOnlyCollection<double>> RunAsync(
        int perSecond, TimeSpan length, Func<int, Task> send, CancellationToken cancellationToken)
    {
        var latencies = new ConcurrentBag<double>();
        var open = new List<Task>();
        var started = TimeProvider.System.GetTimestamp();
        var count = (int)(perSecond * length.TotalSeconds);
        for (var i = 0; i < count; i++)
        {
            var due = TimeSpan.FromSeconds((double)i / perSecond);
            var wait = due - TimeProvider.System.GetElapsedTime(started);
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, cancellationToken);
            }

            open.Add(MeasureAsync(i, due));
        }

        await Task.WhenAll(open);
        return latencies;

        async Task MeasureAsync(int number, TimeSpan due)
        {
            await send(number);
            latencies.Add((TimeProvider.System.GetElapsedTime(started) - due).TotalMilliseconds);
        }
    }
}
