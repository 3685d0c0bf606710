using Cloud.Kernel;
using Cloud.Modules.Clusters.Domain;
using Cloud.Modules.Platform.Data;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Clusters.Data;

/// <summary>What is true of a cluster. Inserted with it, then written by the reconciler alone, which holds the cluster's lease.</summary>
internal sealed class ClusterStatus : ITenantOwned
{
    private ClusterStatus()
    {
    }

    public ClusterId ClusterId { get; private init; }

    public OrganizationId OrganizationId { get; private init; }

    /// <summary>As of the last reconcile; requests show <see cref="PhaseFor"/>.</summary>
    public ClusterPhase Phase { get; set; }

    /// <summary>The newest generation that was true in full.</summary>
    public long ObservedGeneration { get; set; }

    /// <summary>Whether it was available since it was created or wished back.</summary>
    public bool WasAvailable { get; set; }

    /// <summary>When it became available for the first time.</summary>
    public DateTimeOffset? AvailableAt { get; set; }

    /// <summary>When nothing of it was left on any host; null before.</summary>
    public DateTimeOffset? PurgedAt { get; set; }

    /// <summary>Whether it still counts against the quotas of processes.</summary>
    public bool ComputeQuotaHeld { get; set; }

    /// <summary>Whether it still counts against the quota of volumes.</summary>
    public bool VolumeQuotaHeld { get; set; }

    public IReadOnlyList<ClusterCondition> Conditions { get; set; } = [];

    /// <summary>Why the reconciler last did what it did, for operators.</summary>
    public string Reason { get; set; } = string.Empty;

    public DateTimeOffset? ReconciledAt { get; set; }

    public static ClusterStatus Create(Cluster cluster) => new()
    {
        ClusterId = cluster.Id,
        OrganizationId = cluster.OrganizationId,
        Phase = ClusterPhase.Creating,
        ComputeQuotaHeld = true,
        VolumeQuotaHeld = true,
    };

    /// <summary>Loads the status and locks it until the transaction ends; null when there is no such cluster.</summary>
    public static async Task<ClusterStatus?> LockAsync(
        CloudDbContext database, ClusterId cluster, CancellationToken cancellationToken) =>
        (await database.Set<ClusterStatus>()
            .FromSql($"select * from cloud.cluster_statuses where cluster_id = {cluster.Value} for update")
            .ToListAsync(cancellationToken)).SingleOrDefault();

    /// <summary>The state to show: a wish that no reconcile has looked at yet counts already.</summary>
    public ClusterPhase PhaseFor(Cluster cluster)
    {
        if (cluster.DeletedAt is not null)
        {
            return Phase == ClusterPhase.Deleted && (cluster.PurgeRequestedAt is null || PurgedAt is not null)
                ? ClusterPhase.Deleted
                : ClusterPhase.Deleting;
        }

        return Phase switch
        {
            ClusterPhase.Deleting or ClusterPhase.Deleted => ClusterPhase.Resuming,
            ClusterPhase.Available when ObservedGeneration < cluster.WorkGeneration => ClusterPhase.Updating,
            _ => Phase,
        };
    }
}
