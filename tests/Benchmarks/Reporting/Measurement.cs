namespace Cloud.Benchmarks.Reporting;

/// <summary>One line of a result table.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Value">Median, unless the name says otherwise.</param>
/// <param name="Unit">For example <c>ms</c> or <c>1/s</c>.</param>
/// <param name="Peer">The same of the peer in the same run; null where there is none.</param>
/// <param name="Goal">What was asked for, for people; null where there is no goal.</param>
public sealed record Measurement(string Name, double Value, string Unit, double? Peer = null, string? Goal = null)
{
    /// <summary>Ours divided by the peer's.</summary>
    public double? Ratio => Peer is > 0 ? Value / Peer : null;
}

/// <summary>Order statistics of a sample.</summary>
public static class Quantiles
{
    /// <summary>The nearest-rank quantile of a non-empty sample, in any order.</summary>
    /// <param name="fraction">0.5 is the median, 0.99 the 99th percentile.</param>
    public static double Of(IReadOnlyCollection<double> sample, double fraction)
    {
        var ordered = sample.Order().ToList();
        var rank = (int)Math.Ceiling(fraction * ordered.Count);
        return ordered[Math.Clamp(rank - 1, 0, ordered.Count - 1)];
    }
}
