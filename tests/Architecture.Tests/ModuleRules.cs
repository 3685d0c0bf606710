using System.Text.RegularExpressions;

namespace Cloud.Architecture.Tests;

/// <summary>
/// A module of the control plane may use only the public part of another. All of the platform is open to the modules; the platform itself
/// is bound like a module.
/// </summary>
internal static partial class ModuleRules
{
    private const string Root = "control-plane/Modules/";
    private const string Platform = "Platform";

    public static IEnumerable<string> Violations(IEnumerable<SourceFile> sources)
    {
        foreach (var source in sources.Where(source => source.Path.StartsWith(Root, StringComparison.Ordinal)))
        {
            var module = source.Path[Root.Length..].Split('/')[0];
            for (var line = 0; line < source.Lines.Count; line++)
            {
                foreach (Match match in ModuleName().Matches(source.Lines[line]))
                {
                    var (other, part) = (match.Groups["module"].Value, match.Groups["part"].Value);
                    if (other != module && other != Platform && part is not ("" or "Public"))
                    {
                        yield return $"{source.Path}:{line + 1}: module {module} uses {other}.{part}; only {other}.Public is open to others.";
                    }
                }
            }
        }
    }

    [GeneratedRegex(@"\bCloud\.Modules\.(?<module>[A-Z]\w*)(\.(?<part>[A-Z]\w*))?", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ModuleName();
}
