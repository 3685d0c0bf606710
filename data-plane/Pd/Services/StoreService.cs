using Cloud.Pd.Cluster;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Metapb;
using Cloud.Rpc.Proto.Pdpb;
using Cloud.Rpc.Server;

namespace Cloud.Pd.Services;

/// <summary>Bootstrap, ids and stores.</summary>
internal sealed class StoreService(PdHeaders headers, ClusterState cluster, IdAllocator ids)
{
    /// <summary>Most ids in one call. Chosen here: a batch split of hundreds of regions with several peers each.</summary>
    private const uint IdsMax = 10_000;

    public void Register(RpcServices services) => services
        .Unary(PdMethods.IsBootstrapped, (request, _) =>
        {
            headers.Require(request.Header);
            return new(new IsBootstrappedResponse { Header = headers.Ok(), Bootstrapped = cluster.Bootstrapped });
        })
        .Unary(PdMethods.Bootstrap, async (request, context) =>
        {
            headers.Require(request.Header);
            var outcome = await cluster.BootstrapAsync(request.Store ?? new(), request.Region ?? new(), context.CancellationToken);
            return new BootstrapResponse { Header = headers.Of(outcome) };
        })
        .Unary(PdMethods.AllocId, AllocateAsync)
        .Unary(PdMethods.IsSnapshotRecovering, (request, _) =>
        {
            headers.Require(request.Header);
            return new(new IsSnapshotRecoveringResponse { Header = headers.Ok() });
        })
        .Unary(PdMethods.PutStore, async (request, context) =>
        {
            headers.Require(request.Header);
            var outcome = cluster.Bootstrapped
                ? await cluster.PutStoreAsync(request.Store ?? new(), context.CancellationToken)
                : PdFailures.NotBootstrapped;
            return new PutStoreResponse { Header = headers.Of(outcome) };
        })
        .Unary(PdMethods.GetStore, (request, _) => new(GetStore(request)))
        .Unary(PdMethods.GetAllStores, (request, _) => new(GetAllStores(request)))
        .Unary(PdMethods.StoreHeartbeat, (request, _) => new(Heartbeat(request)))
        .Unary(PdMethods.ReportMinResolvedTs, (request, _) =>
        {
            headers.Require(request.Header);
            return new(new ReportMinResolvedTsResponse { Header = headers.Ok() });
        });

    private async ValueTask<AllocIDResponse> AllocateAsync(AllocIDRequest request, RpcCallContext context)
    {
        headers.Require(request.Header);
        var count = Math.Max(request.Count, 1);
        return count > IdsMax
            ? new AllocIDResponse { Header = headers.Failed(PdFailures.Invalid($"at most {IdsMax} ids at a time, not {count}")) }
            : new AllocIDResponse
            {
                Header = headers.Ok(),
                Id = await ids.AllocateAsync(count, context.CancellationToken),
                Count = count,
            };
    }

    private GetStoreResponse GetStore(GetStoreRequest request)
    {
        headers.Require(request.Header);
        if (!cluster.Bootstrapped)
        {
            return new GetStoreResponse { Header = headers.Failed(PdFailures.NotBootstrapped) };
        }

        return cluster.FindStore(request.StoreId) is { } store
            ? new GetStoreResponse { Header = headers.Ok(), Store = store.ToResponse(), Stats = store.Stats }
            : new GetStoreResponse { Header = headers.Failed(PdFailures.StoreUnknown(request.StoreId)) };
    }

    private GetAllStoresResponse GetAllStores(GetAllStoresRequest request)
    {
        headers.Require(request.Header);
        if (!cluster.Bootstrapped)
        {
            return new GetAllStoresResponse { Header = headers.Failed(PdFailures.NotBootstrapped) };
        }

        var stores = cluster.Stores()
            .Where(store => !request.ExcludeTombstoneStores || store.Meta.State != StoreState.Tombstone)
            .Select(static store => store.ToResponse());
        return new GetAllStoresResponse { Header = headers.Ok(), Stores = { stores } };
    }

    private StoreHeartbeatResponse Heartbeat(StoreHeartbeatRequest request)
    {
        headers.Require(request.Header);
        if (!cluster.Bootstrapped)
        {
            return new StoreHeartbeatResponse { Header = headers.Failed(PdFailures.NotBootstrapped) };
        }

        var outcome = cluster.StoreHeartbeat(request.Stats ?? new());
        return outcome.TryGet(out var store, out var failure)
            ? new StoreHeartbeatResponse { Header = headers.Ok(), ClusterVersion = store.Meta.Version, State = store.Meta.NodeState }
            : new StoreHeartbeatResponse { Header = headers.Failed(failure) };
    }
}
