using Cloud.Contracts;
using Cloud.Modules.Clusters.Domain;
using Cloud.Modules.Metering.Public;
using Cloud.Modules.Platform.Data;

namespace Cloud.Modules.Clusters.Reconcile;

/// <summary>
/// Opens and closes a cluster's allocation spans in the reconciler's transaction: an instance is billed from the reconcile that first
/// sees the cluster's wish to run and the instance ready, a volume from its instance's first readiness; both end when the owner
/// deletes the cluster, not when its processes happen to stop. A crashed instance stays allocated, and so billed. Looks at the status as
/// the last pass left it.
/// </summary>
internal sealed class ClusterMeter(CloudDbContext database, IAllocationMeter meter)
{
    public async Task RecordAsync(ClusterState state, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (state.View.Wish != ClusterWish.Running && state.Status.Phase != ClusterPhase.Deleted)
        {
            // The owner's wish counts, not the moment at which the last process ended.
            await meter.CloseAllAsync(database, state.Cluster.Id, state.Cluster.DeletedAt ?? now, cancellationToken);
            return;
        }

        if (state.View.Wish != ClusterWish.Running || state.Status.WasAvailable)
        {
            return; // All spans are closed, or all are open.
        }

        foreach (var deployed in state.Deployment?.Instances ?? [])
        {
            if (deployed is not { Current: true, Observed.State: ObservedInstanceState.Ready })
            {
                continue;
            }

            var instance = deployed.Instance;
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
