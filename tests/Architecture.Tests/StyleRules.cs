using System.Text.RegularExpressions;

namespace Cloud.Architecture.Tests;

/// <summary>The part of the house style that a machine can hold.</summary>
internal static partial class StyleRules
{
    public const int LinesMax = 500;

    private static readonly (Regex Pattern, string Why)[] Forbidden =
    [
        (Clock(), "time comes from an injected TimeProvider"),
        (Randomness(), "randomness comes from a seeded or cryptographic source that is injected"),
        (Blocking(), "blocking on a task can deadlock; await it"),
        (Sleep(), "threads do not sleep; wait on a condition"),
        (FireAndForget(), "an async void method loses its errors"),
        (Unfinished(), "unfinished work is an issue, not a comment"),
        (ConfigureAwait(), "there is no synchronization context to avoid"),
    ];

    public static IEnumerable<string> Violations(IEnumerable<SourceFile> sources)
    {
        foreach (var source in sources)
        {
            if (source.Lines.Count > LinesMax)
            {
                yield return $"{source.Path}: {source.Lines.Count} lines; split it by concept below {LinesMax}.";
            }

            for (var line = 0; line < source.Lines.Count; line++)
            {
                foreach (var (pattern, why) in Forbidden)
                {
                    if (pattern.IsMatch(source.Lines[line]))
                    {
                        yield return $"{source.Path}:{line + 1}: {why}: {source.Lines[line].Trim()}";
                    }
                }
            }
        }
    }

    private const int TimeoutMs = 1000;

    [GeneratedRegex(@"\bDateTime(Offset)?\.(Utc)?(Now|Today)\b", RegexOptions.ExplicitCapture, TimeoutMs)]
    private static partial Regex Clock();

    [GeneratedRegex(@"\bRandom\.Shared\b|\bnew Random\(", RegexOptions.ExplicitCapture, TimeoutMs)]
    private static partial Regex Randomness();

    [GeneratedRegex(@"\.GetAwaiter\(\)\.GetResult\(\)|\.Wait\(\);", RegexOptions.ExplicitCapture, TimeoutMs)]
    private static partial Regex Blocking();

    [GeneratedRegex(@"\bThread\.Sleep\(", RegexOptions.ExplicitCapture, TimeoutMs)]
    private static partial Regex Sleep();

    [GeneratedRegex(@"\basync void\b", RegexOptions.ExplicitCapture, TimeoutMs)]
    private static partial Regex FireAndForget();

    [GeneratedRegex(@"NotImplementedException|(//|/\*).*\b(TODO|FIXME|HACK|XXX)\b", RegexOptions.ExplicitCapture, TimeoutMs)]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"\.ConfigureAwait\((true|false)\)", RegexOptions.ExplicitCapture, TimeoutMs)]
    private static partial Regex ConfigureAwait();
}
