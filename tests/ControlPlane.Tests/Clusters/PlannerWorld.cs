using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Clusters.Domain;
using Shouldly;

namespace Cloud.ControlPlane.Tests.Clusters;

/// <summary>The smallest world the planner can act on: one blueprint's wish, and agents that obey it in their own time.</summary>
internal sealed class PlannerWorld(SeededRandom random)
{
    private static readonly InstanceRole[] Roles = [InstanceRole.Pd, InstanceRole.Storage, InstanceRole.Sql];

    private ClusterView _view = ClusterPlannerTests.View(ClusterWish.Running) with { Blueprint = null, BlueprintMatches = false };
    private ClusterWish _laidOut = ClusterWish.Running;
    private bool _purged;

    public void Scramble()
    {
        ChangeWish();
        var laidOut = random.Chance(0.8);
        _laidOut = (ClusterWish)random.Next(3);
        _view = _view with
        {
            ObservedGeneration = random.Next(2),
            WasAvailable = random.Chance(0.5),
            Undeleted = random.Chance(0.3),
            Overdue = random.Chance(0.3),
            Blueprint = laidOut ? random.Next(1, 9) : null,
            Instances = laidOut ? [.. Roles.Select(ScrambledInstance)] : [],
        };
        Refresh();
    }

    public void ChangeWish()
    {
        // Data that is gone cannot be wished back.
        var wish = _view.Wish == ClusterWish.Purged ? ClusterWish.Purged : (ClusterWish)random.Next(3);
        _view = _view with { Wish = wish, Generation = _view.Generation + 1 };
        Refresh();
    }

    public ClusterPlan StepOnce()
    {
        var plan = ClusterPlanner.Plan(_view);
        switch (plan.Step)
        {
            case PlanStep.Provision:
                _laidOut = _view.Wish;
                _view = _view with { Blueprint = 1, Instances = [.. Roles.Select(role => ClusterPlannerTests.Instance(null, role))] };
                break;
            case PlanStep.Reshape:
                _laidOut = _view.Wish;
                _view = _view with
                {
                    Blueprint = _view.Blueprint + 1,
                    Instances = [.. _view.Instances.Select(instance => instance with { Current = false })],
                };
                break;
            case PlanStep.MovePorts:
                _view = _view with
                {
                    Instances = [.. _view.Instances.Select(instance => instance with { Current = false, ErrorCode = null })],
                };
                break;
            case PlanStep.Release:
                _view = _view with { Blueprint = null, Instances = [] };
                _purged = true;
                break;
            case PlanStep.Settle:
                _view = _view with { ObservedGeneration = _view.Generation, WasAvailable = _view.Wish == ClusterWish.Running };
                break;
        }

        Refresh();
        return plan;
    }

    public void SomeAgentsAct() => Act(0.5);

    public void Converge(int stepsMax, string because)
    {
        for (var steps = 0; steps <= stepsMax; steps++)
        {
            var plan = StepOnce();
            if (plan.Step == PlanStep.Settle)
            {
                return;
            }

            Act(1);
        }

        throw new ShouldAssertException($"{because}: not settled after {stepsMax} steps: {_view}");
    }

    public void ShouldMatchWish(string because)
    {
        _view.ObservedGeneration.ShouldBe(_view.Generation, because);
        switch (_view.Wish)
        {
            case ClusterWish.Purged:
                _view.Blueprint.ShouldBeNull(because);
                break;
            case ClusterWish.Deleted:
                _view.Instances.ShouldAllBe(
                    instance => instance.Is(ObservedInstanceState.Stopped, ObservedInstanceState.Removed), because);
                break;
            default:
                _view.Instances.Count.ShouldBe(Roles.Length, because);
                _view.Instances.ShouldAllBe(instance => instance.Is(ObservedInstanceState.Ready), because);
                _purged.ShouldBeFalse(because);
                break;
        }
    }

    private void Act(double probability)
    {
        var target = _laidOut switch
        {
            ClusterWish.Running => ObservedInstanceState.Ready,
            ClusterWish.Deleted => ObservedInstanceState.Stopped,
            _ => ObservedInstanceState.Removed,
        };
        _view = _view with
        {
            Instances =
            [
                .. _view.Instances.Select(instance => random.Chance(probability)
                    ? instance with { Observed = target, Current = true, ErrorCode = null, WasReady = target == ObservedInstanceState.Ready }
                    : instance),
            ],
        };
    }

    private void Refresh() => _view = _view with
    {
        BlueprintMatches = _view.Blueprint is not null && _laidOut == _view.Wish,
    };

    private InstanceView ScrambledInstance(InstanceRole role) =>
        ClusterPlannerTests.Instance(
            random.Chance(0.1) ? null : (ObservedInstanceState)random.Next(Enum.GetValues<ObservedInstanceState>().Length), role) with
        {
            Current = random.Chance(0.7),
            WasReady = random.Chance(0.5),
            HostSilent = random.Chance(0.2),
            ErrorCode = random.Chance(0.3) ? InstanceErrorCodes.PortTaken : null,
        };
}
