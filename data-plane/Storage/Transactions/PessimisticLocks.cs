using Cloud.Codec;
using Cloud.Rpc.Proto.Errorpb;
using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Storage.Mvcc;
using Cloud.Storage.Regions;
using Google.Protobuf;
using Reason = Cloud.Rpc.Proto.Kvrpcpb.WriteConflict.Types.Reason;

namespace Cloud.Storage.Transactions;

/// <summary>
/// Locks taken before the commit, and the waits for them. A request locks all of its keys or none. Who finds another's lock waits on the
/// leader until it is released, then is told of a write conflict (and comes back with a newer timestamp) or, when it asked to be locked in any
/// case, tries again here.
/// Source: TiKV, <c>src/storage/txn/actions/acquire_pessimistic_lock.rs</c>, <c>src/server/lock_manager</c>.
/// </summary>
internal sealed class PessimisticLocks(LocalStore store, TxnWrites writes)
{
    internal async ValueTask<PessimisticLockResponse> LockAsync(PessimisticLockRequest request, CancellationToken cancellationToken)
    {
        var keys = new ByteString[request.Mutations.Count];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = request.Mutations[i].Key;
        }

        if (writes.Prepare(request.Context, keys, out var peer, out var dataKeys, out var invalid) is { } refused)
        {
            return new PessimisticLockResponse { RegionError = refused };
        }

        if (invalid is not null)
        {
            return new PessimisticLockResponse { Errors = { invalid } };
        }

        var deadline = store.Time.GetTimestamp();
        var wait = WaitOf(request);
        while (true)
        {
            var attempt = new Attempt(request, dataKeys);
            var error = await TryAsync(peer, attempt, wait > TimeSpan.Zero, cancellationToken);
            if (error is not null)
            {
                return new PessimisticLockResponse { RegionError = error };
            }

            if (attempt.Waiter is null)
            {
                return attempt.Response;
            }

            var left = wait - store.Time.GetElapsedTime(deadline);
            var released = await WaitAsync(attempt, left, cancellationToken);
            if (released is null)
            {
                return attempt.Response;
            }

            if (!attempt.Forces)
            {
                return Woken(request, released.Value);
            }

            wait = left;
            deadline = store.Time.GetTimestamp();
        }
    }

    internal async ValueTask<PessimisticRollbackResponse> RollbackAsync(
        PessimisticRollbackRequest request, CancellationToken cancellationToken)
    {
        if (writes.Prepare(request.Context, request.Keys, out var peer, out var dataKeys, out var invalid) is { } refused)
        {
            return new PessimisticRollbackResponse { RegionError = refused };
        }

        if (invalid is not null)
        {
            return new PessimisticRollbackResponse { Errors = { invalid } };
        }

        var error = await store.RunAsync(
            peer,
            dataKeys,
            (request, dataKeys),
            static (command, s) =>
            {
                foreach (var dataKey in s.dataKeys)
                {
                    if (command.Reader.LoadLock(dataKey) is { IsPessimistic: true } record
                        && record.StartTimestamp == s.request.StartVersion
                        && record.ForUpdateTimestamp <= s.request.ForUpdateTs)
                    {
                        command.Unlock(dataKey, record, 0);
                    }
                }
            },
            cancellationToken);
        return new PessimisticRollbackResponse { RegionError = error };
    }

    private TimeSpan WaitOf(PessimisticLockRequest request) => request.WaitTimeout switch
    {
        < 0 => TimeSpan.Zero,
        0 => store.Limits.LockWaitMax,
        var ms => TimeSpan.FromMilliseconds(Math.Min(ms, store.Limits.LockWaitMax.TotalMilliseconds)),
    };

    private static PessimisticLockResponse Woken(PessimisticLockRequest request, ReleasedLock released) => new()
    {
        Errors =
        {
            KeyErrors.Conflict(
                request.StartVersion, released.StartTimestamp, released.CommitTimestamp, released.DataKey, request.PrimaryLock,
                Reason.PessimisticRetry),
        },
    };

    /// <summary>Locks all keys, or begins to wait for the first that another has locked.</summary>
    private ValueTask<Error?> TryAsync(RegionPeer peer, Attempt attempt, bool mayWait, CancellationToken cancellationToken) =>
        store.RunAsync(
            peer,
            attempt.DataKeys,
            (store, attempt, mayWait),
            static (command, s) =>
            {
                s.attempt.Run(command);
                if (s.mayWait && s.attempt.Blocker is { } blocker)
                {
                    s.attempt.BeginWait(s.store, blocker);
                }
            },
            cancellationToken);

    private async ValueTask<ReleasedLock?> WaitAsync(Attempt attempt, TimeSpan left, CancellationToken cancellationToken)
    {
        var waiter = attempt.Waiter!; // Checked by the caller.
        try
        {
            return await store.Waits.WaitAsync(waiter, left > TimeSpan.Zero ? left : TimeSpan.Zero, cancellationToken);
        }
        finally
        {
            store.Deadlocks.Done(waiter.StartTs, waiter.LockTs, waiter.DataKey);
        }
    }

    /// <summary>One try to lock all keys of a request.</summary>
    private sealed class Attempt(PessimisticLockRequest request, byte[][] dataKeys)
    {
        internal byte[][] DataKeys => dataKeys;

        internal PessimisticLockResponse Response { get; } = new();

        /// <summary>The lock in the way; null when there is none.</summary>
        internal (byte[] DataKey, LockRecord Record)? Blocker { get; private set; }

        internal LockWaits.Waiter? Waiter { get; private set; }

        /// <summary>Whether the key is to be locked although it changed after the for-update timestamp. Only single keys can be.</summary>
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

        private void Put(TxnCommand command, byte[] dataKey, ulong forUpdateTs, bool withConflict) => command.PutLock(dataKey, new LockRecord
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
}
