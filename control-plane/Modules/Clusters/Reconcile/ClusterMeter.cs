using Cloud.Modules.Clusters.Domain;
using Cloud.Modules.Metering.Public;
using Cloud.Modules.Platform.Data;

namespace Cloud.Modules.Clusters.Reconcile;

/// <summary>
/// Opens and closes a cluster's allocation spans in the reconciler's transaction: instances and volumes are billed from the pass in which
/// their cluster is available as its owner wishes it, so a create that fails or is cancelled costs nothing; all end when the owner
/// deletes the cluster, not when its processes happen to stop. A crashed instance stays allocated, and so billed. Looks at the status as
/// the last pass left it.
/// </summary>
internal sealed class ClusterMeter(CloudDbContext database, IAllocationMeter meter)
{
    public async Task RecordAsync(ClusterState state, ClusterPlan plan, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (state.View.Wish != ClusterWish.Running && state.Status.Phase != ClusterPhase.Deleted)
        {
            // The owner's wish counts, not the moment at which the last process ended.
            await meter.CloseAllAsync(database, state.Cluster.Id, state.Cluster.DeletedAt ?? now, cancellationToken);
            return;
        }

        if (state.View.Wish != ClusterWish.Running || plan.Step != PlanStep.Settle || IsRecorded(state))
        {
            return;
        }

        foreach (var instance in (state.Deployment?.Instances ?? []).Select(deployed => deployed.Instance))
        {
            await OpenAsync(
                state, instance.Id.ToString(), Meters.InstanceHours, Skus.Instance(instance.Role, instance.Size), 1, now, cancellationToken);
            if (instance.VolumeGiB > 0)
            {
                await OpenAsync(
                    state,
                    instance.Id.ToString(),
                    Meters.StorageGibHours,
                    Skus.Flat(Meters.StorageGibHours),
                    instance.VolumeGiB,
                    now,
                    cancellationToken);
            }
        }
    }

    /// <summary>An earlier pass saw this wish come true. A delete that was taken back is a newer wish, whose spans open anew.</summary>
    private static bool IsRecorded(ClusterState state) =>
        state.Status.WasAvailable && state.Status.ObservedGeneration == state.View.Generation;

    private Task OpenAsync(
        ClusterState state,
        string resource,
        string meterName,
        string sku,
        decimal quantity,
        DateTimeOffset now,
        CancellationToken cancellationToken) => meter.OpenAsync(
            database,
            new Allocation
            {
                OrganizationId = state.Cluster.OrganizationId,
                ClusterId = state.Cluster.Id,
                Key = new AllocationKey(resource, meterName),
                Sku = sku,
                Quantity = quantity,
            },
            now,
            cancellationToken);
}
