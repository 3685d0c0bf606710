namespace Cloud.Portal.Api;

/// <summary>Work that the control plane carries out.</summary>
public sealed record Operation
{
    public required string Id { get; init; }

    public required string Kind { get; init; }

    public string? Target { get; init; }

    public required string State { get; init; }

    public IReadOnlyList<OperationStep> Steps { get; init; } = [];

    public int Percent { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public DateTimeOffset? Deadline { get; init; }

    public OperationError? Error { get; init; }

    public bool Cancellable { get; init; }

    /// <summary>Whether nothing more will happen.</summary>
    public bool Ended => State is "succeeded" or "failed" or "cancelled";
}

/// <summary>Why an operation failed, or what it last stumbled over.</summary>
public sealed record OperationError(string Code, string Detail);

/// <summary>One named step of an operation.</summary>
public sealed record OperationStep(
    string Name, string State, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, int Attempts, string? Error);
