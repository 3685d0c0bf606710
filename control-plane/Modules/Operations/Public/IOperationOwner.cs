namespace Cloud.Modules.Operations.Public;

/// <summary>
/// Stands behind operations of some kinds. A module that starts operations registers one; it only writes
/// desired state, in the caller's transaction.
/// </summary>
internal interface IOperationOwner
{
    /// <summary>Whether operations of the kind are its to undo.</summary>
    bool Owns(string kind);

    /// <summary>Wishes for the opposite of what the operation was to bring about. The operation is cancelling already.</summary>
    Task CancelAsync(Operation operation, CancellationToken cancellationToken);

    /// <summary>Wakes whoever works on a retried operation.</summary>
    Task RetryAsync(Operation operation, CancellationToken cancellationToken);
}
