using Cloud.Contracts;
using Cloud.Modules.Operations.Public;

namespace Cloud.Modules.Clusters.Domain;

/// <summary>What is known about the work a cluster's operations stand for.</summary>
/// <param name="Obstacle">Why the planned step could not be done; null when nothing stood in its way.</param>
internal sealed record ClusterProgress(ClusterView View, ClusterPlan Plan, OperationError? Obstacle)
{
    /// <summary>Whether agents are told what is wished, at the latest by the step of this pass.</summary>
    public bool IsLaidOut => View.BlueprintMatches
        || (Obstacle is null && Plan.Step is PlanStep.Provision or PlanStep.Reshape);
}

/// <summary>
/// The kinds of operations on clusters, their steps, and how far each one is. Progress is derived from what is seen, never from what
/// was done before, so that repeating, skipping or reordering reconciles cannot confuse it. Pure but for the operation it advances.
/// </summary>
internal static class ClusterOperations
{
    public const string Create = "cluster.create";
    public const string Update = "cluster.update";
    public const string Delete = "cluster.delete";
    public const string Purge = "cluster.purge";
    public const string Undelete = "cluster.undelete";

    private const string Place = "place";
    private const string Apply = "apply";
    private const string RemoveData = "remove-data";
    private const string ReleaseHosts = "release-hosts";

    private static readonly InstanceRole[] StartOrder = [InstanceRole.Pd, InstanceRole.Storage, InstanceRole.Sql];

    /// <summary>The steps of a kind, in the order in which they begin.</summary>
    public static IReadOnlyList<string> StepsOf(string kind) => kind switch
    {
        Create => [Place, .. StartOrder.Select(StartStep)],
        Undelete => [.. StartOrder.Select(StartStep)],
        Update => [Apply],
        Delete => [.. StartOrder.Reverse().Select(StopStep)],
        Purge => [.. StartOrder.Reverse().Select(StopStep), RemoveData, ReleaseHosts],
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such kind of operation."),
    };

    /// <summary>How long one attempt of a kind may take. Chosen here: far above the seconds that it takes when all is well.</summary>
    public static TimeSpan AllowanceOf(string kind) => kind switch
    {
        Create or Undelete => TimeSpan.FromMinutes(5),
        _ => TimeSpan.FromMinutes(3),
    };

    /// <summary>Brings an operation up to date with what is seen, up to its end.</summary>
    public static void Advance(Operation operation, ClusterProgress progress, string owner, DateTimeOffset now)
    {
        operation.Start(owner, now);
        if (IsSuperseded(operation, progress))
        {
            operation.Cancel(now);
            return;
        }

        if (operation.State == OperationState.Cancelling)
        {
            return;
        }

        foreach (var step in operation.Steps)
        {
            var (state, attempts, error) = Fact(step.Name, progress);
            operation.ReportStep(step.Name, state, now, attempts, error);
        }

        var obstacle = Obstacle(operation, progress);
        operation.ReportObstacle(obstacle, obstacle is null ? null : now + PauseAfter(now - operation.CreatedAt));
        if (operation.Kind == Purge && progress.Plan.Phase == ClusterPhase.Deleting)
        {
            operation.ForbidCancel();
        }

        if (IsDone(operation, progress))
        {
            operation.Succeed(now);
        }
    }

    /// <summary>
    /// How long to leave an obstacle alone that no event will remove: a quarter of the time already spent, so that the number of tries
    /// grows with the logarithm of the wait.
    /// </summary>
    private static TimeSpan PauseAfter(TimeSpan spent) =>
        TimeSpan.FromSeconds(Math.Clamp(spent.TotalSeconds / 4, 1, 60));

    private static bool IsSuperseded(Operation operation, ClusterProgress progress)
    {
        var wish = progress.View.Wish;
        if (operation.State == OperationState.Cancelling)
        {
            // Cancelling a create purges: it is cancelled once nothing is left.
            return IsGone(progress);
        }

        return operation.Kind switch
        {
            Create or Update or Undelete => wish != ClusterWish.Running,
            _ => wish == ClusterWish.Running,
        };
    }

    private static bool IsDone(Operation operation, ClusterProgress progress) => operation.Kind switch
    {
        Purge => IsGone(progress),
        Delete => IsGone(progress) || operation.Steps.All(step => step.State == StepState.Succeeded),
        _ => progress.Plan.Step == PlanStep.Settle && operation.Generation <= progress.View.Generation,
    };

    private static bool IsGone(ClusterProgress progress) =>
        progress.View.Wish == ClusterWish.Purged && progress.Plan.Step is PlanStep.Settle or PlanStep.Release;

    private static (StepState State, int Attempts, string? Error) Fact(string step, ClusterProgress progress)
    {
        var view = progress.View;
        switch (step)
        {
            case Place:
                return progress.IsLaidOut || view.Blueprint is not null
                    ? (StepState.Succeeded, 1, null)
                    : (StepState.Running, 1, progress.Obstacle?.Detail);
            case Apply:
                return progress.Plan.Step == PlanStep.Settle ? (StepState.Succeeded, 1, null) : (StepState.Running, 1, null);
            case RemoveData:
                return All(view.Instances, ObservedInstanceState.Removed)
                    ? (StepState.Succeeded, 1, null)
                    : (StepState.Running, 1, FirstError(view.Instances));
            case ReleaseHosts:
                return IsGone(progress) ? (StepState.Succeeded, 1, null) : (StepState.Pending, 0, null);
            default:
                return RoleFact(step, progress);
        }
    }

    private static (StepState State, int Attempts, string? Error) RoleFact(string step, ClusterProgress progress)
    {
        var view = progress.View;
        var role = StartOrder.First(candidate => step == StartStep(candidate) || step == StopStep(candidate));
        var instances = view.Instances.Where(instance => instance.Role == role).ToList();
        if (step == StopStep(role))
        {
            return (view.BlueprintMatches || view.Blueprint is null)
                && All(instances, ObservedInstanceState.Stopped, ObservedInstanceState.Removed)
                ? (StepState.Succeeded, 1, null)
                : (StepState.Running, 1, FirstError(instances));
        }

        if (!progress.IsLaidOut)
        {
            return (StepState.Pending, 0, null);
        }

        var attempts = 1 + instances.Sum(instance => instance.Crashes);
        return view.BlueprintMatches && All(instances, ObservedInstanceState.Ready)
            ? (StepState.Succeeded, attempts, null)
            : (StepState.Running, attempts, FirstError(instances));
    }

    private static OperationError? Obstacle(Operation operation, ClusterProgress progress)
    {
        if (progress.Obstacle is not null)
        {
            return progress.Obstacle;
        }

        var failing = operation.Steps.FirstOrDefault(step => step.Error is not null);
        return failing is null ? null : new OperationError("instance-failed", $"{failing.Name}: {failing.Error}");
    }

    private static bool All(IReadOnlyList<InstanceView> instances, params ObservedInstanceState[] states) =>
        instances.All(instance => instance.Is(states));

    private static string? FirstError(IReadOnlyList<InstanceView> instances) =>
        instances.FirstOrDefault(instance => instance.LastError is not null)?.LastError;

    private static string StartStep(InstanceRole role) => $"start-{role.Word()}";

    private static string StopStep(InstanceRole role) => $"stop-{role.Word()}";
}
