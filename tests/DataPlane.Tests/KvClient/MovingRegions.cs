using Cloud.Codec;
using Cloud.DataPlane.Tests.Pd;
using Cloud.Kernel;
using Cloud.Rpc.Client;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Errorpb;
using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Rpc.Proto.Metapb;
using Cloud.Rpc.Proto.Pdpb;
using Cloud.Rpc.Server;
using Error = Cloud.Rpc.Proto.Errorpb.Error;
using Region = Cloud.Rpc.Proto.Metapb.Region;

namespace Cloud.DataPlane.Tests.KvClient;

/// <summary>
/// Two stores in process whose regions split and whose leaders move, over one map of keys: a twin of storage that does nothing but check
/// requests as storage does, and refuse some for no reason. PD learns of changes when a test says so.
/// </summary>
internal sealed class MovingRegions
{
    private readonly Lock _gate = new();
    private readonly SeededRandom _random;
    private readonly PdFixture _pd;
    private readonly List<(Region Meta, Peer Leader)> _regions = [];
    private readonly SortedDictionary<byte[], byte[]> _pairs = new(Comparer<byte[]>.Create(static (a, b) => a.AsSpan().SequenceCompareTo(b)));

    private MovingRegions(PdFixture pd, SeededRandom random)
    {
        _pd = pd;
        _random = random;
    }

    /// <summary>Errors answered, by kind.</summary>
    public Dictionary<string, int> Refusals { get; } = [];

    public static async Task<MovingRegions> StartAsync(PdFixture pd, InProcessRpcChannels channels, SeededRandom random)
    {
        var twin = new MovingRegions(pd, random);
        var region = new Region
        {
            Id = 2,
            RegionEpoch = new RegionEpoch { ConfVer = 1, Version = 1 },
            Peers = { new Peer { Id = 3, StoreId = 1 } },
        };
        await pd.CallAsync(PdMethods.Bootstrap, new BootstrapRequest
        {
            Header = PdFixture.Header, Store = new Store { Id = 1, Address = "store-1" }, Region = region,
        });
        await pd.CallAsync(PdMethods.PutStore, new PutStoreRequest { Header = PdFixture.Header, Store = new Store { Id = 2, Address = "store-2" } });
        region = region.Clone();
        region.RegionEpoch.ConfVer = 2;
        region.Peers.Add(new Peer { Id = 4, StoreId = 2 });
        twin._regions.Add((region, region.Peers[0]));
        foreach (var store in (ulong[])[1, 2])
        {
            channels.Add($"store-{store}", twin.Services(store));
        }

        await twin.ReportAsync();
        return twin;
    }

    /// <summary>Splits the region of a region key there, unless it begins there.</summary>
    public void Split(byte[] regionKey, ulong newId)
    {
        lock (_gate)
        {
            var at = _regions.FindIndex(region => Contains(region.Meta, regionKey));
            var (meta, leader) = _regions[at];
            if (meta.StartKey.Span.SequenceEqual(regionKey))
            {
                return;
            }

            var (left, right) = (meta.Clone(), meta.Clone());
            left.RegionEpoch.Version = right.RegionEpoch.Version = meta.RegionEpoch.Version + 1;
            left.EndKey = right.StartKey = Google.Protobuf.ByteString.CopyFrom(regionKey);
            (right.Id, right.Peers[0].Id, right.Peers[1].Id) = (newId, newId + 1, newId + 2);
            _regions[at] = (left, left.Peers.First(peer => peer.StoreId == leader.StoreId));
            _regions.Insert(at + 1, (right, right.Peers.First(peer => peer.StoreId == leader.StoreId)));
        }
    }

    /// <summary>Gives some region another leader.</summary>
    public void MoveLeader()
    {
        lock (_gate)
        {
            var at = _random.Next(_regions.Count);
            var (meta, leader) = _regions[at];
            _regions[at] = (meta, meta.Peers.First(peer => peer.StoreId != leader.StoreId));
        }
    }

    /// <summary>Tells PD everything.</summary>
    public async Task ReportAsync()
    {
        List<(Region Meta, Peer Leader)> regions;
        lock (_gate)
        {
            regions = [.. _regions];
        }

        await using var beats = _pd.Channel.OpenDuplex(PdMethods.RegionHeartbeat, CancellationToken.None);
        foreach (var (meta, leader) in regions)
        {
            await beats.WriteAsync(
                new RegionHeartbeatRequest { Header = PdFixture.Header, Region = meta, Leader = leader }, CancellationToken.None);
        }

        await beats.CompleteAsync(CancellationToken.None);
        await beats.ReadAsync(CancellationToken.None);
    }

    private static bool Contains(Region region, ReadOnlySpan<byte> key) =>
        region.StartKey.Span.SequenceCompareTo(key) <= 0 && (region.EndKey.IsEmpty || key.SequenceCompareTo(region.EndKey.Span) < 0);

    private static Error? Refuse(string message, Action<Error> set)
    {
        var error = new Error { Message = message };
        set(error);
        return error;
    }

    private RpcServices Services(ulong store) => new RpcServices()
        .Unary(TikvMethods.RawPut, (request, _) => new(Guarded(store, request.Context, [request.Key.ToByteArray()], error => new RawPutResponse { RegionError = error }, () =>
        {
            _pairs[request.Key.ToByteArray()] = request.Value.ToByteArray();
            return new RawPutResponse();
        })))
        .Unary(TikvMethods.RawGet, (request, _) => new(Guarded(store, request.Context, [request.Key.ToByteArray()], error => new RawGetResponse { RegionError = error }, () =>
            _pairs.TryGetValue(request.Key.ToByteArray(), out var value)
                ? new RawGetResponse { Value = Google.Protobuf.ByteString.CopyFrom(value) }
                : new RawGetResponse { NotFound = true })))
        .Unary(TikvMethods.RawBatchPut, (request, _) => new(Guarded(
            store, request.Context, request.Pairs.Select(pair => pair.Key.ToByteArray()), error => new RawBatchPutResponse { RegionError = error }, () =>
            {
                foreach (var pair in request.Pairs)
                {
                    _pairs[pair.Key.ToByteArray()] = pair.Value.ToByteArray();
                }

                return new RawBatchPutResponse();
            })))
        .Unary(TikvMethods.RawDeleteRange, (request, _) => new(Guarded(
            store, request.Context, [request.StartKey.ToByteArray()], error => new RawDeleteRangeResponse { RegionError = error }, () =>
            {
                foreach (var key in InRange(RegionOf(request.Context), request.StartKey.Span, request.EndKey.Span, static key => key))
                {
                    _pairs.Remove(key);
                }

                return new RawDeleteRangeResponse();
            })))
        .Unary(TikvMethods.RawScan, (request, _) => new(Guarded(
            store, request.Context, request.Reverse ? [] : [request.StartKey.ToByteArray()], error => new RawScanResponse { RegionError = error }, () =>
            new RawScanResponse { Kvs = { Scan(request.Context, request.StartKey.Span, request.EndKey.Span, request.Limit, request.Reverse, static key => key) } })))
        .Unary(TikvMethods.KvScan, (request, _) => new(Guarded(
            store, request.Context, request.Reverse ? [] : [MemComparable.Encode(request.StartKey.Span)], error => new ScanResponse { RegionError = error }, () =>
            new ScanResponse { Pairs = { Scan(request.Context, request.StartKey.Span, request.EndKey.Span, request.Limit, request.Reverse, static key => MemComparable.Encode(key)) } })));

    private Region RegionOf(Context context) => _regions.Find(region => region.Meta.Id == context.RegionId).Meta;

    /// <summary>Checks a request as storage does, and refuses some that are right.</summary>
    private TResponse Guarded<TResponse>(
        ulong store, Context context, IEnumerable<byte[]> regionKeys, Func<Error, TResponse> refuse, Func<TResponse> serve)
    {
        lock (_gate)
        {
            if (Check(store, context, regionKeys) is { } error)
            {
                var kind = string.Join(' ', Error.Descriptor.Fields.InFieldNumberOrder()
                    .Where(field => field.FieldType == Google.Protobuf.Reflection.FieldType.Message && field.Accessor.GetValue(error) is not null).Select(field => field.Name));
                Refusals[kind] = Refusals.GetValueOrDefault(kind) + 1;
                return refuse(error);
            }

            return serve();
        }
    }

    private Error? Check(ulong store, Context context, IEnumerable<byte[]> regionKeys)
    {
        if (context.Peer.StoreId != store)
        {
            return Refuse("store", error => error.StoreNotMatch = new StoreNotMatch { RequestStoreId = context.Peer.StoreId, ActualStoreId = store });
        }

        switch (_random.Next(100))
        {
            case 0: return Refuse("busy", static error => error.ServerIsBusy = new ServerIsBusy { Reason = "test", BackoffMs = 1 });
            case 1: return Refuse("stale", static error => error.StaleCommand = new StaleCommand());
            case 2: return Refuse("no region", error => error.RegionNotFound = new RegionNotFound { RegionId = context.RegionId });
            case 3: return Refuse("merging", static error => error.ProposalInMergingMode = new ProposalInMergingMode());
            case 4: return Refuse("something new", static _ => { });
        }

        var (meta, leader) = _regions.Find(region => region.Meta.Id == context.RegionId);
        if (meta is null)
        {
            return Refuse("no region", error => error.RegionNotFound = new RegionNotFound { RegionId = context.RegionId });
        }

        if (leader.StoreId != store)
        {
            var known = _random.Chance(0.7);
            return Refuse("not leader", error => error.NotLeader = new NotLeader { RegionId = meta.Id, Leader = known ? leader : null });
        }

        if (!meta.RegionEpoch.Equals(context.RegionEpoch))
        {
            var tells = _random.Chance(0.7);
            return Refuse("epoch", error => error.EpochNotMatch = new EpochNotMatch { CurrentRegions = { tells ? _regions.Select(region => region.Meta) : [] } });
        }

        return regionKeys.All(key => Contains(meta, key))
            ? null
            : Refuse("key", error => error.KeyNotInRegion = new KeyNotInRegion { RegionId = meta.Id, StartKey = meta.StartKey, EndKey = meta.EndKey });
    }

    private List<byte[]> InRange(Region region, ReadOnlySpan<byte> low, ReadOnlySpan<byte> high, Func<byte[], byte[]> regionKey)
    {
        var found = new List<byte[]>();
        foreach (var key in _pairs.Keys)
        {
            if (Contains(region, regionKey(key)) && key.AsSpan().SequenceCompareTo(low) >= 0 && (high.IsEmpty || key.AsSpan().SequenceCompareTo(high) < 0))
            {
                found.Add(key);
            }
        }

        return found;
    }

    private List<KvPair> Scan(
        Context context, ReadOnlySpan<byte> start, ReadOnlySpan<byte> end, uint limit, bool reverse, Func<byte[], byte[]> regionKey)
    {
        var keys = reverse ? InRange(RegionOf(context), end, start, regionKey) : InRange(RegionOf(context), start, end, regionKey);
        if (reverse)
        {
            keys.Reverse();
        }

        return keys.Take((int)limit).Select(key => new KvPair
        {
            Key = Google.Protobuf.ByteString.CopyFrom(key), Value = Google.Protobuf.ByteString.CopyFrom(_pairs[key]),
        }).ToList();
    }
}
