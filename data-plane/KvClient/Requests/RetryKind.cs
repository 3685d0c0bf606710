namespace Cloud.KvClient.Requests;

/// <summary>Why an operation waits before its next attempt; each reason has a pace of its own.</summary>
internal enum RetryKind
{
    /// <summary>A store could not be reached or did not answer.</summary>
    StoreRpc,

    /// <summary>PD could not be reached or did not answer.</summary>
    PdRpc,

    /// <summary>The region is not where the cache says.</summary>
    RegionMiss,

    /// <summary>The region has no leader that is known.</summary>
    RegionScheduling,

    /// <summary>The store asks for patience.</summary>
    ServerBusy,

    /// <summary>The command lost its place in the log.</summary>
    StaleCommand,

    /// <summary>The region cannot serve this yet.</summary>
    NotReady,

    /// <summary>The disk is full.</summary>
    DiskFull,

    /// <summary>A lock of a transaction that is alive.</summary>
    Lock,

    /// <summary>A lock whose transaction is not there yet.</summary>
    TransactionNotFound,
}
