using Cloud.Codec;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Metapb;
using Cloud.Rpc.Proto.Pdpb;
using Cloud.Rpc.Server;
using MetaRegion = Cloud.Rpc.Proto.Metapb.Region;
using MetaStore = Cloud.Rpc.Proto.Metapb.Store;

namespace Cloud.DataPlane.Tests.Storage;

/// <summary>A placement driver in memory: just what a store asks for.</summary>
internal sealed class FakePd
{
    private readonly Lock _gate = new();
    private ulong _lastId = 100;
    private ulong _lastTimestamp = Tso.Compose(1_700_000_000_000, 0);

    internal FakePd()
    {
        Services
            .Unary(PdMethods.AllocId, (request, _) => Answer(() =>
            {
                _lastId += Math.Max(request.Count, 1);
                return new AllocIDResponse { Id = _lastId, Count = Math.Max(request.Count, 1) };
            }))
            .Unary(
                PdMethods.IsBootstrapped,
                (_, _) => Answer(() => new IsBootstrappedResponse { Bootstrapped = Region is not null }))
            .Unary(PdMethods.Bootstrap, (request, _) => Answer(() =>
            {
                if (Region is not null)
                {
                    return new BootstrapResponse
                    {
                        Header = new ResponseHeader { Error = new Error { Type = ErrorType.AlreadyBootstrapped, Message = "before" } },
                    };
                }

                Region = request.Region;
                return new BootstrapResponse();
            }))
            .Unary(PdMethods.PutStore, (request, _) => Answer(() =>
            {
                Store = request.Store;
                return new PutStoreResponse();
            }))
            .Unary(PdMethods.StoreHeartbeat, (_, _) => Answer(() =>
            {
                StoreHeartbeats++;
                return new StoreHeartbeatResponse();
            }))
            .Unary(PdMethods.GetRegion, (_, _) => Answer(() => new GetRegionResponse { Region = Region }))
            .Unary(
                PdMethods.GetGcSafePoint, (_, _) => Answer(() => new GetGCSafePointResponse { SafePoint = SafePoint }))
            .Duplex(PdMethods.RegionHeartbeat, async (requests, _, context) =>
            {
                while (await requests.ReadAsync(context.CancellationToken) is not null)
                {
                    RegionHeartbeats++;
                }
            })
            .Duplex(PdMethods.Tso, async (requests, responses, context) =>
            {
                while (await requests.ReadAsync(context.CancellationToken) is { } request)
                {
                    var last = NextTimestamp(request.Count);
                    await responses.WriteAsync(
                        new TsoResponse
                        {
                            Count = request.Count,
                            Timestamp = new Timestamp { Physical = Tso.PhysicalMs(last), Logical = Tso.Logical(last) },
                        },
                        context.CancellationToken);
                }
            });
    }

    internal RpcServices Services { get; } = new();

    internal MetaRegion? Region { get; set; }

    internal MetaStore? Store { get; private set; }

    internal int StoreHeartbeats { get; private set; }

    internal int RegionHeartbeats { get; private set; }

    internal ulong SafePoint { get; set; }

    internal ulong NextTimestamp(uint count = 1)
    {
        lock (_gate)
        {
            return _lastTimestamp += count;
        }
    }

    /// <summary>Lets time pass up to a timestamp.</summary>
    internal void Advance(ulong timestamp)
    {
        lock (_gate)
        {
            _lastTimestamp = Math.Max(_lastTimestamp, timestamp);
        }
    }

    private ValueTask<T> Answer<T>(Func<T> answer)
    {
        lock (_gate)
        {
            return ValueTask.FromResult(answer());
        }
    }
}
