using Cloud.Kernel;
using Cloud.Modules.Clusters.Data;
using Cloud.Modules.Clusters.Domain;
using Cloud.Modules.Clusters.Public;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;

namespace Cloud.Modules.Clusters.Features;

/// <summary>
/// <c>PATCH /v1/clusters/{cluster}</c>. Names, labels and protection change at once (200); what instances must learn is an operation (202).
/// </summary>
internal static class UpdateCluster
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPatch("/v1/clusters/{cluster}", HandleAsync)
            .ResourceWrite(Permissions.ClustersUpdate)
            .RequiresIfMatch()
            .Example(new { labels = new { team = "shop" }, allowList = new[] { "203.0.113.0/24" } })
            .Fails(
                PlatformErrors.ValidationFailed,
                ClusterErrorCodes.NotAvailable,
                ClusterErrorCodes.NameTaken,
                ClusterErrorCodes.ClusterDeleted);

    private static async Task<Reply<ClusterReply>> HandleAsync(
        ClusterId cluster,
        UpdateClusterRequest request,
        ApiCall call,
        ClusterReader reader,
        ClusterOrders orders,
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

        if (found.DeletedAt is not null)
        {
            return new Failure(ClusterErrorCodes.ClusterDeleted, $"Cluster {cluster} is deleted: undelete it first.");
        }

        var change = ClusterChange.Check(found.Name, found.Spec, request.ToDraft(), out var failures);
        if (change is null)
        {
            return FieldFailures.ToReply(failures);
        }

        call.Plan.From = await reader.ComposeAsync(found, cancellationToken);
        return change.IsChange
            ? await ApplyAsync(found, change, reader, orders, cancellationToken)
            : Reply.Ok(await reader.ComposeAsync(found, cancellationToken), found.Generation);
    }

    private static async Task<Reply<ClusterReply>> ApplyAsync(
        Cluster cluster, ValidChange change, ClusterReader reader, ClusterOrders orders, CancellationToken cancellationToken)
    {
        cluster.Change(change.Name, change.Spec, change.NeedsWork, orders.Now);
        var operation = change.NeedsWork ? orders.Begin(cluster, ClusterOperations.Update) : null;
        if (operation is null)
        {
            orders.Hint(cluster);
        }

        if (await orders.SaveUnlessNameTakenAsync(cluster, cancellationToken) is { } holder)
        {
            return ClusterOrders.NameTaken(cluster, holder);
        }

        return operation is not null
            ? await orders.AcceptedAsync(cluster, operation, cancellationToken)
            : Reply.Ok(await reader.ComposeAsync(cluster, cancellationToken), cluster.Generation);
    }
}
