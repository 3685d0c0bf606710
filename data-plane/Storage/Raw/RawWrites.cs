using Cloud.Codec;
using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Storage.Placement;
using Cloud.Storage.Regions;
using Cloud.Storage.Replication;
using Google.Protobuf;
using Error = Cloud.Rpc.Proto.Errorpb.Error;

namespace Cloud.Storage.Raw;

/// <summary>
/// Writes of raw data. Each request is one command: all of its keys or none. Plain writes of a key take effect in the
/// order in which they reach the log; compare-and-swap is atomic with other requests that ask for it (<c>for_cas</c>),
/// as in TiKV.
/// </summary>
internal sealed class RawWrites(LocalStore store, RawReads reads, ITimestampSource timestamps)
{
    internal async ValueTask<RawPutResponse> PutAsync(RawPutRequest request, CancellationToken cancellationToken)
    {
        if (reads.Prepare(
            request.Context, request.Key, request.Cf, out var peer, out var mode, out var dataKey, out var invalid)
            is { } refused)
        {
            return new RawPutResponse { RegionError = refused };
        }

        invalid ??= CheckValue(mode, request.Value, request.Ttl);
        if (invalid is not null)
        {
            return new RawPutResponse { Error = invalid };
        }

        var version = await VersionAsync(mode, cancellationToken);
        var proposal = peer.Rent();
        Put(proposal.Command, mode, dataKey, version, request.Value, request.Ttl);
        var error = await WriteAsync(peer, proposal, request.ForCas, dataKey);
        return error is null ? Wrote(new RawPutResponse(), 1, request.Key.Length + request.Value.Length)
            : new RawPutResponse { RegionError = error };
    }

    internal async ValueTask<RawDeleteResponse> DeleteAsync(
        RawDeleteRequest request, CancellationToken cancellationToken)
    {
        if (reads.Prepare(
            request.Context, request.Key, request.Cf, out var peer, out var mode, out var dataKey, out var invalid)
            is { } refused)
        {
            return new RawDeleteResponse { RegionError = refused };
        }

        if (invalid is not null)
        {
            return new RawDeleteResponse { Error = invalid };
        }

        var version = await VersionAsync(mode, cancellationToken);
        var proposal = peer.Rent();
        Delete(proposal.Command, mode, dataKey, version);
        var error = await WriteAsync(peer, proposal, request.ForCas, dataKey);
        return error is null
            ? Wrote(new RawDeleteResponse(), 1, request.Key.Length)
            : new RawDeleteResponse { RegionError = error };
    }

    internal async ValueTask<RawBatchPutResponse> BatchPutAsync(
        RawBatchPutRequest request, CancellationToken cancellationToken)
    {
        if (store.Regions.Find(request.Context, out var peer) is { } refused)
        {
            return new RawBatchPutResponse { RegionError = refused };
        }

        var mode = RawMode.Of(request.Context);
        var dataKeys = new byte[request.Pairs.Count][];
        if (request.Ttls.Count > 1 && request.Ttls.Count != dataKeys.Length)
        {
            return new RawBatchPutResponse { Error = $"{request.Ttls.Count} TTLs were given for {dataKeys.Length} pairs: give none, one, or one each" };
        }

        long bytes = 0;
        for (var i = 0; i < dataKeys.Length; i++)
        {
            var pair = request.Pairs[i];
            if ((mode.CheckKey(pair.Key, request.Cf, store.Limits.KeyBytesMax)
                ?? CheckValue(mode, pair.Value, TtlOf(request, i)))
                is { } invalid)
            {
                return new RawBatchPutResponse { Error = invalid };
            }

            dataKeys[i] = mode.DataKeyOf(pair.Key.Span);
            bytes += pair.Key.Length + pair.Value.Length;
            if (peer.CheckKey(dataKeys[i].AsSpan(1)) is { } outside)
            {
                return new RawBatchPutResponse { RegionError = outside };
            }
        }

        var version = await VersionAsync(mode, cancellationToken);
        var proposal = peer.Rent();
        for (var i = 0; i < dataKeys.Length; i++)
        {
            Put(proposal.Command, mode, dataKeys[i], version, request.Pairs[i].Value, TtlOf(request, i));
        }

        var error = await WriteAsync(peer, proposal, request.ForCas, dataKeys);
        return error is null
            ? Wrote(new RawBatchPutResponse(), dataKeys.Length, bytes)
            : new RawBatchPutResponse { RegionError = error };
    }

    internal async ValueTask<RawBatchDeleteResponse> BatchDeleteAsync(
        RawBatchDeleteRequest request, CancellationToken cancellationToken)
    {
        if (store.Regions.Find(request.Context, out var peer) is { } refused)
        {
            return new RawBatchDeleteResponse { RegionError = refused };
        }

        var mode = RawMode.Of(request.Context);
        var dataKeys = new byte[request.Keys.Count][];
        long bytes = 0;
        for (var i = 0; i < dataKeys.Length; i++)
        {
            if (mode.CheckKey(request.Keys[i], request.Cf, store.Limits.KeyBytesMax) is { } invalid)
            {
                return new RawBatchDeleteResponse { Error = invalid };
            }

            dataKeys[i] = mode.DataKeyOf(request.Keys[i].Span);
            bytes += request.Keys[i].Length;
            if (peer.CheckKey(dataKeys[i].AsSpan(1)) is { } outside)
            {
                return new RawBatchDeleteResponse { RegionError = outside };
            }
        }

        var version = await VersionAsync(mode, cancellationToken);
        var proposal = peer.Rent();
        foreach (var dataKey in dataKeys)
        {
            Delete(proposal.Command, mode, dataKey, version);
        }

        var error = await WriteAsync(peer, proposal, request.ForCas, dataKeys);
        return error is null
            ? Wrote(new RawBatchDeleteResponse(), dataKeys.Length, bytes)
            : new RawBatchDeleteResponse { RegionError = error };
    }

    internal async ValueTask<RawDeleteRangeResponse> DeleteRangeAsync(
        RawDeleteRangeRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (store.Regions.Find(request.Context, out var peer) is { } refused)
        {
            return new RawDeleteRangeResponse { RegionError = refused };
        }

        var mode = RawMode.Of(request.Context);
        if (!request.StartKey.IsEmpty
            && mode.CheckKey(request.StartKey, request.Cf, store.Limits.KeyBytesMax) is { } invalid)
        {
            return new RawDeleteRangeResponse { Error = invalid };
        }

        var (lower, upper) = mode.RangeOf(peer, request.StartKey, request.EndKey, out var outside);
        if (outside is not null)
        {
            return new RawDeleteRangeResponse { RegionError = outside };
        }

        var proposal = peer.Rent();
        proposal.Command.DeleteRange(mode.Family, lower, upper);
        var error = await peer.ProposeAsync(proposal);
        return error is null
            ? Wrote(new RawDeleteRangeResponse(), 2, 0)
            : new RawDeleteRangeResponse { RegionError = error };
    }

    internal async ValueTask<RawCASResponse> CompareAndSwapAsync(
        RawCASRequest request, CancellationToken cancellationToken)
    {
        if (reads.Prepare(
            request.Context, request.Key, request.Cf, out var peer, out var mode, out var dataKey, out var invalid)
            is { } refused)
        {
            return new RawCASResponse { RegionError = refused };
        }

        invalid ??= CheckValue(mode, request.Value, request.Ttl);
        if (invalid is not null)
        {
            return new RawCASResponse { Error = invalid };
        }

        using var latch = await store.Latches.AcquireAsync([dataKey]);
        var previous = reads.Read(store.Engine, mode, dataKey, out _);
        var response = new RawCASResponse
        {
            PreviousNotExist = previous is null,
            PreviousValue = previous ?? ByteString.Empty,
            Succeed = previous is null
                ? request.PreviousNotExist
                : !request.PreviousNotExist && previous.Equals(request.PreviousValue),
        };
        if (!response.Succeed)
        {
            return response;
        }

        var version = await VersionAsync(mode, cancellationToken);
        var proposal = peer.Rent();
        if (request.Delete)
        {
            Delete(proposal.Command, mode, dataKey, version);
        }
        else
        {
            Put(proposal.Command, mode, dataKey, version, request.Value, request.Ttl);
        }

        var error = await peer.ProposeAsync(proposal);
        return error is null
            ? Wrote(response, 1, request.Key.Length + request.Value.Length)
            : new RawCASResponse { RegionError = error };
    }

    private static ulong TtlOf(RawBatchPutRequest request, int i) => request.Ttls.Count switch
    {
        0 => request.Ttl,
        1 => request.Ttls[0],
        _ => request.Ttls[i],
    };

    private static void Delete(WriteCommand command, RawMode mode, byte[] dataKey, ulong version)
    {
        if (mode.IsVersioned)
        {
            using var tombstone = new ByteBuffer(16);
            mode.Write(tombstone, new RawValue { IsDeleted = true });
            command.Put(mode.Family, DataKey.WithTimestamp(dataKey, version), tombstone.Written);
        }
        else
        {
            command.Delete(mode.Family, dataKey);
        }
    }

    private void Put(WriteCommand command, RawMode mode, byte[] dataKey, ulong version, ByteString value, ulong ttl)
    {
        if (!mode.HasTtl)
        {
            command.Put(mode.Family, dataKey, value.Span);
            return;
        }

        using var stored = new ByteBuffer(value.Length + 16);
        var expires = ttl == 0 ? 0 : reads.NowSeconds + ttl;
        mode.Write(stored, new RawValue { UserValue = value.Span, ExpiresAtSeconds = expires });
        command.Put(mode.Family, mode.IsVersioned ? DataKey.WithTimestamp(dataKey, version) : dataKey, stored.Written);
    }

    private string? CheckValue(RawMode mode, ByteString value, ulong ttl)
    {
        if (value.Length > store.Limits.ValueBytesMax)
        {
            return $"max value size exceeded, size: {value.Length}, limit: {store.Limits.ValueBytesMax}";
        }

        return ttl != 0 && !mode.HasTtl
            ? "ttl is not enabled: values of API V1 do not expire, use API V1TTL or V2"
            : null;
    }

    private ValueTask<ulong> VersionAsync(RawMode mode, CancellationToken cancellationToken) =>
        mode.IsVersioned ? timestamps.NextAsync(cancellationToken) : ValueTask.FromResult(0UL);

    private async ValueTask<Error?> WriteAsync(
        RegionPeer peer, Proposal proposal, bool atomic, params byte[][] dataKeys)
    {
        if (!atomic)
        {
            return await peer.ProposeAsync(proposal);
        }

        using var latch = await store.Latches.AcquireAsync(dataKeys);
        return await peer.ProposeAsync(proposal);
    }

    private TResponse Wrote<TResponse>(TResponse response, int keys, long bytes)
    {
        store.Counters.Wrote(keys, bytes);
        return response;
    }
}
