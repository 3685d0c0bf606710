using Cloud.Codec;
using Cloud.Engine;
using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Storage.Regions;
using Cloud.Storage.Transactions;
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Cloud.Storage.Raw;

/// <summary>Reads of raw data, straight from the engine. Expired and deleted values are not there.</summary>
internal sealed class RawReads(LocalStore store)
{
    // PERF-CRITICAL: the point read.
    internal RawGetResponse Get(RawGetRequest request)
    {
        if (Prepare(request.Context, request.Key, request.Cf, out var peer, out var mode, out var dataKey, out var invalid) is { } refused)
        {
            return new RawGetResponse { RegionError = refused };
        }

        if (invalid is not null)
        {
            return new RawGetResponse { Error = invalid };
        }

        var value = Read(store.Engine, mode, dataKey, out _);
        Count(peer, 1, request.Key.Length + (value?.Length ?? 0));
        return new RawGetResponse { NotFound = value is null, Value = value ?? ByteString.Empty };
    }

    internal RawBatchGetResponse BatchGet(RawBatchGetRequest request)
    {
        if (store.Regions.Find(request.Context, out var peer) is { } refused)
        {
            return new RawBatchGetResponse { RegionError = refused };
        }

        var mode = RawMode.Of(request.Context);
        var response = new RawBatchGetResponse();
        long bytes = 0;
        foreach (var key in request.Keys)
        {
            if (mode.CheckKey(key, request.Cf, store.Limits.KeyBytesMax) is { } invalid)
            {
                response.Pairs.Add(new KvPair { Key = key, Error = KeyErrors.Abort(invalid) });
                continue;
            }

            var dataKey = mode.DataKeyOf(key.Span);
            if (peer.CheckKey(dataKey.AsSpan(1)) is { } outside)
            {
                return new RawBatchGetResponse { RegionError = outside };
            }

            if (Read(store.Engine, mode, dataKey, out _) is { } value)
            {
                response.Pairs.Add(new KvPair { Key = key, Value = value });
                bytes += key.Length + value.Length;
            }
        }

        Count(peer, request.Keys.Count, bytes);
        return response;
    }

    internal RawGetKeyTTLResponse GetTtl(RawGetKeyTTLRequest request)
    {
        if (Prepare(request.Context, request.Key, request.Cf, out var peer, out var mode, out var dataKey, out var invalid) is { } refused)
        {
            return new RawGetKeyTTLResponse { RegionError = refused };
        }

        if (invalid is not null)
        {
            return new RawGetKeyTTLResponse { Error = invalid };
        }

        var value = Read(store.Engine, mode, dataKey, out var expiresAt);
        Count(peer, 1, request.Key.Length);
        return value is null
            ? new RawGetKeyTTLResponse { NotFound = true }
            : new RawGetKeyTTLResponse { Ttl = expiresAt == 0 ? 0 : expiresAt - NowSeconds };
    }

    internal RawScanResponse Scan(RawScanRequest request)
    {
        if (store.Regions.Find(request.Context, out var peer) is { } refused)
        {
            return new RawScanResponse { RegionError = refused };
        }

        var response = new RawScanResponse();
        var range = new KeyRange { StartKey = request.StartKey, EndKey = request.EndKey };
        long bytes = 0;
        return ScanInto(peer, request.Context, range, request.Limit, request.KeyOnly, request.Reverse, response.Kvs, ref bytes) is { } error
            ? new RawScanResponse { RegionError = error }
            : response;
    }

    internal RawBatchScanResponse BatchScan(RawBatchScanRequest request)
    {
        if (store.Regions.Find(request.Context, out var peer) is { } refused)
        {
            return new RawBatchScanResponse { RegionError = refused };
        }

        var response = new RawBatchScanResponse();
        long bytes = 0; // Of all ranges: they share one answer.
        foreach (var range in request.Ranges)
        {
            if (ScanInto(peer, request.Context, range, request.EachLimit, request.KeyOnly, request.Reverse, response.Kvs, ref bytes) is { } outside)
            {
                return new RawBatchScanResponse { RegionError = outside };
            }
        }

        return response;
    }

    /// <summary>The xor of the CRC-64 of each key and value. Source: TiKV, <c>raw_checksum_ranges</c>.</summary>
    internal RawChecksumResponse Checksum(RawChecksumRequest request)
    {
        if (store.Regions.Find(request.Context, out var peer) is { } refused)
        {
            return new RawChecksumResponse { RegionError = refused };
        }

        var mode = RawMode.Of(request.Context);
        var response = new RawChecksumResponse();
        foreach (var range in request.Ranges)
        {
            var (lower, upper) = mode.RangeOf(peer, range.StartKey, range.EndKey, out var outside);
            if (outside is not null)
            {
                return new RawChecksumResponse { RegionError = outside };
            }

            using var cursor = new RawCursor(store.Engine, mode, lower, upper, reverse: false, NowSeconds);
            while (cursor.MoveNext())
            {
                var key = mode.UserKeyOf(cursor.DataKey);
                response.Checksum ^= Crc64.Append(Crc64.Compute(key.Span), cursor.Value);
                response.TotalKvs++;
                response.TotalBytes += (ulong)(key.Length + cursor.Value.Length);
            }
        }

        Count(peer, 2, (long)response.TotalBytes);
        return response;
    }

    /// <summary>The live value of a key, or null.</summary>
    internal ByteString? Read(IKvReader reader, RawMode mode, ReadOnlySpan<byte> dataKey, out ulong expiresAt)
    {
        expiresAt = 0;
        if (!mode.IsVersioned)
        {
            using var stored = reader.Get(mode.Family, dataKey);
            return stored.Exists ? Live(mode.Parse(stored.Span), out expiresAt) : null;
        }

        using var versions = reader.Iterate(mode.Family, default, default);
        return versions.Seek(dataKey)
            && versions.Key.Length == dataKey.Length + Tso.SuffixBytes
            && versions.Key[..dataKey.Length].SequenceEqual(dataKey)
            ? Live(mode.Parse(versions.Value), out expiresAt)
            : null;
    }

    internal ulong NowSeconds => (ulong)store.Time.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>
    /// The region, mode and physical key of a request for one key; a region error, or what is wrong with the key, or
    /// neither.
    /// </summary>
    internal Rpc.Proto.Errorpb.Error? Prepare(
        Context context, ByteString key, string family, out RegionPeer peer, out RawMode mode, out byte[] dataKey, out string? invalid)
    {
        mode = RawMode.Of(context);
        dataKey = [];
        invalid = null;
        var refused = store.Regions.Find(context, out var found);
        peer = found!; // Not looked at by a caller that gets an error.
        if (refused is not null)
        {
            return refused;
        }

        invalid = mode.CheckKey(key, family, store.Limits.KeyBytesMax);
        dataKey = mode.DataKeyOf(key.Span);
        return peer.CheckKey(dataKey.AsSpan(1));
    }

    private Rpc.Proto.Errorpb.Error? ScanInto(
        RegionPeer peer, Context context, KeyRange range, uint wanted, bool keyOnly, bool reverse, RepeatedField<KvPair> pairs, ref long bytes)
    {
        var mode = RawMode.Of(context);
        var (from, to) = reverse ? (range.EndKey, range.StartKey) : (range.StartKey, range.EndKey);
        var (lower, upper) = mode.RangeOf(peer, from, to, out var outside);
        if (outside is not null)
        {
            return outside;
        }

        var limit = pairs.Count + (long)wanted;
        var before = bytes;
        using var cursor = new RawCursor(store.Engine, mode, lower, upper, reverse, NowSeconds);
        while (pairs.Count < limit && cursor.MoveNext())
        {
            if (store.Limits.IsScanFull(pairs.Count, bytes))
            {
                return RegionErrors.AnswerTooLarge(peer.Id, bytes, pairs.Count);
            }

            var pair = new KvPair { Key = mode.UserKeyOf(cursor.DataKey) };
            if (!keyOnly)
            {
                pair.Value = ByteString.CopyFrom(cursor.Value);
            }

            bytes += pair.Key.Length + pair.Value.Length;
            pairs.Add(pair);
        }

        Count(peer, 2, bytes - before);
        return null;
    }

    private ByteString? Live(in RawValue value, out ulong expiresAt)
    {
        expiresAt = value.ExpiresAtSeconds;
        return (expiresAt == 0 && !value.IsDeleted) || value.ExistsAt(NowSeconds)
            ? ByteString.CopyFrom(value.UserValue)
            : null;
    }

    private void Count(RegionPeer peer, int keys, long bytes)
    {
        store.Counters.Read(keys, bytes);
        peer.Traffic.Read(keys, bytes);
    }
}
