using System.Text.Json;
using System.Text.Json.Serialization;
using Cloud.Kernel;

namespace Cloud.Contracts;

/// <summary>
/// The stream between an agent and the control plane. The agent dials <c>ws(s)://…/agent/v1/stream</c> on the control plane's agent
/// port with <c>Authorization: Bearer &lt;join token or host credential&gt;</c>; both sides send WebSocket text messages, each one JSON
/// object with a <c>type</c> property. Messages are at most <see cref="MessageBytesMax"/>; unknown types and fields are ignored, so that
/// neighbouring versions (N±1) understand each other. Nothing in the stream is remembered by it: snapshots are whole, usage is
/// repeated until accepted.
/// </summary>
public static class AgentProtocol
{
    public const int Version = 1;

    public const string Path = "/agent/v1/stream";

    public const int MessageBytesMax = 16 * 1024 * 1024;

    /// <summary>Either side that heard nothing for this long closes the stream; both send at least every third of it.</summary>
    public static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(15);

    /// <summary>Shared by both sides.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        AllowOutOfOrderMetadataProperties = true,
    };
}

/// <summary>From agent to control plane.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type", IgnoreUnrecognizedTypeDiscriminators = true)]
[JsonDerivedType(typeof(AgentHello), "hello")]
[JsonDerivedType(typeof(ObservedState), "observed")]
[JsonDerivedType(typeof(UsageReport), "usage")]
[JsonDerivedType(typeof(QueryResult), "queryResult")]
[JsonDerivedType(typeof(AgentHeartbeat), "heartbeat")]
public record AgentMessage;

/// <summary>First message of every stream.</summary>
public sealed record AgentHello : AgentMessage
{
    public required int ProtocolVersion { get; init; }

    public required string AgentVersion { get; init; }

    public required string HostName { get; init; }

    /// <summary>The location the host belongs to, for example <c>local</c>.</summary>
    public required string Location { get; init; }

    /// <summary>Random per agent process, so that the control plane tells a reconnect from a restart.</summary>
    public required Guid BootId { get; init; }

    /// <summary>Null when the agent has not joined yet.</summary>
    public HostId? HostId { get; init; }

    public required HostCapacity Capacity { get; init; }

    /// <summary>Software versions whose binaries are on the host.</summary>
    public required IReadOnlyList<string> Versions { get; init; }
}

/// <summary>What a host has, and what is left of it.</summary>
public sealed record HostCapacity
{
    public required int CpuMillicores { get; init; }

    public required long MemoryBytes { get; init; }

    public required long MemoryFreeBytes { get; init; }

    public required long DiskBytes { get; init; }

    public required long DiskFreeBytes { get; init; }

    /// <summary>First port that instances may use.</summary>
    public required int PortFirst { get; init; }

    /// <summary>Last port that instances may use; at most 32767.</summary>
    public required int PortLast { get; init; }

    /// <summary>Ports of that range in use by programs that are not instances of this agent; ascending.</summary>
    public required IReadOnlyList<int> PortsTaken { get; init; }
}

/// <summary>All that the agent sees; sent whole after every change and at least every 5 s.</summary>
public sealed record ObservedState : AgentMessage
{
    /// <summary>Revision of the newest <see cref="DesiredState"/> that the agent has taken over; 0 before the first.</summary>
    public required long Revision { get; init; }

    public required HostCapacity Capacity { get; init; }

    public required IReadOnlyList<InstanceStatus> Instances { get; init; }
}

/// <summary>Keeps an otherwise silent stream open.</summary>
public sealed record AgentHeartbeat : AgentMessage;

/// <summary>Usage windows that were not accepted yet, oldest first, at most 1,000.</summary>
public sealed record UsageReport(IReadOnlyList<UsageWindow> Windows) : AgentMessage;

/// <summary>From control plane to agent.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type", IgnoreUnrecognizedTypeDiscriminators = true)]
[JsonDerivedType(typeof(ControlWelcome), "welcome")]
[JsonDerivedType(typeof(DesiredState), "desired")]
[JsonDerivedType(typeof(UsageAccepted), "usageAccepted")]
[JsonDerivedType(typeof(QueryRequest), "query")]
[JsonDerivedType(typeof(ControlHeartbeat), "heartbeat")]
public record ControlMessage;

/// <summary>Answers <see cref="AgentHello"/>.</summary>
public sealed record ControlWelcome : ControlMessage
{
    public required HostId HostId { get; init; }

    /// <summary>The host's own credential, given once after a join token was used; the agent stores it with mode 0600.</summary>
    public string? Credential { get; init; }

    /// <summary>Length of a usage window.</summary>
    public required int UsageWindowSeconds { get; init; }
}

/// <summary>
/// Everything that is wished for on this host. An instance that is missing is not to be touched: only
/// <see cref="DesiredInstanceState.Stopped"/> and <see cref="DesiredInstanceState.Removed"/> end processes.
/// </summary>
public sealed record DesiredState : ControlMessage
{
    public const int CurrentSchemaVersion = 1;

    public int SchemaVersion { get; init; } = CurrentSchemaVersion;

    /// <summary>Grows with every change on this host and survives restarts of the control plane; an older one is ignored.</summary>
    public required long Revision { get; init; }

    public required IReadOnlyList<InstanceSpec> Instances { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Extra { get; init; }
}

/// <summary>Windows that are stored for good; the agent forgets them.</summary>
public sealed record UsageAccepted(IReadOnlyList<string> WindowIds) : ControlMessage;

/// <summary>Keeps an otherwise silent stream open.</summary>
public sealed record ControlHeartbeat : ControlMessage;

/// <summary>One SQL statement for an instance of role sql on this host.</summary>
public sealed record QueryRequest : ControlMessage
{
    public required Guid QueryId { get; init; }

    public required InstanceId InstanceId { get; init; }

    public required string Sql { get; init; }

    public string? Database { get; init; }

    public required int RowsMax { get; init; }

    public required int TimeoutMs { get; init; }

    /// <summary>Whether the statement may only read.</summary>
    public required bool ReadOnly { get; init; }
}

/// <summary>The end of a <see cref="QueryRequest"/>.</summary>
public sealed record QueryResult : AgentMessage
{
    public required Guid QueryId { get; init; }

    /// <summary>MySQL error number, 0 on success.</summary>
    public int ErrorNumber { get; init; }

    public string? Error { get; init; }

    public IReadOnlyList<QueryColumn> Columns { get; init; } = [];

    /// <summary>Values as text, null for SQL NULL; each row as long as <see cref="Columns"/>.</summary>
    public IReadOnlyList<IReadOnlyList<string?>> Rows { get; init; } = [];

    /// <summary>Whether rows were left out because of the limit.</summary>
    public bool Truncated { get; init; }

    public long AffectedRows { get; init; }

    public double ElapsedMs { get; init; }
}

/// <summary>Name and MySQL type of a result column.</summary>
public sealed record QueryColumn(string Name, string Type);
