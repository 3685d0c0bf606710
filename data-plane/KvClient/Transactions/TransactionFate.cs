using Cloud.Rpc.Proto.Kvrpcpb;

namespace Cloud.KvClient.Transactions;

/// <summary>What became of a transaction, as its primary key tells.</summary>
internal enum FateKind
{
    /// <summary>It goes on; its lock has time left.</summary>
    Alive,

    /// <summary>It committed, or it never will.</summary>
    Decided,

    /// <summary>It commits asynchronously and its time is up: its other keys must be asked.</summary>
    AskSecondaries,

    /// <summary>The lock names a key as its primary that is not.</summary>
    PrimaryMismatch,
}

/// <summary>A transaction's fate.</summary>
/// <param name="Kind">Which.</param>
/// <param name="CommitTimestamp">When decided: when it committed, 0 for rolled back.</param>
/// <param name="TtlMs">When alive: its time to live, from the physical part of its start.</param>
/// <param name="Pushed">When alive: whether it will commit above the reader that asks.</param>
/// <param name="Primary">When secondaries are to be asked: the primary's lock.</param>
/// <param name="Lasting">Whether the decision is written at the primary key, so that it may be remembered.</param>
internal readonly record struct TransactionFate(
    FateKind Kind, ulong CommitTimestamp = 0, ulong TtlMs = 0, bool Pushed = false, LockInfo? Primary = null, bool Lasting = false)
{
    public static TransactionFate Committed(ulong commitTimestamp) => new(FateKind.Decided, commitTimestamp, Lasting: true);
}
