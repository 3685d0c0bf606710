namespace Cloud.Storage.Replication;

/// <summary>
/// The first fault after which a store can no longer keep its promises (a failed disk, damaged state). It then takes no
/// writes, and the process that hosts it should end, to be restarted by its supervisor. Thread-safe.
/// </summary>
internal sealed class StoreFault
{
    private readonly TaskCompletionSource<Exception> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes with the fault.</summary>
    internal Task<Exception> Occurred => _first.Task;

    internal bool HasOccurred => _first.Task.IsCompleted;

    internal void Report(Exception error) => _first.TrySetResult(error);
}
