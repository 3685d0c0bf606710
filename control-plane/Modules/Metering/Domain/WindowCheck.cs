using Cloud.Contracts;

namespace Cloud.Modules.Metering.Domain;

/// <summary>Whether a reported window can be true; one that cannot is refused for good.</summary>
internal static class WindowCheck
{
    /// <summary>How far an agent's clock may be ahead.</summary>
    public static readonly TimeSpan SkewMax = TimeSpan.FromMinutes(5);

    /// <summary>The longest window: an agent that was away makes a long one.</summary>
    public static readonly TimeSpan LengthMax = TimeSpan.FromDays(31);

    private const long CounterMax = 1L << 53;

    /// <summary>Why the window is impossible; null when it is not.</summary>
    public static string? Problem(UsageWindow window, DateTimeOffset now)
    {
        if (window.Id != UsageWindow.IdOf(window.ClusterId, window.InstanceId, window.Incarnation, window.Start))
        {
            return "its id is not the hash of what it measures";
        }

        if (window.End <= window.Start || window.End - window.Start > LengthMax)
        {
            return $"it lasts from {window.Start:O} to {window.End:O}";
        }

        if (window.End > now + SkewMax)
        {
            return $"it ends in the future, at {window.End:O}";
        }

        if (window.Incarnation.Length is 0 or > 100)
        {
            return "its incarnation has no or more than 100 characters";
        }

        var c = window.Counters;
        long[] counters =
        [
            c.ReadBatches, c.ReadRequests, c.ReadBytes, c.WriteBatches, c.WriteRequests, c.WrittenBytes, c.SqlCpuMs, c.EgressBytes,
            c.StoredBytes,
        ];
        return counters.All(counter => counter is >= 0 and <= CounterMax) ? null : "a counter is negative or absurdly large";
    }
}
