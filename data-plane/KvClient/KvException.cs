namespace Cloud.KvClient;

/// <summary>Why a key-value operation failed.</summary>
public enum KvErrorCode
{
    /// <summary>Another transaction committed a newer version; begin again.</summary>
    WriteConflict,

    /// <summary>A key that must not exist does; <see cref="KvException.Key"/> names it.</summary>
    AlreadyExists,

    /// <summary>Waiting for a lock took longer than allowed.</summary>
    LockWaitTimeout,

    /// <summary>The transaction was chosen as a deadlock's victim; roll back and begin again.</summary>
    Deadlock,

    /// <summary>The transaction was rolled back by others, for example after its locks expired.</summary>
    TransactionAborted,

    /// <summary>A key, value or transaction is over a limit.</summary>
    TooLarge,

    /// <summary>The cluster could not be reached in time; nothing was decided.</summary>
    Unavailable,

    /// <summary>The connection failed while committing: it may or may not have happened.</summary>
    UndeterminedResult,

    /// <summary>The cluster answered with an error that retrying cannot mend.</summary>
    Fatal,
}

/// <summary>A failed key-value operation, after all retries within its time limit.</summary>
public sealed class KvException(KvErrorCode code, string message, Exception? inner = null) : Exception(message, inner)
{
    public KvErrorCode Code { get; } = code;

    /// <summary>The key at fault, without any encoding; null when not about one key.</summary>
    public byte[]? Key { get; init; }
}
