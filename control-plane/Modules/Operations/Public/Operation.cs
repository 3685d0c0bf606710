using Cloud.Kernel;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Data;

namespace Cloud.Modules.Operations.Public;

/// <summary>What a new operation is to do.</summary>
internal sealed record OperationOrder
{
    public required OrganizationId OrganizationId { get; init; }

    public required ProjectId? ProjectId { get; init; }

    public required ClusterId? ClusterId { get; init; }

    public required string Kind { get; init; }

    /// <summary>Text of the target's id.</summary>
    public required string Target { get; init; }

    public required long Generation { get; init; }

    /// <summary>Names of the steps: at least one, distinct.</summary>
    public required IReadOnlyList<string> Steps { get; init; }

    public required bool Cancellable { get; init; }

    /// <summary>How long one attempt may take; positive.</summary>
    public required TimeSpan Allowance { get; init; }
}

/// <summary>
/// One piece of work on one target that goes on after its request was answered. Written by the request that starts it, then only by
/// the worker that holds the target's lease, except for <see cref="RequestCancel"/> and <see cref="Retry"/>.
/// </summary>
/// <remarks>
/// Invariants: an ended operation changes only by <see cref="Retry"/>; steps are never removed or reordered; <see cref="EndedAt"/> is set
/// exactly in the end states; a deadline is missed at most once per attempt.
/// </remarks>
internal sealed class Operation : ITenantOwned
{
    private Operation()
    {
    }

    public OperationId Id { get; private init; }

    public OrganizationId OrganizationId { get; private init; }

    /// <summary>Null for what is above projects.</summary>
    public ProjectId? ProjectId { get; private init; }

    /// <summary>Null for what is no work on a cluster.</summary>
    public ClusterId? ClusterId { get; private init; }

    /// <summary>What is done, for example <c>cluster.create</c>.</summary>
    public string Kind { get; private init; } = string.Empty;

    /// <summary>Text of the target's id.</summary>
    public string Target { get; private init; } = string.Empty;

    /// <summary>The target's generation that this operation brings about.</summary>
    public long Generation { get; private init; }

    public OperationState State { get; private set; }

    /// <summary>At least one.</summary>
    public IReadOnlyList<OperationStep> Steps { get; private set; } = [];

    public DateTimeOffset CreatedAt { get; private init; }

    public DateTimeOffset? StartedAt { get; private set; }

    public DateTimeOffset? EndedAt { get; private set; }

    /// <summary>When the work is late; a missed deadline is recorded once and alerts.</summary>
    public DateTimeOffset Deadline { get; private set; }

    /// <summary>How long one attempt may take.</summary>
    public TimeSpan Allowance { get; private init; }

    /// <summary>When the deadline was found to be missed; null while it is not.</summary>
    public DateTimeOffset? DeadlineMissedAt { get; private set; }

    /// <summary>Counts from 1; grows with every <see cref="Retry"/>.</summary>
    public int Attempts { get; private set; } = 1;

    /// <summary>The last error; also while the work still goes on.</summary>
    public OperationError? Error { get; private set; }

    /// <summary>When the worker looks again by itself; null when it waits for an event.</summary>
    public DateTimeOffset? RetryAt { get; private set; }

    /// <summary>The worker that last advanced it; null before.</summary>
    public string? Owner { get; private set; }

    /// <summary>Whether <see cref="RequestCancel"/> is allowed at this moment.</summary>
    public bool Cancellable { get; private set; }

    /// <summary>Whether it succeeded, failed or was cancelled.</summary>
    public bool Ended => State is OperationState.Succeeded or OperationState.Failed or OperationState.Cancelled;

    /// <summary>Whole percent of the steps that succeeded; 100 exactly when the operation succeeded.</summary>
    public int Percent => State == OperationState.Succeeded
        ? 100
        : Math.Min(99, Steps.Count(step => step.State == StepState.Succeeded) * 100 / Steps.Count);

    /// <summary>A pending operation whose deadline lies one allowance ahead.</summary>
    public static Operation Begin(OperationId id, OperationOrder order, DateTimeOffset now)
    {
        Invariant.Require(order.Steps.Count > 0 && order.Steps.Distinct(StringComparer.Ordinal).Count() == order.Steps.Count);
        Invariant.Require(order.Allowance > TimeSpan.Zero, $"an allowance is positive: {order.Allowance}");
        return new Operation
        {
            Id = id,
            OrganizationId = order.OrganizationId,
            ProjectId = order.ProjectId,
            ClusterId = order.ClusterId,
            Kind = order.Kind,
            Target = order.Target,
            Generation = order.Generation,
            State = OperationState.Pending,
            Steps = [.. order.Steps.Select(name => new OperationStep(name, StepState.Pending))],
            CreatedAt = now,
            Deadline = now + order.Allowance,
            Allowance = order.Allowance,
            Cancellable = order.Cancellable,
        };
    }

    /// <summary>A worker took it up. Nothing happens when it runs already or has ended.</summary>
    public void Start(string owner, DateTimeOffset now)
    {
        if (Ended)
        {
            return;
        }

        Owner = owner;
        StartedAt ??= now;
        if (State == OperationState.Pending)
        {
            State = OperationState.Running;
        }
    }

    /// <summary>Replaces the facts about a step; a step that has ended stays as it is. Nothing happens after the end.</summary>
    public void ReportStep(string name, StepState state, DateTimeOffset now, int attempts = 1, string? error = null)
    {
        if (Ended)
        {
            return;
        }

        var at = IndexOf(name);
        var step = Steps[at];
        if (step.State is StepState.Succeeded or StepState.Cancelled)
        {
            return;
        }

        var begun = state != StepState.Pending;
        var next = step with
        {
            State = state,
            StartedAt = begun ? step.StartedAt ?? now : step.StartedAt,
            EndedAt = state is StepState.Succeeded or StepState.Failed or StepState.Cancelled ? now : null,
            Attempts = begun ? Math.Max(step.Attempts, attempts) : step.Attempts,
            Error = state == StepState.Succeeded ? null : error,
        };
        if (next != step)
        {
            Steps = [.. Steps.Take(at), next, .. Steps.Skip(at + 1)];
        }
    }

    /// <summary>Notes an obstacle that the worker cannot remove, while the work goes on.</summary>
    public void ReportObstacle(OperationError? error, DateTimeOffset? retryAt)
    {
        if (!Ended)
        {
            Error = error;
            RetryAt = retryAt;
        }
    }

    /// <summary>From now on it cannot be cancelled.</summary>
    public void ForbidCancel() => Cancellable = false;

    /// <summary>All is done: open steps succeed with it. Nothing happens after the end.</summary>
    public void Succeed(DateTimeOffset now)
    {
        if (!Ended)
        {
            End(OperationState.Succeeded, StepState.Succeeded, null, now);
        }
    }

    /// <summary>Ends with an error. Nothing happens after the end.</summary>
    public void Fail(OperationError error, DateTimeOffset now)
    {
        if (!Ended)
        {
            End(OperationState.Failed, StepState.Failed, error, now);
        }
    }

    /// <summary>Ends because its effect is undone or superseded. Nothing happens after the end.</summary>
    public void Cancel(DateTimeOffset now)
    {
        if (!Ended)
        {
            End(OperationState.Cancelled, StepState.Cancelled, Error, now);
        }
    }

    /// <summary>Asks for what it did to be undone.</summary>
    /// <returns>A failure when it has ended or cannot be cancelled; asking twice is harmless.</returns>
    public Outcome<Nothing> RequestCancel()
    {
        if (State == OperationState.Cancelling)
        {
            return Nothing.Value;
        }

        if (Ended || !Cancellable)
        {
            return new Failure(
                OperationErrorCodes.NotCancellable, $"Operation {Id} is {Word(State)} and cannot be cancelled: wait for its end.");
        }

        State = OperationState.Cancelling;
        Cancellable = false;
        return Nothing.Value;
    }

    /// <summary>Gives a failed operation another attempt with a fresh deadline.</summary>
    public Outcome<Nothing> Retry(DateTimeOffset now)
    {
        if (State != OperationState.Failed)
        {
            return new Failure(
                OperationErrorCodes.NotRetryable, $"Operation {Id} is {Word(State)}; only a failed operation can be retried.");
        }

        State = OperationState.Running;
        Attempts++;
        EndedAt = null;
        DeadlineMissedAt = null;
        RetryAt = null;
        Error = null;
        Deadline = now + Allowance;
        Steps =
        [
            .. Steps.Select(step => step.State is StepState.Succeeded
                ? step
                : step with { State = StepState.Pending, EndedAt = null, Error = null }),
        ];
        return Nothing.Value;
    }

    /// <summary>Whether the deadline has passed and that was not recorded yet; records it.</summary>
    public bool MissDeadline(DateTimeOffset now)
    {
        if (Ended || DeadlineMissedAt is not null || now < Deadline)
        {
            return false;
        }

        DeadlineMissedAt = now;
        return true;
    }

    private void End(OperationState state, StepState openSteps, OperationError? error, DateTimeOffset now)
    {
        foreach (var step in Steps.Where(step => step.State is StepState.Pending or StepState.Running).ToList())
        {
            var end = openSteps == StepState.Failed && step.State == StepState.Pending ? StepState.Cancelled : openSteps;
            ReportStep(step.Name, end, now, Math.Max(1, step.Attempts), step.Error);
        }

        State = state;
        EndedAt = now;
        Error = error;
        RetryAt = null;
        Cancellable = false;
    }

    private int IndexOf(string name)
    {
        for (var i = 0; i < Steps.Count; i++)
        {
            if (string.Equals(Steps[i].Name, name, StringComparison.Ordinal))
            {
                return i;
            }
        }

        throw new InvariantViolatedException($"operation {Id} of kind {Kind} has no step '{name}'");
    }

    private static string Word(OperationState state) => state.ToString().ToLowerInvariant();
}
