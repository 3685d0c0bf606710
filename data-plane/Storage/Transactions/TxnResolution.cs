using Cloud.Codec;
using Cloud.Engine;
using Cloud.Rpc.Proto.Errorpb;
using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Storage.Mvcc;
using Cloud.Storage.Regions;
using Google.Protobuf;

namespace Cloud.Storage.Transactions;

/// <summary>
/// What others ask when they meet a transaction's locks: is it alive, committed, or to be rolled back; and the
/// resolution of its locks.
/// Source: TiKV,
/// <c>src/storage/txn/commands/{check_txn_status,check_secondary_locks,resolve_lock,resolve_lock_lite}.rs</c>.
/// </summary>
internal sealed class TxnResolution(LocalStore store, TxnWrites writes)
{
    private const int ResolveBatch = 256;

    internal async ValueTask<CheckTxnStatusResponse> CheckAsync(
        CheckTxnStatusRequest request, CancellationToken cancellationToken)
    {
        if (writes.Prepare(
            request.Context, [request.PrimaryKey], out var peer, out var dataKeys, out var invalid) is { } refused)
        {
            return new CheckTxnStatusResponse { RegionError = refused };
        }

        var response = new CheckTxnStatusResponse { Error = invalid };
        if (invalid is not null)
        {
            return response;
        }

        // What the caller concludes must not be overturned by a commit timestamp chosen later.
        store.Locks.Observe(request.LockTs);
        store.Locks.Observe(request.CurrentTs);
        store.Locks.Observe(request.CallerStartTs);
        var error = await store.RunAsync(
            peer,
            dataKeys,
            (request, dataKeys, response),
            static (command, s) => TxnStatusCheck.Run(command, s.request, s.dataKeys[0], s.response),
            cancellationToken);
        return error is null ? response : new CheckTxnStatusResponse { RegionError = error };
    }

    internal async ValueTask<CheckSecondaryLocksResponse> CheckSecondariesAsync(
        CheckSecondaryLocksRequest request, CancellationToken cancellationToken)
    {
        if (writes.Prepare(
            request.Context, request.Keys, out var peer, out var dataKeys, out var invalid) is { } refused)
        {
            return new CheckSecondaryLocksResponse { RegionError = refused };
        }

        var response = new CheckSecondaryLocksResponse { Error = invalid };
        if (invalid is not null)
        {
            return response;
        }

        store.Locks.Observe(request.StartVersion);
        var error = await store.RunAsync(
            peer,
            dataKeys,
            (request, dataKeys, response),
            static (command, s) =>
            {
                foreach (var dataKey in s.dataKeys)
                {
                    if (!CheckSecondary(command, dataKey, s.request.StartVersion, s.response))
                    {
                        s.response.Locks.Clear();
                        break;
                    }
                }
            },
            cancellationToken);
        return error is null ? response : new CheckSecondaryLocksResponse { RegionError = error };
    }

    internal async ValueTask<ResolveLockResponse> ResolveAsync(
        ResolveLockRequest request, CancellationToken cancellationToken)
    {
        if (writes.Prepare(
            request.Context, request.Keys, out var peer, out var dataKeys, out var invalid) is { } refused)
        {
            return new ResolveLockResponse { RegionError = refused };
        }

        if (invalid is not null)
        {
            return new ResolveLockResponse { Error = invalid };
        }

        var fates = new Dictionary<ulong, ulong>();
        if (request.StartVersion != 0)
        {
            fates[request.StartVersion] = request.CommitVersion;
        }

        foreach (var txn in request.TxnInfos)
        {
            fates[txn.Txn] = txn.Status;
        }

        foreach (var (start, commit) in fates)
        {
            if (commit != 0 && commit <= start)
            {
                return new ResolveLockResponse { Error = KeyErrors.InvalidTimestamps(start, commit) };
            }
        }

        return dataKeys.Length > 0
            ? await ResolveKeysAsync(peer, dataKeys, fates, onlyLocked: false, cancellationToken)
            : await ResolveRegionAsync(request.Context, peer, fates, cancellationToken);
    }

    /// <summary>False when the transaction's fate is decided, by this or an earlier request.</summary>
    private static bool CheckSecondary(
        TxnCommand command, byte[] dataKey, ulong startTs, CheckSecondaryLocksResponse response)
    {
        var record = command.Reader.LoadLock(dataKey);
        if (record is not null && record.StartTimestamp == startTs && !record.IsPessimistic)
        {
            response.Locks.Add(KeyErrors.ToLockInfo(dataKey, record));
            return true;
        }

        var found = command.Reader.FindCommitRecord(dataKey, startTs);
        if (found.Fate == Fate.Committed)
        {
            response.CommitTs = found.CommitTimestamp;
            return false;
        }

        response.CommitTs = 0;
        if (record is not null && record.StartTimestamp == startTs)
        {
            command.Unlock(dataKey, record, 0);
            record = null;
        }

        if (found.Fate == Fate.Unknown)
        {
            // Protected, so that no prewrite that is still under way can succeed.
            if (record is not null && found.OverlappedWrite is null)
            {
                Finish.MarkOnOther(command, dataKey, startTs, record);
            }

            Finish.WriteRollback(command, dataKey, startTs, isProtected: true, found);
            Finish.CollapsePrevious(command, dataKey, startTs);
        }

        return false;
    }

    private async ValueTask<ResolveLockResponse> ResolveRegionAsync(
        Context context, RegionPeer peer, Dictionary<ulong, ulong> fates, CancellationToken cancellationToken)
    {
        var (next, upper) = TxnReads.Clamp(peer, context, ByteString.Empty, ByteString.Empty, out _);
        while (true)
        {
            var keys = FindLocks(next, upper, fates);
            if (keys.Count == 0)
            {
                return new ResolveLockResponse();
            }

            var response = await ResolveKeysAsync(peer, [.. keys], fates, onlyLocked: true, cancellationToken);
            if (response.RegionError is not null || response.Error is not null)
            {
                return response;
            }

            next = [.. keys[^1], 0];
        }
    }

    private List<byte[]> FindLocks(byte[] lower, byte[] upper, Dictionary<ulong, ulong> fates)
    {
        var keys = new List<byte[]>();
        using var iterator = store.Engine.Iterate(ColumnFamily.Lock, lower, upper);
        for (var valid = iterator.SeekToFirst(); valid && keys.Count < ResolveBatch; valid = iterator.Next())
        {
            if (fates.ContainsKey(LockRecord.Parse(iterator.Value).StartTimestamp))
            {
                keys.Add(iterator.Key.ToArray());
            }
        }

        return keys;
    }

    private async ValueTask<ResolveLockResponse> ResolveKeysAsync(
        RegionPeer peer, byte[][] dataKeys, Dictionary<ulong, ulong> fates, bool onlyLocked, CancellationToken cancellationToken)
    {
        var response = new ResolveLockResponse();
        var error = await store.RunAsync(
            peer,
            dataKeys,
            (dataKeys, fates, onlyLocked, response),
            static (command, s) =>
            {
                foreach (var dataKey in s.dataKeys)
                {
                    foreach (var (startTs, commitTs) in s.fates)
                    {
                        if (s.onlyLocked && command.Reader.LoadLock(dataKey)?.StartTimestamp != startTs)
                        {
                            continue;
                        }

                        var failed = commitTs != 0
                            ? Finish.Commit(command, dataKey, startTs, commitTs)
                            : Finish.Rollback(command, dataKey, startTs, 0, isProtected: false, out _);
                        if (failed is not null)
                        {
                            s.response.Error = failed;
                            command.Reset();
                            return;
                        }
                    }
                }
            },
            cancellationToken);
        return error is null ? response : new ResolveLockResponse { RegionError = error };
    }
}
