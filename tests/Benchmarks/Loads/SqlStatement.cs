using Cloud.Benchmarks.Peers;
using Cloud.Local.Processes;

namespace Cloud.Benchmarks.Loads;

/// <summary>One statement through the ordinary client.</summary>
public static class SqlStatement
{
    /// <summary>Runs it and returns what it printed.</summary>
    /// <exception cref="InvalidOperationException">The server refused it.</exception>
    public static async Task<string> RunAsync(SqlTarget target, string sql, CancellationToken cancellationToken)
    {
        var result = await Shell.RunAsync(
            "mariadb",
            [$"--host={target.Host}", $"--port={target.Port}", $"--user={target.User}", "--batch", "--skip-column-names", $"--execute={sql}"],
            cancellationToken,
            new Dictionary<string, string> { ["MYSQL_PWD"] = target.Password });
        return result.Succeeded ? result.Output.Trim() : throw new InvalidOperationException($"{target.Name}: {result.Tail()}");
    }
}
