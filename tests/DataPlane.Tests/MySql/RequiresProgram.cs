using Xunit;

namespace Cloud.DataPlane.Tests.MySql;

/// <summary>Skips where a program is not installed, except in CI, where its absence is a failure.</summary>
internal static class RequiresProgram
{
    public static string? Reason(string path) =>
        File.Exists(path) || Environment.GetEnvironmentVariable("CI") is { Length: > 0 } ? null : $"{path} is not installed.";
}

internal sealed class RequiresProgramFactAttribute : FactAttribute
{
    public RequiresProgramFactAttribute(string path) => Skip = RequiresProgram.Reason(path);
}

internal sealed class RequiresProgramTheoryAttribute : TheoryAttribute
{
    public RequiresProgramTheoryAttribute(string path) => Skip = RequiresProgram.Reason(path);
}
