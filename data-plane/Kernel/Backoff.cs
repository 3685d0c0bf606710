namespace Cloud.Kernel;

/// <summary>
/// Capped exponential delays with jitter, for anything that is tried again.
/// Source: M. Brooker, "Exponential Backoff And Jitter" (equal jitter: half fixed, half random). Not thread-safe.
/// </summary>
/// <param name="first">The delay before the first retry, before jitter.</param>
/// <param name="max">The largest delay, before jitter.</param>
/// <param name="random">Where the jitter comes from.</param>
public sealed class Backoff(TimeSpan first, TimeSpan max, SeededRandom random)
{
    private int _attempts;

    /// <summary>How many delays were handed out since the last <see cref="Reset"/>.</summary>
    public int Attempts => _attempts;

    /// <summary>The next delay: between half and the whole of min(first · 2^attempts, max).</summary>
    public TimeSpan Next()
    {
        var doubled = first.TotalMilliseconds * Math.Pow(2, Math.Min(_attempts++, 40));
        var ceiling = Math.Min(doubled, max.TotalMilliseconds);
        return TimeSpan.FromMilliseconds((ceiling / 2) + (ceiling / 2 * random.NextDouble()));
    }

    /// <summary>Starts over after a success.</summary>
    public void Reset() => _attempts = 0;
}
