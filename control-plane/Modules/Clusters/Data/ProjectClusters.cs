using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Data;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Clusters.Data;

/// <summary>
/// The clusters that keep a project from being deleted: all that are not purged. A deleted cluster counts while its data is kept, since
/// it would otherwise be undeleted into nowhere, or its data be lost before the time its owner was promised.
/// </summary>
internal sealed class ProjectClusters(CloudDbContext database) : IProjectContents
{
    private const int NamesMax = 5;

    public async Task<string?> DescribeAsync(ProjectId project, CancellationToken cancellationToken)
    {
        var unpurged =
            from cluster in database.Set<Cluster>().AsNoTracking()
            join status in database.Set<ClusterStatus>().AsNoTracking() on cluster.Id equals status.ClusterId
            where cluster.ProjectId == project && status.PurgedAt == null
            select cluster;
        var live = await DescribeAsync(
            unpurged.Where(cluster => cluster.DeletedAt == null), "cluster", cancellationToken);
        var kept = await DescribeAsync(
            unpurged.Where(cluster => cluster.DeletedAt != null), "deleted cluster", cancellationToken);
        return (live, kept) switch
        {
            (null, null) => null,
            (_, null) => live,
            (null, _) => $"{kept} that must be purged first",
            _ => $"{live} and {kept} that must be purged first",
        };
    }

    /// <summary>Such as "2 clusters ('orders', 'shop')"; null when there are none.</summary>
    private static async Task<string?> DescribeAsync(IQueryable<Cluster> clusters, string noun, CancellationToken cancellationToken)
    {
        var count = await clusters.CountAsync(cancellationToken);
        if (count == 0)
        {
            return null;
        }

        var names = await clusters.OrderBy(cluster => cluster.Name).ThenBy(cluster => cluster.Id)
            .Select(cluster => cluster.Name).Take(NamesMax).ToListAsync(cancellationToken);
        var shown = string.Join(", ", names.Select(name => $"'{name}'")) + (count > names.Count ? ", …" : string.Empty);
        return $"{count} {noun}{(count == 1 ? string.Empty : "s")} ({shown})";
    }
}
