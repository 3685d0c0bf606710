using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Clusters.Domain;
using Shouldly;
using Xunit;

namespace Cloud.ControlPlane.Tests.Clusters;

public sealed class ClusterPlannerTests
{
    private const int StepsMax = 5;

    /// <summary>From any stored state, any last word of the agents and any wish, the planner's steps end where the wish says.</summary>
    [Fact]
    public void Every_state_converges_to_the_wish()
    {
        for (var seed = 1UL; seed <= 5_000; seed++)
        {
            var world = new PlannerWorld(new SeededRandom(seed));
            world.Scramble();
            world.Converge(StepsMax, $"seed {seed}");
            world.ShouldMatchWish($"seed {seed}");
        }
    }

    [Fact]
    public void A_wish_that_changes_on_the_way_converges_to_the_last_one()
    {
        for (var seed = 1UL; seed <= 2_000; seed++)
        {
            var random = new SeededRandom(seed);
            var world = new PlannerWorld(random);
            for (var change = 0; change < 6; change++)
            {
                world.ChangeWish();
                for (var i = random.Next(4); i > 0; i--)
                {
                    world.StepOnce();
                    world.SomeAgentsAct();
                }
            }

            world.Converge(StepsMax, $"seed {seed}");
            world.ShouldMatchWish($"seed {seed}");
        }
    }

    [Fact]
    public void What_a_stale_agent_says_settles_nothing()
    {
        var view = View(ClusterWish.Running, Instance(ObservedInstanceState.Ready) with { Current = false });
        ClusterPlanner.Plan(view).Step.ShouldBe(PlanStep.Wait);
        ClusterPlanner.Plan(View(ClusterWish.Purged, Instance(ObservedInstanceState.Removed) with { Current = false }))
            .Step.ShouldBe(PlanStep.Wait);
    }

    [Fact]
    public void Ports_move_only_before_the_first_readiness_and_never_behind_a_silent_agents_back()
    {
        var refused = Instance(ObservedInstanceState.Refused) with { ErrorCode = InstanceErrorCodes.PortTaken };
        ClusterPlanner.Plan(View(ClusterWish.Running, refused)).Step.ShouldBe(PlanStep.MovePorts);
        ClusterPlanner.Plan(View(ClusterWish.Running, refused with { WasReady = true })).Step.ShouldBe(PlanStep.Wait);
        ClusterPlanner.Plan(View(ClusterWish.Running, refused with { HostSilent = true })).Step.ShouldBe(PlanStep.Wait);
        ClusterPlanner.Plan(View(ClusterWish.Running, refused with { Current = false })).Step.ShouldBe(PlanStep.Wait);
        ClusterPlanner.Plan(View(ClusterWish.Deleted, refused)).Step.ShouldBe(PlanStep.Wait);
    }

    [Fact]
    public void A_crash_leaves_an_available_cluster_available_and_says_why_it_is_not_ready()
    {
        var view = View(ClusterWish.Running, Instance(ObservedInstanceState.Crashed) with { LastError = "exit code 134" })
            with { WasAvailable = true, ObservedGeneration = 1 };
        var plan = ClusterPlanner.Plan(view);
        plan.Phase.ShouldBe(ClusterPhase.Available);

        var conditions = ClusterConditions.Of(view, plan, null, [], DateTimeOffset.UnixEpoch);
        var ready = conditions.Single(condition => condition.Type == ClusterConditions.Ready);
        ready.Status.ShouldBeFalse();
        ready.Message.ShouldContain("exit code 134");
    }

    [Fact]
    public void Phases_follow_the_wish_and_the_history()
    {
        var waiting = View(ClusterWish.Running, Instance(ObservedInstanceState.Starting));
        Phase(waiting).ShouldBe(ClusterPhase.Creating);
        Phase(waiting with { Overdue = true }).ShouldBe(ClusterPhase.Failed);
        Phase(waiting with { Undeleted = true }).ShouldBe(ClusterPhase.Resuming);
        Phase(waiting with { WasAvailable = true }).ShouldBe(ClusterPhase.Updating);
        Phase(waiting with { Wish = ClusterWish.Deleted }).ShouldBe(ClusterPhase.Deleting);
        Phase(View(ClusterWish.Deleted, Instance(ObservedInstanceState.Stopped))).ShouldBe(ClusterPhase.Deleted);

        static ClusterPhase Phase(ClusterView view) => ClusterPlanner.Plan(view).Phase;
    }

    [Fact]
    public void Conditions_keep_the_instant_since_which_they_hold()
    {
        var view = View(ClusterWish.Running, Instance(ObservedInstanceState.Ready));
        var plan = ClusterPlanner.Plan(view);
        var first = ClusterConditions.Of(view, plan, null, [], DateTimeOffset.UnixEpoch);
        var later = ClusterConditions.Of(view, plan, null, first, DateTimeOffset.UnixEpoch.AddDays(1));
        later.ShouldBe(first);
        later.Single(condition => condition.Type == ClusterConditions.DataProtected).Message.ShouldContain("One replica, no backup");

        var silent = View(ClusterWish.Running, Instance(ObservedInstanceState.Ready) with { HostSilent = true });
        var changed = ClusterConditions.Of(silent, plan, null, first, DateTimeOffset.UnixEpoch.AddDays(1));
        changed.Single(condition => condition.Type == ClusterConditions.AgentReachable).Since
            .ShouldBe(DateTimeOffset.UnixEpoch.AddDays(1));
    }

    internal static ClusterView View(ClusterWish wish, params InstanceView[] instances) => new()
    {
        Wish = wish,
        Generation = 1,
        ObservedGeneration = 0,
        WasAvailable = false,
        Undeleted = false,
        Overdue = false,
        Blueprint = 1,
        BlueprintMatches = true,
        Instances = instances,
    };

    internal static InstanceView Instance(ObservedInstanceState? state, InstanceRole role = InstanceRole.Sql) => new()
    {
        Id = InstanceId.From(Guid.CreateVersion7()),
        Role = role,
        Observed = state,
        Current = true,
        WasReady = false,
        HostSilent = false,
    };
}
