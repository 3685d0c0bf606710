using Cloud.Codec;
using Cloud.Rpc.Proto.Deadlock;
using Cloud.Rpc.Proto.Kvrpcpb;
using Google.Protobuf;

namespace Cloud.Storage.Transactions;

/// <summary>
/// Key errors with all the fields that clients act upon. Keys in them are users' keys. The texts of retryable and abort
/// errors begin with the names that clients of TiKV look for. Source: KV-PROTOCOL §1.4; TiKV, <c>extract_key_error</c>.
/// </summary>
internal static class KeyErrors
{
    internal static LockInfo ToLockInfo(ReadOnlySpan<byte> dataKey, LockRecord record)
    {
        var lockInfo = new LockInfo
        {
            PrimaryLock = ByteString.CopyFrom(record.Primary),
            LockVersion = record.StartTimestamp,
            Key = UserKey(dataKey),
            LockTtl = record.TtlMs,
            TxnSize = record.TransactionSize,
            LockType = record.Kind switch
            {
                LockKind.Put => Op.Put,
                LockKind.Delete => Op.Del,
                LockKind.Lock => Op.Lock,
                _ => Op.PessimisticLock,
            },
            LockForUpdateTs = record.ForUpdateTimestamp,
            UseAsyncCommit = record.UsesAsyncCommit,
            MinCommitTs = record.MinCommitTimestamp,
        };
        foreach (var secondary in record.Secondaries)
        {
            lockInfo.Secondaries.Add(ByteString.CopyFrom(secondary));
        }

        return lockInfo;
    }

    internal static ByteString UserKey(ReadOnlySpan<byte> dataKey) =>
        UnsafeByteOperations.UnsafeWrap(DataKey.DecodeUserKey(dataKey));

    internal static KeyError Locked(ReadOnlySpan<byte> dataKey, LockRecord record) =>
        new() { Locked = ToLockInfo(dataKey, record) };

    internal static KeyError Conflict(
        ulong startTs, ulong conflictStartTs, ulong conflictCommitTs, ReadOnlySpan<byte> dataKey, ByteString primary,
        WriteConflict.Types.Reason reason) => new()
        {
            Conflict = new WriteConflict
            {
                StartTs = startTs,
                ConflictTs = conflictStartTs,
                ConflictCommitTs = conflictCommitTs,
                Key = UserKey(dataKey),
                Primary = primary,
                Reason = reason,
            },
        };

    internal static KeyError AlreadyExist(ReadOnlySpan<byte> dataKey) =>
        new() { AlreadyExist = new AlreadyExist { Key = UserKey(dataKey) } };

    internal static KeyError CommitTsExpired(
        ulong startTs, ulong commitTs, ReadOnlySpan<byte> dataKey, ulong minCommitTs) => new()
    {
        CommitTsExpired = new CommitTsExpired
        {
            StartTs = startTs,
            AttemptedCommitTs = commitTs,
            Key = UserKey(dataKey),
            MinCommitTs = minCommitTs,
        },
    };

    internal static KeyError TxnNotFound(ulong startTs, ReadOnlySpan<byte> dataKey) =>
        new() { TxnNotFound = new TxnNotFound { StartTs = startTs, PrimaryKey = UserKey(dataKey) } };

    /// <summary>Older clients read the text, newer ones the field.</summary>
    internal static KeyError TxnLockNotFound(ulong startTs, ulong commitTs, ReadOnlySpan<byte> dataKey) => new()
    {
        Retryable = $"TxnLockNotFound {{ start_ts: {startTs}, commit_ts: {commitTs}, key: {Hex(dataKey)} }}: " +
            "the transaction was rolled back by another, begin it again",
        TxnLockNotFound = new TxnLockNotFound { Key = UserKey(dataKey) },
    };

    internal static KeyError PrimaryMismatch(ReadOnlySpan<byte> dataKey, LockRecord record) =>
        new() { PrimaryMismatch = new PrimaryMismatch { LockInfo = ToLockInfo(dataKey, record) } };

    internal static KeyError AssertionFailed(
        ulong startTs, ReadOnlySpan<byte> dataKey, Assertion assertion, ulong existingStartTs, ulong existingCommitTs) => new()
        {
            AssertionFailed = new AssertionFailed
            {
                StartTs = startTs,
                Key = UserKey(dataKey),
                Assertion = assertion,
                ExistingStartTs = existingStartTs,
                ExistingCommitTs = existingCommitTs,
            },
        };

    internal static KeyError Deadlock(
        ulong lockTs, ReadOnlySpan<byte> dataKey, ulong keyHash, IEnumerable<WaitForEntry> chain)
    {
        var deadlock = new Deadlock { LockTs = lockTs, LockKey = UserKey(dataKey), DeadlockKeyHash = keyHash };
        deadlock.WaitChain.AddRange(chain);
        return new KeyError { Deadlock = deadlock };
    }

    internal static KeyError PessimisticLockNotFound(ulong startTs, ReadOnlySpan<byte> dataKey, string reason) =>
        Abort($"PessimisticLockNotFound {{ start_ts: {startTs}, key: {Hex(dataKey)}, reason: {reason} }}");

    internal static KeyError PessimisticLockRolledBack(ulong startTs, ReadOnlySpan<byte> dataKey) =>
        Abort($"PessimisticLockRolledBack {{ start_ts: {startTs}, key: {Hex(dataKey)} }}");

    internal static KeyError LockTypeNotMatch(ulong startTs, ReadOnlySpan<byte> dataKey, bool pessimistic) => Abort(
        $"LockTypeNotMatch {{ start_ts: {startTs}, key: {Hex(dataKey)}, pessimistic: {(pessimistic ? "true" : "false")} }}");

    internal static KeyError Committed(ulong startTs, ulong commitTs, ReadOnlySpan<byte> dataKey) =>
        Abort($"Committed {{ start_ts: {startTs}, commit_ts: {commitTs}, key: {Hex(dataKey)} }}");

    internal static KeyError InvalidTimestamps(ulong startTs, ulong commitTs) =>
        Abort($"InvalidTxnTso {{ start_ts: {startTs}, commit_ts: {commitTs} }}: a commit timestamp is greater than its start");

    internal static KeyError KeyTooLarge(int bytes, int limit) =>
        Abort($"KeyTooLarge {{ size: {bytes}, limit: {limit} }}: use a shorter key");

    internal static KeyError ValueTooLarge(int bytes, int limit) =>
        Abort($"ValueTooLarge {{ size: {bytes}, limit: {limit} }}: store the value in parts");

    internal static KeyError InvalidKeyMode(string mode, ByteString key) => Abort(
        $"InvalidKeyMode {{ mode: {mode}, key: {Convert.ToHexStringLower(key.Span[..Math.Min(key.Length, 64)])} }}: " +
        "keys of API V2 begin with 'x' (transactional) or 'r' (raw) and three bytes of keyspace id");

    internal static KeyError Abort(string text) => new() { Abort = text };

    private static string Hex(ReadOnlySpan<byte> dataKey) => Convert.ToHexStringLower(DataKey.DecodeUserKey(dataKey));
}
