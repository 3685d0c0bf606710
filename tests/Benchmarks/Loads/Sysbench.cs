using System.Globalization;
using System.Text.RegularExpressions;
using Cloud.Benchmarks.Peers;
using Cloud.Local.Processes;

namespace Cloud.Benchmarks.Loads;

/// <summary>What one run of sysbench reported.</summary>
/// <param name="PerSecond">Transactions per second.</param>
/// <param name="AverageMs">Mean latency.</param>
/// <param name="P95Ms">95th percentile of the latency.</param>
public sealed record SysbenchResult(double PerSecond, double AverageMs, double P95Ms);

/// <summary>The sysbench loads that every MySQL-compatible server is measured with.</summary>
public sealed partial class Sysbench(SqlTarget target, int tableSize)
{
    private const string Database = "sbtest";

    /// <summary>Makes and fills the table.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken) =>
        await RunAsync("oltp_point_select", "prepare", threads: 1, seconds: 0, cancellationToken);

    public async Task CleanUpAsync(CancellationToken cancellationToken) =>
        await RunAsync("oltp_point_select", "cleanup", threads: 1, seconds: 0, cancellationToken);

    public async Task<SysbenchResult> RunAsync(string load, int threads, int seconds, CancellationToken cancellationToken)
    {
        var output = await RunAsync(load, "run", threads, seconds, cancellationToken);
        return new SysbenchResult(Number(PerSecond(), output), Number(Average(), output), Number(Percentile(), output));
    }

    private async Task<string> RunAsync(string load, string verb, int threads, int seconds, CancellationToken cancellationToken)
    {
        List<string> arguments =
        [
            load, "--db-driver=mysql", $"--mysql-host={target.Host}", $"--mysql-port={target.Port}", $"--mysql-user={target.User}",
            $"--mysql-password={target.Password}", $"--mysql-db={Database}", "--tables=1", $"--table-size={tableSize}",
            $"--threads={threads}", "--percentile=95",
        ];
        if (seconds > 0)
        {
            arguments.Add($"--time={seconds}");
        }

        var result = await Shell.RunAsync("sysbench", [.. arguments, verb], cancellationToken);
        return result.Succeeded
            ? result.Output
            : throw new InvalidOperationException($"sysbench {load} {verb} against {target.Name} failed:\n{result.Output}\n{result.Error}");
    }

    private static double Number(Regex pattern, string output)
    {
        var match = pattern.Match(output);
        return match.Success
            ? double.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture)
            : throw new InvalidDataException($"sysbench printed no line like {pattern}:\n{output}");
    }

    [GeneratedRegex(@"transactions:\s+\d+\s+\((?<number>[\d.]+) per sec", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex PerSecond();

    [GeneratedRegex(@"avg:\s+(?<number>[\d.]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Average();

    [GeneratedRegex(@"95th percentile:\s+(?<number>[\d.]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Percentile();
}
