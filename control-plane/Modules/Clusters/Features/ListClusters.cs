using Cloud.Modules.Clusters.Data;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Http;
using Cloud.Modules.Platform.Paging;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Clusters.Features;

/// <summary><c>GET /v1/projects/{project}/clusters?showDeleted=</c>: oldest first; purged clusters are never listed.</summary>
internal static class ListClusters
{
    private static readonly ListFields<Cluster> Fields = ListFields<Cluster>
        .By(cluster => cluster.CreatedAt, cluster => cluster.Id)
        .With("name", cluster => cluster.Name, isSortable: true)
        .With("updatedAt", cluster => cluster.UpdatedAt);

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/projects/{project}/clusters", HandleAsync).Query(Permissions.ClustersRead);

    private static async Task<Reply<Page<ClusterReply>>> HandleAsync(
        ProjectId project,
        [AsParameters] ListQuery query,
        [FromQuery(Name = "showDeleted")] bool? showDeleted,
        CloudDbContext database,
        Lister lister,
        ClusterReader reader,
        CancellationToken cancellationToken)
    {
        var rows = database.Set<Cluster>().Where(cluster => cluster.ProjectId == project);
        rows = showDeleted == true
            ? rows.Where(cluster => !database.Set<ClusterStatus>()
                .Any(status => status.ClusterId == cluster.Id && status.PurgedAt != null))
            : rows.Where(cluster => cluster.DeletedAt == null);
        var page = await lister.ListAsync(rows, Fields, query, cluster => cluster, cancellationToken);
        var items = await reader.ComposeAsync(page.Body?.Items ?? [], cancellationToken);
        return page.WithBody(found => new Page<ClusterReply>(items, found.NextPageToken));
    }
}
