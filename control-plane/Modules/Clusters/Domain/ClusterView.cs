using Cloud.Contracts;
using Cloud.Kernel;

namespace Cloud.Modules.Clusters.Domain;

/// <summary>All that a decision about one cluster depends on, loaded in one transaction.</summary>
internal sealed record ClusterView
{
    public required ClusterWish Wish { get; init; }

    /// <summary>Grows with every change a user makes.</summary>
    public required long Generation { get; init; }

    /// <summary>The newest generation that was true in full; 0 before the first.</summary>
    public required long ObservedGeneration { get; init; }

    /// <summary>Whether it was available in its present life: since it was created, or undeleted.</summary>
    public required bool WasAvailable { get; init; }

    /// <summary>Whether it was deleted once and wished back.</summary>
    public required bool Undeleted { get; init; }

    /// <summary>Whether the deadline of the operation that makes it available was missed.</summary>
    public required bool Overdue { get; init; }

    /// <summary>Number of the newest blueprint; null when there is none.</summary>
    public required long? Blueprint { get; init; }

    /// <summary>Whether the newest blueprint says all that the wish asks for; false when there is none.</summary>
    public required bool BlueprintMatches { get; init; }

    /// <summary>The instances of the newest blueprint; empty when there is none.</summary>
    public required IReadOnlyList<InstanceView> Instances { get; init; }
}

/// <summary>One instance: what its agent says about the wish that is in force.</summary>
internal sealed record InstanceView
{
    public required InstanceId Id { get; init; }

    public required InstanceRole Role { get; init; }

    /// <summary>The agent's last word; null when it has said nothing.</summary>
    public required ObservedInstanceState? Observed { get; init; }

    /// <summary>Whether that word was said in knowledge of the newest wish for the instance, and with its blueprint in effect.</summary>
    public required bool Current { get; init; }

    /// <summary>Whether it was ready once, so that clients may know its ports.</summary>
    public required bool WasReady { get; init; }

    public required bool HostSilent { get; init; }

    public int Crashes { get; init; }

    public string? ErrorCode { get; init; }

    public string? LastError { get; init; }

    public bool Is(params ObservedInstanceState[] states) =>
        Current && Observed is { } observed && states.Contains(observed);
}
