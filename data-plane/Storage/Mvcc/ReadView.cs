using Cloud.Codec;
using Cloud.Rpc.Proto.Kvrpcpb;
using Google.Protobuf.Collections;

namespace Cloud.Storage.Mvcc;

/// <summary>At which timestamp a request reads, and which locks it may pass.</summary>
/// <param name="Timestamp">The snapshot; <see cref="Tso.Max"/> reads the newest committed version.</param>
/// <param name="Isolation">SI heeds locks; RC does not; RCCheckTS also refuses keys that changed after the
/// timestamp.</param>
/// <param name="Resolved">Start timestamps whose locks cannot commit at or before the timestamp.</param>
/// <param name="Committed">Start timestamps that committed before the timestamp: their locks are read through.</param>
internal readonly record struct ReadView(
    ulong Timestamp, IsolationLevel Isolation, RepeatedField<ulong> Resolved, RepeatedField<ulong> Committed)
{
    internal static ReadView Of(Context context, ulong timestamp) =>
        new(timestamp, context.IsolationLevel, context.ResolvedLocks, context.CommittedLocks);

    /// <summary>
    /// What a lock means to this reader. Source: KV-PROTOCOL §1.7; TiKV, <c>Lock::check_ts_conflict</c>.
    /// </summary>
    internal LockEffect EffectOf(LockRecord record, ReadOnlySpan<byte> dataKey)
    {
        if (Isolation != IsolationLevel.Si
            || record.StartTimestamp > Timestamp
            || record.Kind is LockKind.Lock or LockKind.Pessimistic
            || record.MinCommitTimestamp > Timestamp
            || Resolved.Contains(record.StartTimestamp))
        {
            return LockEffect.None;
        }

        if (Committed.Contains(record.StartTimestamp))
        {
            return LockEffect.ReadThrough;
        }

        // The newest version is asked for by a point read without a timestamp. The transaction has not committed when
        // the read begins, as long as only the primary's record can commit it, so the version below the lock is a right
        // answer.
        if (Timestamp == Tso.Max && !record.UsesAsyncCommit
            && DataKey.DecodeUserKey(dataKey).AsSpan().SequenceEqual(record.Primary))
        {
            return LockEffect.None;
        }

        return LockEffect.Blocks;
    }
}

/// <summary>What a lock means to a reader.</summary>
internal enum LockEffect
{
    /// <summary>The version below is what the reader sees.</summary>
    None,

    /// <summary>The lock's own value is what the reader sees.</summary>
    ReadThrough,

    /// <summary>It is not known yet what the reader sees.</summary>
    Blocks,
}
