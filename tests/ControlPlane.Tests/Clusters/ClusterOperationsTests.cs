using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Clusters.Domain;
using Cloud.Modules.Operations.Public;
using Shouldly;
using Xunit;

namespace Cloud.ControlPlane.Tests.Clusters;

public sealed class ClusterOperationsTests
{
    private static readonly DateTimeOffset Noon = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_create_walks_through_its_steps_as_its_instances_become_ready()
    {
        var operation = Begin(ClusterOperations.Create);
        Advance(operation, View(ClusterWish.Running) with { Blueprint = null, BlueprintMatches = false });
        States(operation).ShouldBe([StepState.Succeeded, StepState.Running, StepState.Running, StepState.Running]);

        Advance(operation, View(
            ClusterWish.Running,
            Instance(InstanceRole.Pd, ObservedInstanceState.Ready),
            Instance(InstanceRole.Storage, ObservedInstanceState.Starting),
            Instance(InstanceRole.Sql, ObservedInstanceState.Starting)));
        States(operation).ShouldBe([StepState.Succeeded, StepState.Succeeded, StepState.Running, StepState.Running]);
        operation.Percent.ShouldBe(50);

        Advance(operation, View(
            ClusterWish.Running,
            Instance(InstanceRole.Pd, ObservedInstanceState.Ready),
            Instance(InstanceRole.Storage, ObservedInstanceState.Ready),
            Instance(InstanceRole.Sql, ObservedInstanceState.Ready)));
        operation.State.ShouldBe(OperationState.Succeeded);
    }

    [Fact]
    public void An_obstacle_is_shown_and_tried_again_ever_more_rarely()
    {
        var operation = Begin(ClusterOperations.Create);
        var view = View(ClusterWish.Running) with { Blueprint = null, BlueprintMatches = false };
        var obstacle = new OperationError("no-host", "There is no host.");

        Advance(operation, view, obstacle, Noon.AddSeconds(1));
        operation.Error.ShouldBe(obstacle);
        operation.RetryAt.ShouldBe(Noon.AddSeconds(2));
        operation.Steps[0].State.ShouldBe(StepState.Running);
        operation.Steps[0].Error.ShouldBe(obstacle.Detail);
        operation.Steps[1].State.ShouldBe(StepState.Pending);

        Advance(operation, view, obstacle, Noon.AddSeconds(40));
        operation.RetryAt.ShouldBe(Noon.AddSeconds(50));
        Advance(operation, view, obstacle, Noon.AddHours(1));
        operation.RetryAt.ShouldBe(Noon.AddHours(1).AddSeconds(60));

        Advance(operation, view, null, Noon.AddHours(2));
        operation.Error.ShouldBeNull();
        operation.RetryAt.ShouldBeNull();
    }

    [Fact]
    public void A_crash_counts_as_another_attempt_of_its_step()
    {
        var operation = Begin(ClusterOperations.Create);
        Advance(operation, View(
            ClusterWish.Running,
            Instance(InstanceRole.Pd, ObservedInstanceState.Crashed) with { Crashes = 2, LastError = "exit code 1" }));
        operation.Steps[1].Attempts.ShouldBe(3);
        operation.Steps[1].Error.ShouldBe("exit code 1");
        operation.Error!.Detail.ShouldContain("exit code 1");
    }

    [Theory]
    [InlineData(ClusterOperations.Create, nameof(ClusterWish.Deleted), true)]
    [InlineData(ClusterOperations.Update, nameof(ClusterWish.Purged), true)]
    [InlineData(ClusterOperations.Undelete, nameof(ClusterWish.Deleted), true)]
    [InlineData(ClusterOperations.Delete, nameof(ClusterWish.Running), true)]
    [InlineData(ClusterOperations.Delete, nameof(ClusterWish.Purged), false)]
    public void What_the_owner_no_longer_wishes_for_is_cancelled(string kind, string wish, bool cancelled)
    {
        var operation = Begin(kind);
        Advance(operation, View(
            Enum.Parse<ClusterWish>(wish), Instance(InstanceRole.Sql, ObservedInstanceState.Starting) with { Current = false }));
        (operation.State == OperationState.Cancelled).ShouldBe(cancelled);
    }

    [Fact]
    public void A_cancelled_create_is_cancelled_only_when_nothing_is_left()
    {
        var operation = Begin(ClusterOperations.Create);
        operation.RequestCancel().Succeeded.ShouldBeTrue();

        // The cancel may commit between two reads of a pass: an old wish proves nothing.
        Advance(operation, View(ClusterWish.Running, Instance(InstanceRole.Sql, ObservedInstanceState.Ready)));
        operation.State.ShouldBe(OperationState.Cancelling);
        Advance(operation, View(ClusterWish.Purged, Instance(InstanceRole.Sql, ObservedInstanceState.Stopping)));
        operation.State.ShouldBe(OperationState.Cancelling);
        Advance(operation, View(ClusterWish.Purged, Instance(InstanceRole.Sql, ObservedInstanceState.Removed)));
        operation.State.ShouldBe(OperationState.Cancelled);
    }

    [Fact]
    public void A_purge_ends_when_hosts_are_released()
    {
        var operation = Begin(ClusterOperations.Purge);
        Advance(operation, View(ClusterWish.Purged, Instance(InstanceRole.Sql, ObservedInstanceState.Stopped)));
        operation.State.ShouldBe(OperationState.Running);
        operation.Steps.Single(step => step.Name == "stop-sql").State.ShouldBe(StepState.Succeeded);
        operation.Steps.Single(step => step.Name == "remove-data").State.ShouldBe(StepState.Running);

        Advance(operation, View(ClusterWish.Purged, Instance(InstanceRole.Sql, ObservedInstanceState.Removed)));
        operation.State.ShouldBe(OperationState.Succeeded);
    }

    private static void Advance(
        Operation operation, ClusterView view, OperationError? obstacle = null, DateTimeOffset? now = null) =>
        ClusterOperations.Advance(
            operation, new ClusterProgress(view, ClusterPlanner.Plan(view), obstacle), "worker", now ?? Noon);

    private static IEnumerable<StepState> States(Operation operation) => operation.Steps.Select(step => step.State);

    private static ClusterView View(ClusterWish wish, params InstanceView[] instances) => ClusterPlannerTests.View(wish, instances);

    private static InstanceView Instance(InstanceRole role, ObservedInstanceState state) => ClusterPlannerTests.Instance(state, role);

    private static Operation Begin(string kind) => Operation.Begin(
        OperationId.From(Guid.CreateVersion7()),
        new OperationOrder
        {
            OrganizationId = OrganizationId.From(Guid.CreateVersion7()),
            ProjectId = null,
            ClusterId = ClusterId.From(Guid.CreateVersion7()),
            Kind = kind,
            Target = "clu_x",
            Generation = 1,
            Steps = ClusterOperations.StepsOf(kind),
            Cancellable = true,
            Allowance = ClusterOperations.AllowanceOf(kind),
        },
        Noon);
}
