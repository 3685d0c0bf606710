using Cloud.Kernel;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;

namespace Cloud.Modules.Clusters.Features;

/// <summary><c>GET /v1/clusters/{cluster}</c>: also of a deleted cluster, and of one whose data is gone.</summary>
internal static class GetCluster
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/clusters/{cluster}", HandleAsync).Query(Permissions.ClustersRead);

    private static async Task<Reply<ClusterReply>> HandleAsync(
        ClusterId cluster, ClusterReader reader, CancellationToken cancellationToken) =>
        await reader.FindAsync(cluster, cancellationToken) is { } found
            ? Reply.Ok(await reader.ComposeAsync(found, cancellationToken), found.Generation)
            : PlatformErrors.ResourceNotFound("cluster", cluster);
}
