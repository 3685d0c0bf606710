using Cloud.Contracts;
using Cloud.Kernel;

namespace Cloud.Modules.Clusters.Domain;

/// <summary>The one thing to do next.</summary>
internal enum PlanStep
{
    /// <summary>Nothing to do until something is observed.</summary>
    Wait,

    /// <summary>The fact equals the wish.</summary>
    Settle,

    /// <summary>Lay the cluster out over hosts for the first time.</summary>
    Provision,

    /// <summary>Write the next blueprint.</summary>
    Reshape,

    /// <summary>Give other ports to <see cref="ClusterPlan.Instances"/>.</summary>
    MovePorts,

    /// <summary>Forget instances, ports and blueprints: nothing of the cluster is left on any host.</summary>
    Release,
}

/// <summary>What <see cref="ClusterPlanner"/> computed.</summary>
/// <param name="Phase">The state to show while this plan holds.</param>
/// <param name="Reason">For operators: why this step.</param>
internal sealed record ClusterPlan(PlanStep Step, ClusterPhase Phase, string Reason)
{
    /// <summary>The instances concerned; empty means all.</summary>
    public IReadOnlyList<InstanceId> Instances { get; init; } = [];
}

/// <summary>
/// Decides the next step from what is wished and what is seen, and from nothing else: no history, no messages. Every state that can be
/// stored is a legal input, and repeating the planned step until <see cref="PlanStep.Settle"/> ends in at most five steps once the
/// agents did their part. Deletion is looked at first, so that it works in every state.
/// </summary>
internal static class ClusterPlanner
{
    public static ClusterPlan Plan(ClusterView view) => view.Wish switch
    {
        ClusterWish.Purged => PlanPurged(view),
        ClusterWish.Deleted => PlanDeleted(view),
        _ => PlanRunning(view),
    };

    private static ClusterPlan PlanPurged(ClusterView view)
    {
        if (view.Blueprint is null)
        {
            return new(PlanStep.Settle, ClusterPhase.Deleted, "nothing of it is on any host");
        }

        if (!view.BlueprintMatches)
        {
            return new(PlanStep.Reshape, ClusterPhase.Deleting, "its data is to be removed");
        }

        return view.Instances.All(instance => instance.Is(ObservedInstanceState.Removed))
            ? new(PlanStep.Release, ClusterPhase.Deleted, "all instances and their data are removed")
            : new(PlanStep.Wait, ClusterPhase.Deleting, "agents are removing instances");
    }

    private static ClusterPlan PlanDeleted(ClusterView view)
    {
        if (view.Blueprint is null)
        {
            return new(PlanStep.Settle, ClusterPhase.Deleted, "it was never laid out");
        }

        if (!view.BlueprintMatches)
        {
            return new(PlanStep.Reshape, ClusterPhase.Deleting, "its processes are to be stopped");
        }

        return view.Instances.All(instance => instance.Is(ObservedInstanceState.Stopped, ObservedInstanceState.Removed))
            ? new(PlanStep.Settle, ClusterPhase.Deleted, "all processes are stopped")
            : new(PlanStep.Wait, ClusterPhase.Deleting, "agents are stopping instances");
    }

    private static ClusterPlan PlanRunning(ClusterView view)
    {
        var phase = RunningPhase(view);
        if (view.Blueprint is null)
        {
            return new(PlanStep.Provision, phase, "it has no blueprint");
        }

        if (!view.BlueprintMatches)
        {
            return new(PlanStep.Reshape, phase, "the wish is newer than the blueprint");
        }

        var moves = view.Instances.Where(NeedsOtherPorts).Select(instance => instance.Id).ToList();
        if (moves.Count > 0)
        {
            return new(PlanStep.MovePorts, phase, "another program holds ports of instances that were never ready")
            {
                Instances = moves,
            };
        }

        return view.Instances.All(instance => instance.Is(ObservedInstanceState.Ready))
            ? new(PlanStep.Settle, ClusterPhase.Available, "all instances are ready")
            : new(PlanStep.Wait, phase, "not all instances are ready");
    }

    // Ports are part of what clients know once the instance was ready; before that, nobody can miss them.
    private static bool NeedsOtherPorts(InstanceView instance) =>
        instance is { WasReady: false, HostSilent: false, ErrorCode: InstanceErrorCodes.PortTaken }
        && instance.Is(ObservedInstanceState.Refused, ObservedInstanceState.Crashed);

    private static ClusterPhase RunningPhase(ClusterView view)
    {
        if (view.WasAvailable)
        {
            return view.ObservedGeneration < view.Generation ? ClusterPhase.Updating : ClusterPhase.Available;
        }

        if (view.Overdue)
        {
            return ClusterPhase.Failed;
        }

        return view.Undeleted ? ClusterPhase.Resuming : ClusterPhase.Creating;
    }
}
