using Cloud.Kernel;
using Cloud.Modules.Clusters.Domain;
using Cloud.Modules.Clusters.Public;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;

namespace Cloud.Modules.Clusters.Features;

/// <summary>
/// <c>DELETE /v1/clusters/{cluster}?purge=</c>: processes stop, data is kept for a week or, with <c>purge=true</c>, removed at once.
/// Allowed in every state; deleting a deleted cluster again changes nothing.
/// </summary>
internal static class DeleteCluster
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapDelete("/v1/clusters/{cluster}", HandleAsync)
            .ResourceWrite(Permissions.ClustersDelete)
            .RequiresIfMatch()
            .Replies(StatusCodes.Status202Accepted)
            .Fails(ClusterErrorCodes.DeletionProtected);

    private static async Task<Reply<ClusterReply>> HandleAsync(
        ClusterId cluster,
        bool? purge,
        ApiCall call,
        ClusterReader reader,
        ClusterDeletion deletion,
        CancellationToken cancellationToken)
    {
        if (await reader.FindAsync(cluster, cancellationToken) is not { } found)
        {
            return PlatformErrors.ResourceNotFound("cluster", cluster);
        }

        if (call.CheckMatch(found.Generation) is { } stale)
        {
            return stale;
        }

        call.Plan.From = await reader.ComposeAsync(found, cancellationToken);
        return await deletion.DeleteAsync(found, purge ?? false, cancellationToken);
    }
}

/// <summary><c>POST /v1/clusters/{cluster}:purge</c>: the data of a deleted cluster goes at once.</summary>
internal static class PurgeCluster
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/clusters/{cluster}:purge", HandleAsync)
            .Action(Permissions.ClustersDelete)
            .Replies(StatusCodes.Status202Accepted)
            .Fails(ClusterErrorCodes.NotDeleted);

    private static async Task<Reply<ClusterReply>> HandleAsync(
        ClusterId cluster, ClusterReader reader, ClusterDeletion deletion, CancellationToken cancellationToken)
    {
        if (await reader.FindAsync(cluster, cancellationToken) is not { } found)
        {
            return PlatformErrors.ResourceNotFound("cluster", cluster);
        }

        return found.DeletedAt is null
            ? new Failure(ClusterErrorCodes.NotDeleted, $"Cluster {cluster} is not deleted: delete it first, or delete with ?purge=true.")
            : await deletion.DeleteAsync(found, purge: true, cancellationToken);
    }
}

/// <summary>Writes the wish to delete in the request's transaction. Scoped.</summary>
internal sealed class ClusterDeletion(ClusterOrders orders, ClusterReader reader)
{
    public async Task<Reply<ClusterReply>> DeleteAsync(
        Data.Cluster cluster, bool purge, CancellationToken cancellationToken)
    {
        if (cluster.DeletedAt is null && cluster.Spec.DeletionProtection)
        {
            return new Failure(
                ClusterErrorCodes.DeletionProtected,
                $"Cluster {cluster.Name} is protected: set deletionProtection to false first.");
        }

        var wish = cluster.WishAt(orders.Now);
        var kind = purge ? ClusterOperations.Purge : ClusterOperations.Delete;
        if (wish == ClusterWish.Purged || (wish == ClusterWish.Deleted && !purge))
        {
            // It is on its way already, or done.
            return await orders.OpenOperationAsync(cluster.Id, kind, cancellationToken) is { } open
                ? await orders.AcceptedAsync(cluster, open, cancellationToken)
                : Reply.Done(await reader.ComposeAsync(cluster, cancellationToken), cluster.Generation);
        }

        cluster.Delete(purge, orders.Now);
        var operation = orders.Begin(cluster, kind);
        return await orders.AcceptedAsync(cluster, operation, cancellationToken);
    }
}
