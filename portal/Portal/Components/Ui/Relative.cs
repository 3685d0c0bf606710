using System.Globalization;

namespace Cloud.Portal.Components.Ui;

/// <summary>Times and spans in words.</summary>
internal static class Relative
{
    /// <summary>For example <c>just now</c>, <c>5 min ago</c>, <c>in 6 d</c>.</summary>
    public static string Since(DateTimeOffset then, DateTimeOffset now)
    {
        var span = now - then;
        if (span.Duration() < TimeSpan.FromSeconds(10))
        {
            return "just now";
        }

        return span > TimeSpan.Zero ? $"{Coarse(span)} ago" : $"in {Coarse(span.Negate())}";
    }

    /// <summary>How long something took: <c>340 ms</c>, <c>2.4 s</c>, <c>3 min 5 s</c>.</summary>
    public static string Took(TimeSpan span) => span switch
    {
        { TotalSeconds: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, span.TotalMilliseconds):0} ms"),
        { TotalMinutes: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.0} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalMinutes} min {span.Seconds} s"),
    };

    private static string Coarse(TimeSpan span) => span switch
    {
        { TotalMinutes: < 1 } => $"{(int)span.TotalSeconds} s",
        { TotalHours: < 1 } => $"{(int)span.TotalMinutes} min",
        { TotalDays: < 1 } => $"{(int)span.TotalHours} h",
        { TotalDays: < 60 } => $"{(int)span.TotalDays} d",
        _ => $"{(int)(span.TotalDays / 30)} months",
    };
}
