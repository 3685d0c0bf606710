using Cloud.Kernel;
using Cloud.Modules.Clusters.Data;
using Cloud.Modules.Clusters.Public;
using Cloud.Modules.Operations.Public;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Messaging;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Clusters.Reconcile;

/// <summary>Cancelling a create wishes for the cluster to be purged, so that nothing of it stays.</summary>
internal sealed class ClusterOperationOwner(CloudDbContext database, TimeProvider time) : IOperationOwner
{
    public bool Owns(string kind) => kind.StartsWith("cluster.", StringComparison.Ordinal);

    public async Task CancelAsync(Operation operation, CancellationToken cancellationToken)
    {
        var cluster = await database.Set<Cluster>().SingleAsync(row => row.Id == TargetOf(operation), cancellationToken);
        cluster.Delete(purge: true, time.GetUtcNow());
        await RetryAsync(operation, cancellationToken);
    }

    public Task RetryAsync(Operation operation, CancellationToken cancellationToken)
    {
        database.Hint(ClusterHints.Kind, TargetOf(operation).Value, time);
        return Task.CompletedTask;
    }

    private static ClusterId TargetOf(Operation operation)
    {
        Invariant.Require(operation.ClusterId is not null, $"{operation.Id} is work on a cluster");
        return operation.ClusterId.Value;
    }
}
