namespace Cloud.ApiClient;

/// <summary>Waits for work that a reply left going on.</summary>
public static class OperationWaiting
{
    private const string LongPoll = "30s";

    /// <summary>Whether nothing more will happen.</summary>
    public static bool HasEnded(this Operation operation) => operation.State
        is OperationStateValues.Succeeded or OperationStateValues.Failed or OperationStateValues.Cancelled;

    /// <summary>Returns when the operation has ended, however it ended. Bounded by the token alone.</summary>
    /// <param name="operation">Its id.</param>
    /// <param name="onProgress">Told after each look; null for nobody.</param>
    /// <exception cref="ApiException">The operation cannot be read.</exception>
    public static async Task<Operation> WaitAsync(
        this CloudClient client,
        string operation,
        Action<Operation>? onProgress = null,
        CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var seen = (await client.Operations.GetOperationAsync(operation, LongPoll, cancellationToken: cancellationToken)).Value;
            onProgress?.Invoke(seen);
            if (seen.HasEnded())
            {
                return seen;
            }
        }
    }
}
