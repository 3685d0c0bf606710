using Cloud.Kernel;
using Cloud.Modules.Clusters.Data;
using Cloud.Modules.Clusters.Domain;
using Cloud.Modules.Clusters.Public;
using Cloud.Modules.Operations.Public;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Http;
using Cloud.Modules.Platform.Messaging;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Clusters.Features;

/// <summary>What all writes of clusters share: the operation, the hint to the workers, and the reply. Scoped.</summary>
internal sealed class ClusterOrders(CloudDbContext database, ClusterReader reader, TimeProvider time)
{
    public DateTimeOffset Now { get; } = time.GetUtcNow();

    /// <summary>Adds an operation that brings the cluster's newest generation about, and the hint that starts it.</summary>
    public Operation Begin(Cluster cluster, string kind)
    {
        var operation = Operation.Begin(
            TypedId.New<OperationId>(time),
            new OperationOrder
            {
                OrganizationId = cluster.OrganizationId,
                ProjectId = cluster.ProjectId,
                ClusterId = cluster.Id,
                Kind = kind,
                Target = cluster.Id.ToString(),
                Generation = cluster.Generation,
                Steps = ClusterOperations.StepsOf(kind),
                Cancellable = kind == ClusterOperations.Create,
                Allowance = ClusterOperations.AllowanceOf(kind),
            },
            Now);
        database.Add(operation);
        Hint(cluster);
        return operation;
    }

    /// <summary>Wakes the cluster's reconciler once the request has committed.</summary>
    public void Hint(Cluster cluster) => database.Hint(ClusterHints.Kind, cluster.Id.Value, time);

    /// <summary>The operation of a kind that has not ended; null when there is none.</summary>
    public Task<Operation?> OpenOperationAsync(ClusterId cluster, string kind, CancellationToken cancellationToken) =>
        database.Set<Operation>()
            .Where(operation => operation.ClusterId == cluster && operation.Kind == kind && operation.EndedAt == null)
            .OrderByDescending(operation => operation.Id)
            .FirstOrDefaultAsync(cancellationToken);

    /// <summary>202, with the cluster and the operation to wait for.</summary>
    public async Task<Reply<ClusterReply>> AcceptedAsync(
        Cluster cluster, Operation operation, CancellationToken cancellationToken) =>
        Accepted(await reader.ComposeAsync(cluster, cancellationToken), operation);

    /// <summary>As above, with a reply that is composed already.</summary>
    public static Reply<ClusterReply> Accepted(ClusterReply reply, Operation operation) => Reply.Accepted(
        reply with { Operation = OperationReply.Of(operation) },
        ClusterReply.PathOf(reply.Id),
        OperationReply.PathOf(operation.Id),
        reply.Generation);

    /// <summary>
    /// Saves what was added so far, and finds out whether the name is taken. EF takes a savepoint inside the request's transaction, so
    /// that the transaction is usable after a refusal.
    /// </summary>
    /// <returns>Null when the name was free; otherwise the cluster that has it.</returns>
    public async Task<ClusterId?> SaveUnlessNameTakenAsync(Cluster cluster, CancellationToken cancellationToken)
    {
        try
        {
            await database.SaveChangesAsync(cancellationToken);
            return null;
        }
        catch (DbUpdateException refused) when (refused.InnerException is Npgsql.PostgresException
        {
            SqlState: Npgsql.PostgresErrorCodes.UniqueViolation, ConstraintName: ClusterMapping.LiveNameIndex,
        })
        {
            return await FindByNameAsync(cluster, cancellationToken) ?? throw new DbUpdateConcurrencyException(
                $"The name {cluster.Name} was taken a moment ago and is free again.", refused);
        }
    }

    /// <summary>The live cluster of the same project and name, other than this one; null when there is none.</summary>
    public async Task<ClusterId?> FindByNameAsync(Cluster cluster, CancellationToken cancellationToken) =>
        await database.Set<Cluster>().AsNoTracking()
            .Where(other => other.ProjectId == cluster.ProjectId
                && other.Name == cluster.Name && other.DeletedAt == null && other.Id != cluster.Id)
            .Select(other => (ClusterId?)other.Id)
            .SingleOrDefaultAsync(cancellationToken);

    public static Reply<ClusterReply> NameTaken(Cluster cluster, ClusterId holder) => Reply.FailAt<ClusterReply>(
        new Failure(
            ClusterErrorCodes.NameTaken,
            $"Cluster {holder} of this project is named '{cluster.Name}': choose another name, or use that cluster.",
            "/name"),
        ClusterReply.PathOf(holder));
}
