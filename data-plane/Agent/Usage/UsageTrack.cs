using Cloud.Contracts;
using Cloud.Kernel;

namespace Cloud.Agent.Usage;

/// <summary>Up to where the usage of one life of an instance was cut into windows.</summary>
/// <param name="End">End of the last window, exclusive.</param>
/// <param name="Counters">Cumulative counters at that moment.</param>
internal sealed record UsageTrack(string Incarnation, DateTimeOffset End, UsageCounters Counters)
{
    /// <summary>
    /// Cuts the next window: from the end of the last one, or from the start of the process when this is its first reading, to
    /// <paramref name="end"/>. Windows of an incarnation so abut whatever was missed in between; a late reading makes a long window.
    /// </summary>
    /// <returns>Null when no time has passed since the last cut.</returns>
    public static (UsageTrack Track, UsageWindow Window)? Cut(
        UsageTrack? track, ClusterId cluster, InstanceId instance, NodeUsage reading, DateTimeOffset end)
    {
        var last = track is not null && track.Incarnation == reading.Incarnation
            ? track
            : new UsageTrack(reading.Incarnation, ToMilliseconds(reading.StartedAt), new UsageCounters());
        if (end <= last.End)
        {
            return null;
        }

        var window = new UsageWindow
        {
            Id = UsageWindow.IdOf(cluster, instance, reading.Incarnation, last.End),
            ClusterId = cluster,
            InstanceId = instance,
            Incarnation = reading.Incarnation,
            Start = last.End,
            End = end,
            Counters = NotNegative(UsageCounters.Between(last.Counters, reading.Counters)),
        };
        return (new UsageTrack(reading.Incarnation, end, reading.Counters), window);
    }

    /// <summary>The last multiple of the window length, counted from the Unix epoch, that is not after the time given.</summary>
    public static DateTimeOffset AlignDown(DateTimeOffset time, TimeSpan window) =>
        new(time.UtcTicks - ((time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) % window.Ticks), TimeSpan.Zero);

    /// <summary>The precision of a window's id.</summary>
    public static DateTimeOffset ToMilliseconds(DateTimeOffset time) => AlignDown(time, TimeSpan.FromMilliseconds(1));

    /// <summary>A counter that went back within one life is a defect of the node; it must not become a credit.</summary>
    private static UsageCounters NotNegative(UsageCounters counters) => new()
    {
        ReadBatches = Math.Max(0, counters.ReadBatches),
        ReadRequests = Math.Max(0, counters.ReadRequests),
        ReadBytes = Math.Max(0, counters.ReadBytes),
        WriteBatches = Math.Max(0, counters.WriteBatches),
        WriteRequests = Math.Max(0, counters.WriteRequests),
        WrittenBytes = Math.Max(0, counters.WrittenBytes),
        SqlCpuMs = Math.Max(0, counters.SqlCpuMs),
        EgressBytes = Math.Max(0, counters.EgressBytes),
        StoredBytes = Math.Max(0, counters.StoredBytes),
    };
}
