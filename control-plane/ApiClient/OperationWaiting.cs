using System.Text.Json;

namespace Cloud.ApiClient;

/// <summary>How far an operation is.</summary>
public sealed record OperationProgress
{
    public required string Id { get; init; }

    /// <summary><c>pending</c>, <c>running</c>, <c>succeeded</c>, <c>failed</c>, <c>cancelling</c> or <c>cancelled</c>.</summary>
    public required string State { get; init; }

    /// <summary>0 to 100.</summary>
    public decimal Percent { get; init; }

    /// <summary>Null while nothing failed.</summary>
    public JsonElement? Error { get; init; }

    public bool HasEnded => State is "succeeded" or "failed" or "cancelled";
}

/// <summary>Waits for work that a reply left going on.</summary>
public static class OperationWaiting
{
    private const string LongPoll = "30s";

    /// <summary>Returns when the operation has ended, however it ended; null when the reply has none. Bounded by the token alone.</summary>
    /// <param name="onProgress">Told after each look; null for nobody.</param>
    /// <exception cref="ApiException">The operation cannot be read.</exception>
    public static async Task<OperationProgress?> WaitAsync(
        this CloudClient client,
        ApiReply reply,
        Action<OperationProgress>? onProgress = null,
        CancellationToken cancellationToken = default) => reply.OperationLocation is { } location
            ? await client.WaitAsync(location, onProgress, cancellationToken)
            : null;

    /// <summary>As above, by the path that Operation-Location gave.</summary>
    public static async Task<OperationProgress> WaitAsync(
        this CloudClient client,
        string operationLocation,
        Action<OperationProgress>? onProgress = null,
        CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var request = new ApiRequest(HttpMethod.Get, operationLocation) { Query = [("wait", LongPoll)] };
            var progress = (await client.SendAsync<OperationProgress>(request, cancellationToken)).Value;
            onProgress?.Invoke(progress);
            if (progress.HasEnded)
            {
                return progress;
            }
        }
    }
}
