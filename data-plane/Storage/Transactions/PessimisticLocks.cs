using Cloud.Codec;
using Cloud.Rpc.Proto.Errorpb;
using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Storage.Mvcc;
using Cloud.Storage.Regions;
using Google.Protobuf;
using Reason = Cloud.Rpc.Proto.Kvrpcpb.WriteConflict.Types.Reason;

namespace Cloud.Storage.Transactions;

/// <summary>
/// Locks taken before the commit, and the waits for them. A request locks all of its keys or none. Who finds another's
/// lock waits on the leader until it is released, then is told of a write conflict (and comes back with a newer
/// timestamp) or, when it asked to be locked in any case, tries again here.
/// Source: TiKV, <c>src/storage/txn/actions/acquire_pessimistic_lock.rs</c>, <c>src/server/lock_manager</c>.
/// </summary>
internal sealed class PessimisticLocks(LocalStore store, TxnWrites writes)
{
    internal async ValueTask<PessimisticLockResponse> LockAsync(
        PessimisticLockRequest request, CancellationToken cancellationToken)
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
            var attempt = new PessimisticAttempt(request, dataKeys);
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
        if (writes.Prepare(
            request.Context, request.Keys, out var peer, out var dataKeys, out var invalid) is { } refused)
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
    private ValueTask<Error?> TryAsync(
        RegionPeer peer, PessimisticAttempt attempt, bool mayWait, CancellationToken cancellationToken) =>
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

    private async ValueTask<ReleasedLock?> WaitAsync(
        PessimisticAttempt attempt, TimeSpan left, CancellationToken cancellationToken)
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
}
