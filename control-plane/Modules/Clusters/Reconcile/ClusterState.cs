using Cloud.Kernel;
using Cloud.Modules.Clusters.Data;
using Cloud.Modules.Clusters.Domain;
using Cloud.Modules.Operations.Public;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Provisioning.Public;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Clusters.Reconcile;

/// <summary>Everything a pass works with, loaded after the lease was fenced.</summary>
/// <param name="Operations">Those that have not ended, oldest first; tracked.</param>
internal sealed record ClusterState(
    Cluster Cluster,
    ClusterStatus Status,
    IReadOnlyList<Operation> Operations,
    Deployment? Deployment,
    Layout Layout,
    ClusterView View)
{
    /// <summary>Null when there is no such cluster.</summary>
    public static async Task<ClusterState?> LoadAsync(
        CloudDbContext database, Provisioner provisioner, ClusterId id, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var status = await ClusterStatus.LockAsync(database, id, cancellationToken);
        if (status is null)
        {
            return null;
        }

        // Locked, because a request may cancel or retry one of them meanwhile; and before the cluster is read, so that the wish is at
        // least as new as what the operations say.
        var operations = await database.Set<Operation>()
            .FromSql($"select * from cloud.operations where cluster_id = {id.Value} and ended_at is null order by id for update")
            .IgnoreQueryFilters()
            .ToListAsync(cancellationToken);
        var cluster = await database.Set<Cluster>().SingleAsync(row => row.Id == id, cancellationToken);
        var users = await database.Set<SqlUser>().AsNoTracking().Where(user => user.ClusterId == id)
            .OrderBy(user => user.Name).ToListAsync(cancellationToken);
        var deployment = await provisioner.LoadAsync(id, cancellationToken);
        var layout = ClusterLayout.Of(
            id, cluster.OrganizationId, cluster.Spec, cluster.WishAt(now), [.. users.Select(user => user.ToSpec())]);
        var view = ViewOf(cluster, status, operations, deployment, layout, now);
        return new ClusterState(cluster, status, operations, deployment, layout, view);
    }

    private static ClusterView ViewOf(
        Cluster cluster,
        ClusterStatus status,
        IReadOnlyList<Operation> operations,
        Deployment? deployment,
        Layout layout,
        DateTimeOffset now) => new()
        {
            Wish = cluster.WishAt(now),
            Generation = cluster.Generation,
            ObservedGeneration = status.ObservedGeneration,
            WasAvailable = status.WasAvailable,
            Undeleted = cluster.UndeletedAt is not null,
            // A retry has a deadline of its own, so that what was overdue is being worked on again.
            Overdue = status.Phase == ClusterPhase.Failed && operations.Count == 0,
            Blueprint = deployment?.Blueprint.Number,
            BlueprintMatches = deployment is not null && Provisioner.Matches(deployment, layout),
            Instances =
            [
                .. (deployment?.Instances ?? []).Select(deployed => new InstanceView
                {
                    Id = deployed.Instance.Id,
                    Role = deployed.Instance.Role,
                    Observed = deployed.Observed?.State,
                    Current = deployed.Current,
                    WasReady = deployed.FirstReadyAt is not null,
                    HostSilent = deployed.HostSilent,
                    Crashes = deployed.Observed?.Crashes ?? 0,
                    ErrorCode = deployed.Observed?.ErrorCode,
                    LastError = deployed.Observed?.LastError,
                }),
            ],
        };
}
