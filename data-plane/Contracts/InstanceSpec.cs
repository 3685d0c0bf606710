using System.Text.Json;
using System.Text.Json.Serialization;
using Cloud.Kernel;

namespace Cloud.Contracts;

/// <summary>What the control plane wants of one instance.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DesiredInstanceState>))]
public enum DesiredInstanceState
{
    /// <summary>The process runs.</summary>
    [JsonStringEnumMemberName("running")]
    Running,

    /// <summary>No process and no bound port; data and ports stay reserved.</summary>
    [JsonStringEnumMemberName("stopped")]
    Stopped,

    /// <summary>No process, no port, no data folder. The only state in which an agent may delete data.</summary>
    [JsonStringEnumMemberName("removed")]
    Removed,
}

/// <summary>
/// One instance of a blueprint: the wish, complete in itself, so that an agent can act on it without the control plane.
/// Unknown fields of a newer control plane are kept (<see cref="Extra"/>) and written back to the agent's state file.
/// </summary>
public sealed record InstanceSpec
{
    public required InstanceId Id { get; init; }

    public required ClusterId ClusterId { get; init; }

    public required InstanceRole Role { get; init; }

    /// <summary>Software version to run, for example <c>0.1.0</c>; the agent maps it to a folder of binaries.</summary>
    public required string Version { get; init; }

    /// <summary>Number of the blueprint this spec comes from; grows with every change. A lower number than seen is ignored.</summary>
    public required long Blueprint { get; init; }

    public required DesiredInstanceState State { get; init; }

    public required ResourceLimits Limits { get; init; }

    /// <summary>Written as the process's configuration file before every start, and again when it changes.</summary>
    public required NodeConfig Config { get; init; }

    /// <summary>Grows when a restart is wished for without another change; a higher number than the running process's restarts it.</summary>
    public long RestartGeneration { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Extra { get; init; }
}

/// <summary>Upper bounds of one instance, enforced by cgroup where the host allows and by runtime settings otherwise.</summary>
/// <param name="CpuMillicores">Thousandths of a core; 1000 is one core.</param>
/// <param name="MemoryBytes">Resident memory.</param>
/// <param name="VolumeBytes">Data folder; 0 for stateless roles.</param>
public sealed record ResourceLimits(int CpuMillicores, long MemoryBytes, long VolumeBytes);
