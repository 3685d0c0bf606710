using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using Cloud.Kernel;

namespace Cloud.Contracts;

/// <summary>
/// Consumption of one life of one instance in one window. Windows of an incarnation abut: a missing one is a visible gap.
/// Immutable; the id is a function of what it measures, so that storing it twice is impossible.
/// </summary>
public sealed record UsageWindow
{
    public required string Id { get; init; }

    public required ClusterId ClusterId { get; init; }

    public required InstanceId InstanceId { get; init; }

    /// <summary>One life of the process, see <see cref="InstanceStatus.Incarnation"/>.</summary>
    public required string Incarnation { get; init; }

    /// <summary>Inclusive, UTC.</summary>
    public required DateTimeOffset Start { get; init; }

    /// <summary>Exclusive, UTC.</summary>
    public required DateTimeOffset End { get; init; }

    /// <summary>What was counted within the window (not cumulative).</summary>
    public required UsageCounters Counters { get; init; }

    /// <summary>Hex of the first 16 bytes of SHA-256 over cluster, instance, incarnation and start.</summary>
    public static string IdOf(ClusterId cluster, InstanceId instance, string incarnation, DateTimeOffset start)
    {
        var text = $"{cluster}/{instance}/{incarnation}/{start.ToUnixTimeMilliseconds()}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16));
    }
}

/// <summary>
/// The parts that a node counts; the control plane converts them to request units by a versioned formula. A node serves its cumulative
/// counters as JSON at <c>/usage</c>; all grow from 0 in one life of the process, except <see cref="StoredBytes"/>, a gauge.
/// </summary>
public sealed record UsageCounters
{
    /// <summary>Requests to storage that read more than one key.</summary>
    public long ReadBatches { get; init; }

    public long ReadRequests { get; init; }

    public long ReadBytes { get; init; }

    /// <summary>Requests to storage that write more than one key.</summary>
    public long WriteBatches { get; init; }

    public long WriteRequests { get; init; }

    public long WrittenBytes { get; init; }

    public long SqlCpuMs { get; init; }

    /// <summary>Bytes sent to MySQL clients.</summary>
    public long EgressBytes { get; init; }

    /// <summary>Logical bytes kept on disk at the end of the window.</summary>
    public long StoredBytes { get; init; }

    /// <summary>The difference of two cumulative readings of one incarnation; gauges are taken from <paramref name="later"/>.</summary>
    public static UsageCounters Between(UsageCounters earlier, UsageCounters later) => new()
    {
        ReadBatches = later.ReadBatches - earlier.ReadBatches,
        ReadRequests = later.ReadRequests - earlier.ReadRequests,
        ReadBytes = later.ReadBytes - earlier.ReadBytes,
        WriteBatches = later.WriteBatches - earlier.WriteBatches,
        WriteRequests = later.WriteRequests - earlier.WriteRequests,
        WrittenBytes = later.WrittenBytes - earlier.WrittenBytes,
        SqlCpuMs = later.SqlCpuMs - earlier.SqlCpuMs,
        EgressBytes = later.EgressBytes - earlier.EgressBytes,
        StoredBytes = later.StoredBytes,
    };
}

/// <summary>The answer of a node's <c>/usage</c>.</summary>
/// <param name="Incarnation">Random per life of the process.</param>
/// <param name="StartedAt">When the counters were 0.</param>
/// <param name="Counters">Cumulative.</param>
public sealed record NodeUsage(
    [property: JsonRequired] string Incarnation,
    [property: JsonRequired] DateTimeOffset StartedAt,
    [property: JsonRequired] UsageCounters Counters);
