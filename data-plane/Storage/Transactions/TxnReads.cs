using Cloud.Codec;
using Cloud.Engine;
using Cloud.Rpc.Proto.Errorpb;
using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Storage.Mvcc;
using Cloud.Storage.Regions;
using Google.Protobuf;
using Reason = Cloud.Rpc.Proto.Kvrpcpb.WriteConflict.Types.Reason;

namespace Cloud.Storage.Transactions;

/// <summary>
/// Reads of committed versions at a timestamp. They wait for nothing and go through no queue: what was acknowledged is
/// in the engine, and the single voter leads for as long as it runs. Source: KV-PROTOCOL §1.7 for the rules of
/// visibility.
/// </summary>
internal sealed class TxnReads(LocalStore store)
{
    private const int StackKeyBytes = 512;

    // PERF-CRITICAL: the point read.
    internal GetResponse Get(GetRequest request)
    {
        if (store.Regions.Find(request.Context, out var peer) is { } refused)
        {
            return new GetResponse { RegionError = refused };
        }

        if (KeySpaces.Check(request.Context, request.Key, store.Limits.KeyBytesMax) is { } invalid)
        {
            return new GetResponse { Error = invalid };
        }

        var length = DataKey.EncodedLength(request.Key.Length);
        Span<byte> dataKey = length <= StackKeyBytes ? stackalloc byte[length] : new byte[length];
        DataKey.Encode(KeySpaces.PrefixOf(request.Context), request.Key.Span, dataKey);
        if (peer.CheckKey(KeySpaces.RegionKey(dataKey)) is { } outside)
        {
            return new GetResponse { RegionError = outside };
        }

        var view = ReadView.Of(request.Context, request.Version);
        store.Locks.Observe(view.Timestamp);
        var response = new GetResponse();
        using var reader = new MvccReader(store.Engine);
        var value = Read(reader, dataKey, view, out var commitTs, out var error);
        if (error is not null)
        {
            response.Error = error;
            return response;
        }

        Count(peer, 1, request.Key.Length + (value?.Length ?? 0));
        response.NotFound = value is null;
        response.Value = value ?? ByteString.Empty;
        response.CommitTs = request.NeedCommitTs && value is not null ? commitTs : 0;
        return response;
    }

    internal BatchGetResponse BatchGet(BatchGetRequest request)
    {
        if (store.Regions.Find(request.Context, out var peer) is { } refused)
        {
            return new BatchGetResponse { RegionError = refused };
        }

        var view = ReadView.Of(request.Context, request.Version);
        store.Locks.Observe(view.Timestamp);
        var response = new BatchGetResponse();
        using var snapshot = store.Engine.CreateSnapshot();
        using var reader = new MvccReader(snapshot);
        long bytes = 0;
        foreach (var key in request.Keys)
        {
            if (KeySpaces.Check(request.Context, key, store.Limits.KeyBytesMax) is { } invalid)
            {
                return new BatchGetResponse { Error = invalid };
            }

            var dataKey = KeySpaces.DataKeyOf(request.Context, key);
            if (peer.CheckKey(KeySpaces.RegionKey(dataKey)) is { } outside)
            {
                return new BatchGetResponse { RegionError = outside };
            }

            var value = Read(reader, dataKey, view, out var commitTs, out var error);
            if (error is not null)
            {
                response.Pairs.Add(new KvPair { Key = key, Error = error });
                continue;
            }

            bytes += key.Length + (value?.Length ?? 0);
            if (value is not null)
            {
                response.Pairs.Add(new KvPair { Key = key, Value = value, CommitTs = request.NeedCommitTs ? commitTs : 0 });
            }
        }

        Count(peer, request.Keys.Count, bytes);
        return response;
    }

    internal ScanResponse Scan(ScanRequest request)
    {
        if (store.Regions.Find(request.Context, out var peer) is { } refused)
        {
            return new ScanResponse { RegionError = refused };
        }

        // In reverse the start is the exclusive upper bound and the end the inclusive lower one.
        var (from, to) = request.Reverse ? (request.EndKey, request.StartKey) : (request.StartKey, request.EndKey);
        var (lower, upper) = Clamp(peer, request.Context, from, to, out var outside);
        if (outside is not null)
        {
            return new ScanResponse { RegionError = outside };
        }

        var view = ReadView.Of(request.Context, request.Version);
        store.Locks.Observe(view.Timestamp);
        if (store.Locks.FirstBlocking(lower, upper, view) is { } blocking)
        {
            return new ScanResponse { Error = KeyErrors.Locked(blocking.DataKey, blocking.Record) };
        }

        var response = new ScanResponse();
        using var scanner = new MvccScanner(store.Engine, store.PersistedLocks, view, lower, upper, request.Reverse, request.KeyOnly);
        var step = Math.Max(request.SampleStep, 1);
        long bytes = 0;
        for (uint visited = 0;
             (uint)response.Pairs.Count < request.Limit && scanner.MoveNext();
             visited++)
        {
            if (scanner.Blocker is null && scanner.NewerCommit == 0 && visited % step != 0)
            {
                continue;
            }

            if (store.Limits.IsScanFull(response.Pairs.Count, bytes))
            {
                return new ScanResponse { RegionError = RegionErrors.AnswerTooLarge(peer.Id, bytes, response.Pairs.Count) };
            }

            var pair = ToPair(scanner, view, request.KeyOnly);
            bytes += pair.Key.Length + pair.Value.Length;
            response.Pairs.Add(pair);
        }

        Count(peer, Math.Max(response.Pairs.Count, 2), bytes);
        return response;
    }

    /// <summary>Lists locks of transactions that began at or before a timestamp, for garbage collection.</summary>
    internal ScanLockResponse ScanLock(ScanLockRequest request)
    {
        if (store.Regions.Find(request.Context, out var peer) is { } refused)
        {
            return new ScanLockResponse { RegionError = refused };
        }

        var (lower, upper) = Clamp(peer, request.Context, request.StartKey, request.EndKey, out var outside);
        if (outside is not null)
        {
            return new ScanLockResponse { RegionError = outside };
        }

        // Locks that are laid from now on by transactions that choose their timestamp here begin above it.
        store.Locks.Observe(request.MaxVersion);
        var view = new ReadView(request.MaxVersion, IsolationLevel.Si, [], []);
        if (store.Locks.FirstBlocking(lower, upper, view) is { } blocking)
        {
            return new ScanLockResponse { Error = KeyErrors.Locked(blocking.DataKey, blocking.Record) };
        }

        var response = new ScanLockResponse();
        using var iterator = store.Engine.Iterate(ColumnFamily.Lock, lower, upper);
        var limit = request.Limit == 0
            ? store.Limits.ScanLimitMax
            : (int)Math.Min(request.Limit, (uint)store.Limits.ScanLimitMax);
        for (var valid = iterator.SeekToFirst(); valid && response.Locks.Count < limit; valid = iterator.Next())
        {
            var record = LockRecord.Parse(iterator.Value);
            if (record.StartTimestamp <= request.MaxVersion)
            {
                response.Locks.Add(KeyErrors.ToLockInfo(iterator.Key, record));
            }
        }

        return response;
    }

    /// <summary>A range that ends with the region, when the request leaves its end open or asks beyond.</summary>
    internal static (byte[] Lower, byte[] Upper) Clamp(
        RegionPeer peer, Context context, ByteString start, ByteString end, out Error? outside)
    {
        var (lower, upper) = KeySpaces.RangeOf(context, start, end);
        var region = peer.Region;
        outside = start.IsEmpty ? null : peer.CheckKey(KeySpaces.RegionKey(lower));
        if (start.IsEmpty && !region.StartKey.IsEmpty)
        {
            lower = [lower[0], .. region.StartKey.Span];
        }

        if (!region.EndKey.IsEmpty)
        {
            byte[] regionEnd = [KeySpaces.PrefixOf(context), .. region.EndKey.Span];
            upper = upper.AsSpan().SequenceCompareTo(regionEnd) < 0 ? upper : regionEnd;
        }

        return (lower, upper);
    }

    private static KvPair ToPair(MvccScanner scanner, in ReadView view, bool keyOnly)
    {
        if (scanner.Blocker is not null)
        {
            return new KvPair { Error = KeyErrors.Locked(scanner.Key, scanner.Blocker) };
        }

        if (scanner.NewerCommit != 0)
        {
            return new KvPair { Error = NewerVersion(scanner.Key, view, scanner.NewerCommit) };
        }

        var pair = new KvPair { Key = KeyErrors.UserKey(scanner.Key) };
        if (!keyOnly)
        {
            pair.Value = scanner.Value;
        }

        return pair;
    }

    private static KeyError NewerVersion(ReadOnlySpan<byte> dataKey, in ReadView view, ulong commitTs) =>
        KeyErrors.Conflict(view.Timestamp, 0, commitTs, dataKey, ByteString.Empty, Reason.RcCheckTs);

    private ByteString? Read(
        MvccReader reader, ReadOnlySpan<byte> dataKey, in ReadView view, out ulong commitTs, out KeyError? error)
    {
        error = null;
        commitTs = 0;
        var record = store.Locks.Get(dataKey);
        if (record is null || view.EffectOf(record, dataKey) == LockEffect.None)
        {
            record = reader.LoadLock(dataKey);
        }

        if (record is not null)
        {
            switch (view.EffectOf(record, dataKey))
            {
                case LockEffect.Blocks:
                    error = KeyErrors.Locked(dataKey, record);
                    return null;
                case LockEffect.ReadThrough when record.Kind == LockKind.Put:
                    return record.ShortValue is { } inline
                        ? ByteString.CopyFrom(inline)
                        : reader.LongValue(dataKey, record.StartTimestamp);
                case LockEffect.ReadThrough when record.Kind == LockKind.Delete:
                    return null;
            }
        }

        if (view.Isolation == IsolationLevel.RcCheckTs && IsNewer(reader, dataKey, view, out var newer))
        {
            error = NewerVersion(dataKey, view, newer);
            return null;
        }

        return reader.Get(dataKey, view.Timestamp, out commitTs);
    }

    private static bool IsNewer(MvccReader reader, ReadOnlySpan<byte> dataKey, in ReadView view, out ulong commitTs)
    {
        for (var valid = reader.SeekWrite(dataKey, Tso.Max, out commitTs); valid && commitTs > view.Timestamp;
             valid = reader.NextWrite(dataKey, out commitTs))
        {
            if (reader.CurrentWrite.Kind is WriteKind.Put or WriteKind.Delete)
            {
                return true;
            }
        }

        return false;
    }

    private void Count(RegionPeer peer, int keys, long bytes)
    {
        store.Counters.Read(keys, bytes);
        peer.Traffic.Read(keys, bytes);
    }
}
