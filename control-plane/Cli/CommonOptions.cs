using System.CommandLine;

namespace Cloud.Cli;

/// <summary>How results are printed.</summary>
internal enum OutputFormat
{
    Table,
    Json,
}

/// <summary>Options of every command.</summary>
internal static class CommonOptions
{
    public static Option<string> Profile { get; } = new("--profile")
    {
        Description = "Which saved sign-in to use.",
        Recursive = true,
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("CLOUD_PROFILE") is { Length: > 0 } name ? name : "default",
    };

    public static Option<OutputFormat> Output { get; } = new("--output", "-o")
    {
        Description = "table for people, json for programs.",
        Recursive = true,
    };
}
