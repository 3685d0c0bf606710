using Cloud.Codec;
using Cloud.Kernel;
using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Storage.Mvcc;

namespace Cloud.Storage.Transactions;

/// <summary>
/// Ends a transaction on one key: commit, rollback, and what is recorded when its lock is not there.
/// <para>Invariant. A key carries at most one of commit and rollback of a transaction, and whichever comes first wins:
/// a rollback of a missing lock leaves a record that makes a late prewrite fail. A rollback whose record would stand
/// where another transaction's commit stands (equal timestamps) marks that commit instead, when it has to be kept
/// ("protected").</para>
/// Source: TiKV, <c>src/storage/txn/actions/{commit,cleanup,check_txn_status}.rs</c> and <c>mvcc/txn.rs</c>.
/// </summary>
internal static class Finish
{
    /// <summary>Commits a key. Null: committed, now or before.</summary>
    internal static KeyError? Commit(TxnCommand command, byte[] dataKey, ulong startTs, ulong commitTs)
    {
        var record = command.Reader.LoadLock(dataKey);
        if (record is null || record.StartTimestamp != startTs)
        {
            return command.Reader.FindCommitRecord(dataKey, startTs).Fate == Fate.Committed
                ? null
                : KeyErrors.TxnLockNotFound(startTs, commitTs, dataKey);
        }

        if (commitTs < record.MinCommitTimestamp)
        {
            return KeyErrors.CommitTsExpired(startTs, commitTs, dataKey, record.MinCommitTimestamp);
        }

        if (record.IsPessimistic)
        {
            // The transaction did not write this key; its lock was left by a lost rollback or a late duplicate.
            command.Unlock(dataKey, record, 0);
            return null;
        }

        command.PutWrite(dataKey, commitTs, new WriteRecord
        {
            Kind = (WriteKind)record.Kind,
            StartTimestamp = startTs,
            HasShortValue = record.ShortValue is not null,
            ShortValue = record.ShortValue,
            HasOverlappedRollback = Contains(record.RollbackTimestamps, commitTs),
            LastChange = record.LastChange,
            Source = record.Source,
        });
        command.Unlock(dataKey, record, commitTs);
        return null;
    }

    /// <summary>Rolls a key back, unless it is committed.</summary>
    /// <param name="command">Holds the key's latch.</param>
    /// <param name="dataKey">The key.</param>
    /// <param name="startTs">The transaction.</param>
    /// <param name="currentTs">Not 0: only when the lock's time to live has passed then.</param>
    /// <param name="isProtected">The record of it must not be collapsed.</param>
    /// <param name="commitTs">The commit timestamp when it is committed, otherwise 0.</param>
    /// <returns>Null, or why it was not rolled back.</returns>
    internal static KeyError? Rollback(
        TxnCommand command, byte[] dataKey, ulong startTs, ulong currentTs, bool isProtected, out ulong commitTs)
    {
        commitTs = 0;
        var record = command.Reader.LoadLock(dataKey);
        if (record is not null && record.StartTimestamp == startTs)
        {
            if (currentTs != 0 && !IsExpired(record, currentTs))
            {
                return KeyErrors.Locked(dataKey, record);
            }

            RollbackLock(command, dataKey, record, collapse: !isProtected);
            return null;
        }

        var found = RecordMissing(command, dataKey, startTs, record, isProtected);
        commitTs = found.CommitTimestamp;
        return found.Fate == Fate.Committed ? KeyErrors.Committed(startTs, commitTs, dataKey) : null;
    }

    /// <summary>Removes a transaction's own lock and leaves a rollback record.</summary>
    internal static void RollbackLock(TxnCommand command, byte[] dataKey, LockRecord record, bool collapse)
    {
        var startTs = record.StartTimestamp;
        var found = command.Reader.FindCommitRecord(dataKey, startTs);
        Invariant.Require(
            found.Fate != Fate.Committed, $"a key is not both locked and committed by transaction {startTs}");
        if (found.Fate == Fate.Unknown)
        {
            if (record.Kind == LockKind.Put && record.ShortValue is null)
            {
                command.DeleteValue(dataKey, startTs);
            }

            var isProtected = record.BelongsToPessimisticTransaction
                && DataKey.DecodeUserKey(dataKey).AsSpan().SequenceEqual(record.Primary);
            WriteRollback(command, dataKey, startTs, isProtected, found);
            if (collapse)
            {
                CollapsePrevious(command, dataKey, startTs);
            }
        }

        command.Unlock(dataKey, record, 0);
    }

    /// <summary>
    /// The fate of a transaction that has no lock on a key. When nothing is recorded, a rollback is, so that a late
    /// prewrite fails.
    /// </summary>
    /// <param name="command">Holds the key's latch.</param>
    /// <param name="dataKey">The key.</param>
    /// <param name="startTs">The transaction.</param>
    /// <param name="other">Another transaction's lock on the key; null when it is free.</param>
    /// <param name="isProtected">The record must not be collapsed.</param>
    internal static CommitRecord RecordMissing(
        TxnCommand command, byte[] dataKey, ulong startTs, LockRecord? other, bool isProtected)
    {
        var found = command.Reader.FindCommitRecord(dataKey, startTs);
        if (found.Fate == Fate.Unknown)
        {
            if (!isProtected)
            {
                CollapsePrevious(command, dataKey, startTs);
            }

            if (isProtected && other is not null && found.OverlappedWrite is null)
            {
                MarkOnOther(command, dataKey, startTs, other);
            }

            WriteRollback(command, dataKey, startTs, isProtected, found);
        }

        return found;
    }

    /// <summary>Leaves a rollback record at a transaction's start timestamp.</summary>
    internal static void WriteRollback(
        TxnCommand command, byte[] dataKey, ulong startTs, bool isProtected, in CommitRecord found)
    {
        if (found.OverlappedWrite is null)
        {
            command.PutWrite(dataKey, startTs, WriteRecord.Rollback(startTs, isProtected));
        }
        else if (isProtected)
        {
            var overlapped = WriteRecord.Parse(found.OverlappedWrite);
            command.PutWrite(dataKey, startTs, overlapped.WithOverlappedRollback(hasGcFence: true, found.GcFence));
        }
    }

    /// <summary>
    /// The commit of an asynchronous transaction that holds the key may come to stand exactly at this rollback's
    /// timestamp: its lock remembers.
    /// </summary>
    internal static void MarkOnOther(TxnCommand command, byte[] dataKey, ulong startTs, LockRecord other)
    {
        if (other.UsesAsyncCommit && startTs >= other.MinCommitTimestamp
            && !Contains(other.RollbackTimestamps, startTs))
        {
            command.PutLock(dataKey, other with { RollbackTimestamps = [.. other.RollbackTimestamps, startTs] });
        }
    }

    /// <summary>Removes the rollback record next below, since only the newest of them is needed.</summary>
    internal static void CollapsePrevious(TxnCommand command, byte[] dataKey, ulong startTs)
    {
        if (command.Reader.SeekWrite(dataKey, startTs, out var commit))
        {
            var write = command.Reader.CurrentWrite;
            if (write.Kind == WriteKind.Rollback && !write.IsProtectedRollback && commit != startTs)
            {
                command.DeleteWrite(dataKey, commit);
            }
        }
    }

    /// <summary>Whether others may roll the lock's transaction back.</summary>
    internal static bool IsExpired(LockRecord record, ulong currentTs) =>
        (ulong)Tso.PhysicalMs(record.StartTimestamp) + record.TtlMs < (ulong)Tso.PhysicalMs(currentTs);

    private static bool Contains(IReadOnlyList<ulong> timestamps, ulong timestamp)
    {
        for (var i = 0; i < timestamps.Count; i++)
        {
            if (timestamps[i] == timestamp)
            {
                return true;
            }
        }

        return false;
    }
}
