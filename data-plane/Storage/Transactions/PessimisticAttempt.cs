using Cloud.Codec;
using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Storage.Mvcc;
using Google.Protobuf;
using Reason = Cloud.Rpc.Proto.Kvrpcpb.WriteConflict.Types.Reason;

namespace Cloud.Storage.Transactions;

/// <summary>One try to lock all keys of a request.</summary>
internal sealed class PessimisticAttempt(PessimisticLockRequest request, byte[][] dataKeys)
{
    internal byte[][] DataKeys => dataKeys;

    internal PessimisticLockResponse Response { get; } = new();

    /// <summary>The lock in the way; null when there is none.</summary>
    internal (byte[] DataKey, LockRecord Record)? Blocker { get; private set; }

    internal LockWaits.Waiter? Waiter { get; private set; }

    /// <summary>
    /// Whether the key is to be locked although it changed after the for-update timestamp. Only single keys can be.
    /// </summary>
    internal bool Forces => request.WakeUpMode == PessimisticLockWakeUpMode.WakeUpModeForceLock && dataKeys.Length == 1;

    private ulong StartTs => request.StartVersion;

    internal void Run(TxnCommand command)
    {
        for (var i = 0; i < dataKeys.Length; i++)
        {
            var error = LockKey(command, dataKeys[i], request.Mutations[i], out var result);
            if (error is not null)
            {
                Response.Values.Clear();
                Response.NotFounds.Clear();
                Response.Results.Clear();
                Response.Errors.Add(error);
                command.Reset();
                return;
            }

            Report(result);
        }
    }

    /// <summary>Runs under the latch of the key, so that no release is missed.</summary>
    internal void BeginWait(LocalStore store, (byte[] DataKey, LockRecord Record) blocker)
    {
        var holder = blocker.Record.StartTimestamp;
        if (store.Deadlocks.TryWait(StartTs, holder, blocker.DataKey) is { } cycle)
        {
            Response.Errors.Clear();
            Response.Errors.Add(KeyErrors.Deadlock(holder, blocker.DataKey, cycle[0].KeyHash, cycle));
            return;
        }

        Waiter = store.Waits.Enqueue(blocker.DataKey, StartTs, holder);
        if (Waiter is null)
        {
            store.Deadlocks.Done(StartTs, holder, blocker.DataKey);
        }
    }

    private void Report(in KeyResult result)
    {
        if (request.WakeUpMode == PessimisticLockWakeUpMode.WakeUpModeForceLock)
        {
            Response.Results.Add(new PessimisticLockKeyResult
            {
                Type = result.ConflictTs == 0
                    ? PessimisticLockKeyResultType.LockResultNormal
                    : PessimisticLockKeyResultType.LockResultLockedWithConflict,
                Value = result.Value ?? ByteString.Empty,
                Existence = result.Exists,
                LockedWithConflictTs = result.ConflictTs,
            });
            return;
        }

        if (request.ReturnValues)
        {
            Response.Values.Add(result.Value ?? ByteString.Empty);
        }

        if (request.ReturnValues || request.CheckExistence)
        {
            Response.NotFounds.Add(!result.Exists);
        }
    }

    private KeyError? LockKey(TxnCommand command, byte[] dataKey, Mutation mutation, out KeyResult result)
    {
        var mustNotExist = mutation.Assertion == Assertion.NotExist;
        if (mustNotExist)
        {
            command.Locks.Observe(request.ForUpdateTs);
        }

        result = default;
        return command.Reader.LoadLock(dataKey) is { } record
            ? LockAgain(command, dataKey, record, out result)
            : LockFree(command, dataKey, mustNotExist, out result);
    }

    private KeyError? LockAgain(TxnCommand command, byte[] dataKey, LockRecord record, out KeyResult result)
    {
        result = default;
        if (record.StartTimestamp != StartTs)
        {
            Blocker = (dataKey, record);
            return KeyErrors.Locked(dataKey, record);
        }

        if (!record.IsPessimistic)
        {
            return KeyErrors.LockTypeNotMatch(StartTs, dataKey, pessimistic: false);
        }

        var readTs = Math.Max(request.ForUpdateTs, Forces ? record.ForUpdateTimestamp : 0);
        result = Load(command.Reader, dataKey, readTs, force: readTs > request.ForUpdateTs) with
        {
            ConflictTs = readTs > request.ForUpdateTs ? readTs : 0,
        };
        if (request.ForUpdateTs > record.ForUpdateTimestamp)
        {
            Put(command, dataKey, request.ForUpdateTs, record.IsLockedWithConflict);
        }

        return null;
    }

    private KeyError? LockFree(TxnCommand command, byte[] dataKey, bool mustNotExist, out KeyResult result)
    {
        result = default;
        var reader = command.Reader;
        var forUpdateTs = request.ForUpdateTs;
        ulong conflictTs = 0;
        if (reader.SeekWrite(dataKey, Tso.Max, out var commit))
        {
            if (commit > forUpdateTs)
            {
                if (!Forces)
                {
                    return KeyErrors.Conflict(
                        StartTs, reader.CurrentWrite.StartTimestamp, commit, dataKey, request.PrimaryLock, Reason.PessimisticRetry);
                }

                conflictTs = forUpdateTs = commit;
            }

            var isOwnRollback = reader.SeekWrite(dataKey, StartTs, out var own) && own == StartTs
                && (reader.CurrentWrite.Kind == WriteKind.Rollback || reader.CurrentWrite.HasOverlappedRollback);
            if (isOwnRollback)
            {
                return KeyErrors.PessimisticLockRolledBack(StartTs, dataKey);
            }

            if (mustNotExist && reader.Exists(dataKey, Tso.Max))
            {
                return KeyErrors.AlreadyExist(dataKey);
            }
        }

        result = Load(reader, dataKey, forUpdateTs, force: conflictTs != 0) with { ConflictTs = conflictTs };
        if (!request.LockOnlyIfExists || result.Exists)
        {
            Put(command, dataKey, forUpdateTs, conflictTs != 0);
        }

        return null;
    }

    private KeyResult Load(MvccReader reader, byte[] dataKey, ulong timestamp, bool force)
    {
        if (request.ReturnValues || force)
        {
            var value = reader.Get(dataKey, timestamp, out _);
            return new KeyResult(value, value is not null, 0);
        }

        return request.CheckExistence || request.LockOnlyIfExists
            ? new KeyResult(null, reader.Exists(dataKey, timestamp), 0)
            : default;
    }

    private void Put(TxnCommand command, byte[] dataKey, ulong forUpdateTs, bool withConflict) =>
        command.PutLock(dataKey, new LockRecord
    {
        Kind = LockKind.Pessimistic,
        Primary = request.PrimaryLock.ToByteArray(),
        StartTimestamp = StartTs,
        TtlMs = request.LockTtl,
        ForUpdateTimestamp = forUpdateTs,
        MinCommitTimestamp = request.MinCommitTs,
        IsLockedWithConflict = withConflict,
    });

    private readonly record struct KeyResult(ByteString? Value, bool Exists, ulong ConflictTs);
}
