using Cloud.Kernel;
using Cloud.Modules.Catalog.Public;
using Cloud.Modules.Clusters.Data;
using Cloud.Modules.Clusters.Domain;
using Cloud.Modules.Clusters.Public;
using Cloud.Modules.Operations.Public;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Messaging;
using Cloud.Modules.Provisioning.Public;

namespace Cloud.Modules.Clusters.Reconcile;

/// <summary>
/// Makes a cluster what its owner wishes. A pass is one transaction: fence, load, plan, one step, status, operations, meter, quota.
/// Nothing outside the database is touched, so that a crash leaves the whole pass or nothing of it; agents act on what was committed.
/// </summary>
internal sealed partial class ClusterReconciler(
    IReconcileProbe probe, TimeProvider time, ILogger<ClusterReconciler> logger) : IReconciler
{
    public string Kind => ClusterHints.Kind;

    public async Task<PassResult> PassAsync(
        IServiceProvider services, Guid id, WorkLease lease, CancellationToken cancellationToken)
    {
        var database = services.GetRequiredService<CloudDbContext>();
        var provisioner = services.GetRequiredService<Provisioner>();
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        await lease.FenceAsync(database, cancellationToken);
        await probe.ReachAsync(ReconcilePoint.PassFenced, id);
        var now = time.GetUtcNow();
        var state = await ClusterState.LoadAsync(database, provisioner, ClusterId.From(id), now, cancellationToken);
        if (state is null)
        {
            return PassResult.Done;
        }

        var plan = ClusterPlanner.Plan(state.View);
        var obstacle = await StepAsync(provisioner, state, plan, cancellationToken);
        await RecordAsync(services, state, plan, obstacle, lease, now, cancellationToken);
        await database.SaveChangesAsync(cancellationToken);
        await probe.ReachAsync(ReconcilePoint.BeforeCommit, id);
        await transaction.CommitAsync(cancellationToken);
        await probe.ReachAsync(ReconcilePoint.AfterCommit, id);
        LogPass(logger, state.Cluster.Id, plan.Step, plan.Phase, plan.Reason);
        return PassResult.Done; // After every step the next move is an agent's, whose report knocks.
    }

    /// <summary>Does the planned step; returns why it could not be done, or null.</summary>
    private static async Task<OperationError?> StepAsync(
        Provisioner provisioner, ClusterState state, ClusterPlan plan, CancellationToken cancellationToken)
    {
        switch (plan.Step)
        {
            case PlanStep.Provision:
                return ToError(await provisioner.ProvisionAsync(state.Layout, cancellationToken));
            case PlanStep.Reshape:
                await provisioner.ReshapeAsync(Deployed(state), state.Layout, cancellationToken);
                return null;
            case PlanStep.MovePorts:
                return ToError(
                    await provisioner.MovePortsAsync(Deployed(state), state.Layout, plan.Instances, cancellationToken));
            case PlanStep.Release:
                await provisioner.ReleaseAsync(state.Cluster.Id, cancellationToken);
                return null;
            default:
                return null;
        }
    }

    private static Deployment Deployed(ClusterState state)
    {
        Invariant.Require(state.Deployment is not null, $"{state.Cluster.Id} has a blueprint, or this step is not planned");
        return state.Deployment;
    }

    private static OperationError? ToError(Outcome<Nothing> outcome) =>
        outcome.Failure is { } failure ? new OperationError(failure.Code, failure.Detail) : null;

    private async Task RecordAsync(
        IServiceProvider services,
        ClusterState state,
        ClusterPlan plan,
        OperationError? obstacle,
        WorkLease lease,
        DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        var database = services.GetRequiredService<CloudDbContext>();
        var progress = new ClusterProgress(state.View, plan, obstacle);
        var overdue = AdvanceOperations(database, state, progress, $"{Environment.MachineName}/{lease.Token}", now);
        var status = state.Status;
        await services.GetRequiredService<ClusterMeter>().RecordAsync(state, plan, now, cancellationToken);
        status.Phase = overdue && plan.Phase is ClusterPhase.Creating or ClusterPhase.Resuming ? ClusterPhase.Failed : plan.Phase;
        status.Reason = obstacle?.Detail ?? plan.Reason;
        status.ReconciledAt = now;
        status.Conditions = ClusterConditions.Of(
            state.View, plan, obstacle is null ? null : (obstacle.Code, obstacle.Detail), status.Conditions, now);
        if (plan.Step is PlanStep.Settle or PlanStep.Release)
        {
            Settle(state, now);
        }

        await ReleaseQuotaAsync(services.GetRequiredService<QuotaLedger>(), state, plan, cancellationToken);
    }

    private static void Settle(ClusterState state, DateTimeOffset now)
    {
        var status = state.Status;
        status.ObservedGeneration = state.View.Generation;
        status.WasAvailable = state.View.Wish == ClusterWish.Running;
        if (state.View.Wish == ClusterWish.Running)
        {
            status.AvailableAt ??= now;
        }

        if (state.View.Wish == ClusterWish.Purged)
        {
            status.PurgedAt ??= now;
        }
    }

    /// <summary>Brings the operations up to date; returns whether one that makes the cluster available missed its deadline.</summary>
    private bool AdvanceOperations(
        CloudDbContext database, ClusterState state, ClusterProgress progress, string owner, DateTimeOffset now)
    {
        var overdue = false;
        foreach (var operation in state.Operations)
        {
            ClusterOperations.Advance(operation, progress, owner, now);
            if (!operation.MissDeadline(now))
            {
                continue;
            }

            var error = new OperationError(
                OperationErrorCodes.DeadlineExceeded,
                operation.Error?.Detail ?? $"It was not done within {operation.Allowance.TotalMinutes:0} minutes: {progress.Plan.Reason}.");
            database.Add(DeadlineMissed(operation, error, now));
            operation.Fail(error, now);
            overdue |= operation.Kind is ClusterOperations.Create or ClusterOperations.Undelete;
            LogDeadline(logger, operation.Id, operation.Kind, operation.Target, error.Detail);
        }

        return overdue;
    }

    private static CloudEvent DeadlineMissed(Operation operation, OperationError error, DateTimeOffset now) => new()
    {
        Id = Guid.CreateVersion7(now),
        OrganizationId = operation.OrganizationId,
        ProjectId = operation.ProjectId,
        Kind = CloudEvent.DeadlineMissed,
        Severity = EventSeverity.Alert,
        Target = operation.Target,
        OccurredAt = now,
        Data = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["operation"] = operation.Id.ToString(),
            ["kind"] = operation.Kind,
            ["attempt"] = operation.Attempts.ToString(),
            ["error"] = error.Detail,
        },
    };

    /// <summary>Gives quota back when what it stands for is gone; the status remembers, so that it happens once.</summary>
    private static async Task ReleaseQuotaAsync(
        QuotaLedger quotas, ClusterState state, ClusterPlan plan, CancellationToken cancellationToken)
    {
        var (status, spec) = (state.Status, state.Cluster.Spec);
        if (status.ComputeQuotaHeld && plan.Phase == ClusterPhase.Deleted)
        {
            status.ComputeQuotaHeld = false;
            await quotas.ReleaseAsync(state.Cluster.OrganizationId, ClusterQuota.Compute(spec), cancellationToken);
        }

        if (status.VolumeQuotaHeld && status.PurgedAt is not null)
        {
            status.VolumeQuotaHeld = false;
            await quotas.ReleaseAsync(state.Cluster.OrganizationId, ClusterQuota.Volume(spec), cancellationToken);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Cluster}: {Step}, {Phase}: {Reason}")]
    private static partial void LogPass(ILogger logger, ClusterId cluster, PlanStep step, ClusterPhase phase, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Operation} ({Kind} of {Target}) missed its deadline: {Detail}")]
    private static partial void LogDeadline(ILogger logger, OperationId operation, string kind, string target, string detail);
}
