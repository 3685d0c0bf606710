using Cloud.Kernel;
using Cloud.Modules.Operations.Public;
using Shouldly;
using Xunit;

namespace Cloud.ControlPlane.Tests.Operations;

public sealed class OperationTests
{
    private static readonly DateTimeOffset Noon = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Steps_carry_their_times_and_the_whole_its_percent()
    {
        var operation = Begin();
        operation.Percent.ShouldBe(0);
        operation.Start("worker", Noon.AddSeconds(1));
        operation.ReportStep("place", StepState.Running, Noon.AddSeconds(1));
        operation.ReportStep("place", StepState.Succeeded, Noon.AddSeconds(2));
        operation.ReportStep("start", StepState.Running, Noon.AddSeconds(2));

        operation.State.ShouldBe(OperationState.Running);
        operation.Percent.ShouldBe(50);
        operation.Steps[0].ShouldBe(
            new OperationStep("place", StepState.Succeeded, Noon.AddSeconds(1), Noon.AddSeconds(2), 1));

        operation.Succeed(Noon.AddSeconds(3));
        operation.Percent.ShouldBe(100);
        operation.EndedAt.ShouldBe(Noon.AddSeconds(3));
        operation.Steps.ShouldAllBe(step => step.State == StepState.Succeeded);
        operation.Cancellable.ShouldBeFalse();
    }

    [Fact]
    public void Reporting_a_step_twice_changes_nothing()
    {
        var operation = Begin();
        operation.Start("worker", Noon);
        operation.ReportStep("place", StepState.Running, Noon);
        var steps = operation.Steps;

        operation.ReportStep("place", StepState.Running, Noon.AddSeconds(9));

        operation.Steps.ShouldBeSameAs(steps);
    }

    [Fact]
    public void A_step_that_succeeded_stays_so()
    {
        var operation = Begin();
        operation.Start("worker", Noon);
        operation.ReportStep("place", StepState.Succeeded, Noon);

        operation.ReportStep("place", StepState.Running, Noon.AddSeconds(9), error: "late news");

        operation.Steps[0].State.ShouldBe(StepState.Succeeded);
        operation.Steps[0].Error.ShouldBeNull();
    }

    [Fact]
    public void Nothing_changes_after_the_end()
    {
        foreach (var end in new Action<Operation>[]
                 {
                     operation => operation.Succeed(Noon),
                     operation => operation.Fail(new OperationError("x", "y"), Noon),
                     operation => operation.Cancel(Noon),
                 })
        {
            var operation = Begin();
            operation.Start("worker", Noon);
            end(operation);
            var (state, steps, error) = (operation.State, operation.Steps, operation.Error);

            operation.Start("other", Noon.AddHours(1));
            operation.ReportStep("start", StepState.Running, Noon.AddHours(1));
            operation.ReportObstacle(new OperationError("late", "news"), Noon);
            operation.Succeed(Noon.AddHours(1));
            operation.Fail(new OperationError("late", "news"), Noon.AddHours(1));
            operation.Cancel(Noon.AddHours(1));
            operation.MissDeadline(Noon.AddYears(1)).ShouldBeFalse();
            operation.RequestCancel().Succeeded.ShouldBeFalse();

            operation.State.ShouldBe(state);
            operation.Steps.ShouldBeSameAs(steps);
            operation.Error.ShouldBe(error);
            operation.EndedAt.ShouldBe(Noon);
        }
    }

    [Fact]
    public void A_missed_deadline_is_noticed_once()
    {
        var operation = Begin();
        operation.Start("worker", Noon);
        operation.MissDeadline(Noon.AddMinutes(5).AddTicks(-1)).ShouldBeFalse();
        operation.MissDeadline(Noon.AddMinutes(5)).ShouldBeTrue();
        operation.MissDeadline(Noon.AddMinutes(6)).ShouldBeFalse();
        operation.DeadlineMissedAt.ShouldBe(Noon.AddMinutes(5));
    }

    [Fact]
    public void A_failed_operation_gets_a_fresh_deadline_on_retry()
    {
        var operation = Begin();
        operation.Start("worker", Noon);
        operation.ReportStep("place", StepState.Succeeded, Noon);
        operation.ReportStep("start", StepState.Running, Noon);
        operation.MissDeadline(Noon.AddMinutes(5)).ShouldBeTrue();
        operation.Fail(new OperationError(OperationErrorCodes.DeadlineExceeded, "late"), Noon.AddMinutes(5));

        operation.Retry(Noon.AddHours(1)).Succeeded.ShouldBeTrue();

        operation.State.ShouldBe(OperationState.Running);
        operation.Attempts.ShouldBe(2);
        operation.Deadline.ShouldBe(Noon.AddHours(1).AddMinutes(5));
        operation.EndedAt.ShouldBeNull();
        operation.Error.ShouldBeNull();
        operation.Steps.Select(step => step.State).ShouldBe([StepState.Succeeded, StepState.Pending]);
        operation.MissDeadline(Noon.AddHours(2)).ShouldBeTrue();
    }

    [Fact]
    public void Only_a_failed_operation_can_be_retried()
    {
        var operation = Begin();
        operation.Retry(Noon).Failure!.Code.ShouldBe(OperationErrorCodes.NotRetryable);
        operation.Succeed(Noon);
        operation.Retry(Noon).Failure!.Code.ShouldBe(OperationErrorCodes.NotRetryable);
    }

    [Fact]
    public void Cancel_is_asked_for_once_and_then_awaited()
    {
        var operation = Begin();
        operation.RequestCancel().Succeeded.ShouldBeTrue();
        operation.RequestCancel().Succeeded.ShouldBeTrue();
        operation.State.ShouldBe(OperationState.Cancelling);
        operation.Start("worker", Noon);
        operation.State.ShouldBe(OperationState.Cancelling);
        operation.Cancel(Noon);
        operation.State.ShouldBe(OperationState.Cancelled);
    }

    [Fact]
    public void What_may_not_be_cancelled_says_so()
    {
        var operation = Begin();
        operation.ForbidCancel();
        operation.RequestCancel().Failure!.Code.ShouldBe(OperationErrorCodes.NotCancellable);
    }

    [Fact]
    public void A_failure_leaves_steps_that_never_began_cancelled()
    {
        var operation = Begin();
        operation.Start("worker", Noon);
        operation.ReportStep("place", StepState.Running, Noon, error: "no host");
        operation.Fail(new OperationError("deadline-exceeded", "late"), Noon.AddMinutes(1));

        operation.Steps.Select(step => step.State).ShouldBe([StepState.Failed, StepState.Cancelled]);
        operation.Steps[0].Error.ShouldBe("no host");
    }

    private static Operation Begin() => Operation.Begin(
        OperationId.From(Guid.CreateVersion7()),
        new OperationOrder
        {
            OrganizationId = OrganizationId.From(Guid.CreateVersion7()),
            ProjectId = null,
            ClusterId = null,
            Kind = "cluster.create",
            Target = "clu_x",
            Generation = 1,
            Steps = ["place", "start"],
            Cancellable = true,
            Allowance = TimeSpan.FromMinutes(5),
        },
        Noon);
}
