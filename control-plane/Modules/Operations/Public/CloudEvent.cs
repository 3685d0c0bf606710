using Cloud.Kernel;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Data;

namespace Cloud.Modules.Operations.Public;

/// <summary>How urgent an event is.</summary>
internal enum EventSeverity
{
    Information,

    /// <summary>Somebody should look.</summary>
    Alert,
}

/// <summary>Something that happened and that somebody may want to know of. Immutable.</summary>
internal sealed class CloudEvent : ITenantOwned
{
    /// <summary>An operation took longer than it may; once per attempt.</summary>
    public const string DeadlineMissed = "operation.deadline-missed";

    public required Guid Id { get; init; }

    public required OrganizationId OrganizationId { get; init; }

    public ProjectId? ProjectId { get; init; }

    public required string Kind { get; init; }

    public required EventSeverity Severity { get; init; }

    /// <summary>Text of the id of what it happened to.</summary>
    public required string Target { get; init; }

    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>Words and values for people; no secrets.</summary>
    public required IReadOnlyDictionary<string, string> Data { get; init; }
}
