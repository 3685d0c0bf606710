using Cloud.Pd.Cluster;
using Cloud.Rpc;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Pdpb;
using Cloud.Rpc.Server;

namespace Cloud.Pd.Services;

/// <summary>Where keys are: lookups for clients.</summary>
internal sealed class RegionService(PdHeaders headers, ClusterState cluster)
{
    /// <summary>Most regions in one answer, also when the client names no limit. Chosen here: about a megabyte.</summary>
    private const int RegionsMax = 10_240;

    /// <summary>Most ranges in one request.</summary>
    private const int RangesMax = 1024;

    public void Register(RpcServices services) => services
        .Unary(PdMethods.GetRegion, (request, _) =>
            new(Get(request.Header, regions => regions.Find(request.RegionKey.Span))))
        .Unary(PdMethods.GetPrevRegion, (request, _) =>
            new(Get(request.Header, regions => regions.FindPrevious(request.RegionKey.Span))))
        .Unary(PdMethods.GetRegionById, (request, _) =>
            new(Get(request.Header, regions => regions.Find(request.RegionId))))
        .Unary(PdMethods.ScanRegions, (request, _) => new(Scan(request)))
        .Unary(PdMethods.BatchScanRegions, (request, _) => new(BatchScan(request)));

    private static Region ToMessage(RegionEntry region) => new()
    {
        Region_ = region.Meta,
        Leader = region.Leader,
        DownPeers = { region.DownPeers },
        PendingPeers = { region.PendingPeers },
    };

    private GetRegionResponse Get(RequestHeader? header, Func<RegionTree, RegionEntry?> find)
    {
        headers.Require(header);
        if (!cluster.Bootstrapped)
        {
            return new GetRegionResponse { Header = headers.Failed(PdFailures.NotBootstrapped) };
        }

        var region = cluster.ReadRegions(find);
        return region is null
            ? new GetRegionResponse { Header = headers.Ok() }
            : new GetRegionResponse
            {
                Header = headers.Ok(),
                Region = region.Meta,
                Leader = region.Leader,
                DownPeers = { region.DownPeers },
                PendingPeers = { region.PendingPeers },
            };
    }

    private ScanRegionsResponse Scan(ScanRegionsRequest request)
    {
        headers.Require(request.Header);
        if (!cluster.Bootstrapped)
        {
            return new ScanRegionsResponse { Header = headers.Failed(PdFailures.NotBootstrapped) };
        }

        var found = cluster.ReadRegions(regions => regions.Scan(request.StartKey.Span, request.EndKey.Span, Limit(request.Limit)));
        var response = new ScanRegionsResponse { Header = headers.Ok() };
        foreach (var region in found)
        {
            response.RegionMetas.Add(region.Meta);
            response.Leaders.Add(region.Leader ?? new());
            response.Regions.Add(ToMessage(region));
        }

        return response;
    }

    private BatchScanRegionsResponse BatchScan(BatchScanRegionsRequest request)
    {
        headers.Require(request.Header);
        if (!cluster.Bootstrapped)
        {
            return new BatchScanRegionsResponse { Header = headers.Failed(PdFailures.NotBootstrapped) };
        }

        if (request.Ranges.Count > RangesMax)
        {
            throw new RpcException(RpcStatusCode.InvalidArgument, $"at most {RangesMax} ranges at a time, not {request.Ranges.Count}");
        }

        var response = new BatchScanRegionsResponse { Header = headers.Ok() };
        var complete = cluster.ReadRegions(regions => TryScan(regions, request, response));
        return complete ? response : new BatchScanRegionsResponse { Header = headers.Failed(PdFailures.Incomplete) };
    }

    /// <summary>Adds the regions of all ranges, each region once; false when a range that must be covered is not.</summary>
    private static bool TryScan(RegionTree regions, BatchScanRegionsRequest request, BatchScanRegionsResponse response)
    {
        var limit = Limit(request.Limit);
        ulong last = 0;
        foreach (var range in request.Ranges)
        {
            var room = limit - response.Regions.Count;
            if (room <= 0)
            {
                break;
            }

            var found = regions.Scan(range.StartKey.Span, range.EndKey.Span, room + 1);
            var cut = found.Count > room;
            if (request.ContainAllKeyRange && !cut && !RegionTree.Covers(found, range.StartKey.Span, range.EndKey.Span))
            {
                return false;
            }

            foreach (var region in found.Take(room).Where(region => region.Meta.Id != last))
            {
                response.Regions.Add(ToMessage(region));
            }

            last = found.Count > 0 ? found[^1].Meta.Id : last;
        }

        return true;
    }

    private static int Limit(int asked) => asked is > 0 and <= RegionsMax ? asked : RegionsMax;
}
