using Cloud.Kernel;
using Cloud.Modules.Catalog.Public;
using Cloud.Modules.Clusters.Data;
using Cloud.Modules.Clusters.Domain;
using Cloud.Modules.Clusters.Public;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;

namespace Cloud.Modules.Clusters.Features;

/// <summary><c>POST /v1/clusters/{cluster}:undelete</c>: a deleted cluster whose data is kept runs again, at its old ports.</summary>
internal static class UndeleteCluster
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/clusters/{cluster}:undelete", HandleAsync)
            .Action(Permissions.ClustersCreate)
            .Replies(StatusCodes.Status202Accepted)
            .Fails(ClusterErrorCodes.NotRestorable, ClusterErrorCodes.NameTaken, CatalogErrorCodes.QuotaExceeded);

    private static async Task<Reply<ClusterReply>> HandleAsync(
        ClusterId cluster,
        ClusterReader reader,
        ClusterOrders orders,
        QuotaLedger quotas,
        CloudDbContext database,
        CancellationToken cancellationToken)
    {
        // Locked before the cluster is read: the reconciler that settles the deletion gives the quota back under the same lock.
        var status = await ClusterStatus.LockAsync(database, cluster, cancellationToken);
        if (status is null || await reader.FindAsync(cluster, cancellationToken) is not { } found)
        {
            return PlatformErrors.ResourceNotFound("cluster", cluster);
        }

        if (found.WishAt(orders.Now) != ClusterWish.Deleted)
        {
            return new Failure(
                ClusterErrorCodes.NotRestorable,
                found.DeletedAt is null ? $"Cluster {cluster} is not deleted." : $"The data of cluster {cluster} is being removed or gone.");
        }

        if (await orders.FindByNameAsync(found, cancellationToken) is { } holder)
        {
            return ClusterOrders.NameTaken(found, holder);
        }

        if (!status.ComputeQuotaHeld)
        {
            var reserved = await quotas.ReserveAsync(found.OrganizationId, ClusterQuota.Compute(found.Spec), cancellationToken);
            if (reserved.Failure is { } exceeded)
            {
                return exceeded;
            }

            status.ComputeQuotaHeld = true;
        }

        found.Undelete(orders.Now);
        var operation = orders.Begin(found, ClusterOperations.Undelete);
        return await orders.SaveUnlessNameTakenAsync(found, cancellationToken) is { } winner
            ? ClusterOrders.NameTaken(found, winner)
            : await orders.AcceptedAsync(found, operation, cancellationToken);
    }
}
