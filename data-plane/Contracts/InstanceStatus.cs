using System.Text.Json;
using System.Text.Json.Serialization;
using Cloud.Kernel;

namespace Cloud.Contracts;

/// <summary>What an agent sees of one instance.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ObservedInstanceState>))]
public enum ObservedInstanceState
{
    /// <summary>Started, not yet ready.</summary>
    [JsonStringEnumMemberName("starting")]
    Starting,

    /// <summary>The process answers <c>/readyz</c> with 200.</summary>
    [JsonStringEnumMemberName("ready")]
    Ready,

    /// <summary>The process runs but is not ready after having been so.</summary>
    [JsonStringEnumMemberName("unready")]
    Unready,

    /// <summary>The process ended unexpectedly; a restart is pending (see <see cref="InstanceStatus.LastError"/>).</summary>
    [JsonStringEnumMemberName("crashed")]
    Crashed,

    /// <summary>Asked to drain, not yet ended.</summary>
    [JsonStringEnumMemberName("stopping")]
    Stopping,

    /// <summary>No process, data kept.</summary>
    [JsonStringEnumMemberName("stopped")]
    Stopped,

    /// <summary>No process and no data.</summary>
    [JsonStringEnumMemberName("removed")]
    Removed,

    /// <summary>The agent refuses to start it (admission, missing version, port taken); <see cref="InstanceStatus.LastError"/> says why.</summary>
    [JsonStringEnumMemberName("refused")]
    Refused,
}

/// <summary>The fact about one instance, as its agent reports it.</summary>
public sealed record InstanceStatus
{
    public required InstanceId Id { get; init; }

    public required ClusterId ClusterId { get; init; }

    public required InstanceRole Role { get; init; }

    public required ObservedInstanceState State { get; init; }

    /// <summary>Number of the blueprint that is in effect (process started or stopped with it).</summary>
    public required long Blueprint { get; init; }

    public long RestartGeneration { get; init; }

    public required string Version { get; init; }

    /// <summary>Process id; null when there is no process.</summary>
    public int? Pid { get; init; }

    /// <summary>Identifies one life of the process; null when there is none.</summary>
    public string? Incarnation { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it last became ready in this life.</summary>
    public DateTimeOffset? ReadyAt { get; init; }

    /// <summary>Unexpected ends since the agent adopted the instance.</summary>
    public int Crashes { get; init; }

    /// <summary>For people, with a remedy; at most 1,000 characters; null when all is well.</summary>
    public string? LastError { get; init; }

    /// <summary>Stable word for <see cref="LastError"/>: <see cref="InstanceErrorCodes"/>.</summary>
    public string? ErrorCode { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Extra { get; init; }
}

/// <summary>Reasons the control plane acts upon.</summary>
public static class InstanceErrorCodes
{
    /// <summary>Another program holds one of the instance's ports: other ports are to be allocated.</summary>
    public const string PortTaken = "port-taken";

    /// <summary>The host has not enough free memory or disk.</summary>
    public const string InsufficientResources = "insufficient-resources";

    /// <summary>The host has no binaries of this version.</summary>
    public const string VersionMissing = "version-missing";

    /// <summary>The process ended with an error.</summary>
    public const string Crashed = "crashed";
}
