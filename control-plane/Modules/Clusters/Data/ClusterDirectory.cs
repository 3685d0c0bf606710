using System.Text.Json;
using Cloud.Kernel;
using Cloud.Modules.Clusters.Public;
using Cloud.Modules.Platform.Data;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Clusters.Data;

/// <inheritdoc/>
internal sealed class ClusterDirectory(CloudDbContext database) : IClusterDirectory
{
    public async Task<IReadOnlyDictionary<ClusterId, ClusterEntry>> FindAsync(
        IReadOnlyCollection<ClusterId> clusters, CancellationToken cancellationToken)
    {
        var rows = await (
            from cluster in database.Set<Cluster>().AsNoTracking()
            join status in database.Set<ClusterStatus>().AsNoTracking() on cluster.Id equals status.ClusterId
            where clusters.Contains(cluster.Id)
            select new { cluster, status }).ToListAsync(cancellationToken);
        return rows.ToDictionary(row => row.cluster.Id, row => new ClusterEntry(
            row.cluster.Id,
            row.cluster.OrganizationId,
            row.cluster.ProjectId,
            row.cluster.Name,
            JsonNamingPolicy.CamelCase.ConvertName(row.status.PhaseFor(row.cluster).ToString())));
    }
}
