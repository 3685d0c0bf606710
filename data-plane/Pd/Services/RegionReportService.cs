using Cloud.Pd.Cluster;
using Cloud.Rpc;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Pdpb;
using Cloud.Rpc.Server;
using Microsoft.Extensions.Logging;

namespace Cloud.Pd.Services;

/// <summary>What storage reports about regions, and the ids it needs to split them.</summary>
internal sealed partial class RegionReportService(PdHeaders headers, ClusterState cluster, IdAllocator ids, ILogger logger)
{
    /// <summary>Most new regions of one split. Source: TiKV splits at most 10 at a time; chosen wider.</summary>
    private const uint SplitMax = 1024;

    private const ulong BytesPerMiB = 1024 * 1024;

    public void Register(RpcServices services) => services
        .Duplex(PdMethods.RegionHeartbeat, HeartbeatAsync)
        .Unary(PdMethods.AskBatchSplit, AskSplitAsync)
        .Unary(PdMethods.ReportBatchSplit, ReportSplitAsync)
        .Unary(PdMethods.ScatterRegion, (request, _) =>
        {
            // With nothing to spread over, regions lie where they should: the answer a client waits for.
            headers.Require(request.Header);
            return new(new ScatterRegionResponse { Header = headers.Ok(), FinishedPercentage = 100 });
        })
        .Unary(PdMethods.GetOperator, (request, _) =>
        {
            headers.Require(request.Header);
            return new(new GetOperatorResponse
            {
                Header = headers.Failed(PdFailures.RegionUnknown(request.RegionId)),
                RegionId = request.RegionId,
            });
        });

    private async ValueTask HeartbeatAsync(
        IRpcReader<RegionHeartbeatRequest> requests, IRpcWriter<RegionHeartbeatResponse> responses, RpcCallContext context)
    {
        while (await requests.ReadAsync(context.CancellationToken) is { } request)
        {
            headers.Require(request.Header);
            if (request.Region is not { Id: > 0, RegionEpoch: not null, Peers.Count: > 0 })
            {
                throw new RpcException(RpcStatusCode.InvalidArgument, "a region heartbeat names a region with an id, an epoch and peers");
            }

            var news = new RegionEntry(
                request.Region,
                request.Leader,
                request.Term,
                [.. request.DownPeers],
                [.. request.PendingPeers],
                request.ApproximateSize * BytesPerMiB,
                request.ApproximateKeys);
            if (!cluster.Bootstrapped)
            {
                await responses.WriteAsync(
                    new RegionHeartbeatResponse { Header = headers.Failed(PdFailures.NotBootstrapped), RegionId = request.Region.Id },
                    context.CancellationToken);
            }
            else if (!await cluster.PutRegionAsync(news, context.CancellationToken))
            {
                LogStale(request.Region.Id, request.Region.RegionEpoch.Version, request.Region.RegionEpoch.ConfVer);
            }
        }
    }

    private async ValueTask<AskBatchSplitResponse> AskSplitAsync(AskBatchSplitRequest request, RpcCallContext context)
    {
        headers.Require(request.Header);
        if (request.Region is not { RegionEpoch: not null } || request.SplitCount is 0 or > SplitMax)
        {
            return new AskBatchSplitResponse
            {
                Header = headers.Failed(PdFailures.Invalid($"a split names a region with its epoch and makes 1 to {SplitMax} regions")),
            };
        }

        var known = cluster.ReadRegions(regions => regions.Find(request.Region.Id));
        if (known is null || known.IsNewerThan(request.Region.RegionEpoch))
        {
            return new AskBatchSplitResponse { Header = headers.Failed(PdFailures.RegionUnknown(request.Region.Id)) };
        }

        var peers = (uint)request.Region.Peers.Count;
        var id = await ids.AllocateAsync(request.SplitCount * (peers + 1), context.CancellationToken) - (request.SplitCount * (peers + 1));
        var response = new AskBatchSplitResponse { Header = headers.Ok() };
        for (var i = 0; i < request.SplitCount; i++)
        {
            var split = new SplitID { NewRegionId = ++id };
            for (var peer = 0; peer < peers; peer++)
            {
                split.NewPeerIds.Add(++id);
            }

            response.Ids.Add(split);
        }

        return response;
    }

    private async ValueTask<ReportBatchSplitResponse> ReportSplitAsync(ReportBatchSplitRequest request, RpcCallContext context)
    {
        headers.Require(request.Header);
        foreach (var region in request.Regions)
        {
            if (region.RegionEpoch is null || region.Id == 0)
            {
                return new ReportBatchSplitResponse { Header = headers.Failed(PdFailures.Invalid("a region has an id and an epoch")) };
            }

            var known = cluster.ReadRegions(regions => regions.Find(region.Id));
            var news = RegionEntry.FromMeta(region);
            await cluster.PutRegionAsync(known is null ? news : news with { Leader = known.Leader ?? news.Leader }, context.CancellationToken);
        }

        return new ReportBatchSplitResponse { Header = headers.Ok() };
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "A stale heartbeat of region {Region} at version {Version}, membership {ConfVer} was ignored")]
    private partial void LogStale(ulong region, ulong version, ulong confVer);
}
