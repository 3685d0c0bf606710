namespace Cloud.Modules.Operations.Public;

/// <summary>An operation as the API shows it.</summary>
internal sealed record OperationReply
{
    public required OperationId Id { get; init; }

    public required string Kind { get; init; }

    public required string Target { get; init; }

    public required OperationState State { get; init; }

    public required IReadOnlyList<OperationStep> Steps { get; init; }

    public required int Percent { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset? StartedAt { get; init; }

    public required DateTimeOffset? EndedAt { get; init; }

    public required DateTimeOffset Deadline { get; init; }

    public required DateTimeOffset? DeadlineMissedAt { get; init; }

    public required int Attempts { get; init; }

    /// <summary>The last error, also while the work still goes on; null when there is none.</summary>
    public required OperationError? Error { get; init; }

    public required DateTimeOffset? RetryAt { get; init; }

    /// <summary>The worker that last advanced it; null before.</summary>
    public required string? Owner { get; init; }

    public required bool Cancellable { get; init; }

    public static OperationReply Of(Operation operation) => new()
    {
        Id = operation.Id,
        Kind = operation.Kind,
        Target = operation.Target,
        State = operation.State,
        Steps = operation.Steps,
        Percent = operation.Percent,
        CreatedAt = operation.CreatedAt,
        StartedAt = operation.StartedAt,
        EndedAt = operation.EndedAt,
        Deadline = operation.Deadline,
        DeadlineMissedAt = operation.DeadlineMissedAt,
        Attempts = operation.Attempts,
        Error = operation.Error,
        RetryAt = operation.RetryAt,
        Owner = operation.Owner,
        Cancellable = operation.Cancellable,
    };

    /// <summary>Path of an operation, for the <c>Operation-Location</c> header.</summary>
    public static string PathOf(OperationId operation) => $"/v1/operations/{operation}";
}
