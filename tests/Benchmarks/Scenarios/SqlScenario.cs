using Cloud.Benchmarks.Loads;
using Cloud.Benchmarks.Peers;
using Cloud.Benchmarks.Reporting;
using Cloud.TestKit;

namespace Cloud.Benchmarks.Scenarios;

/// <summary>sysbench against one of our clusters and a private MariaDB, turn by turn in the same run.</summary>
internal sealed class SqlScenario : IScenario
{
    private const int Threads = 16;
    private const int Seconds = 10;
    private const int Rounds = 3;
    private const int SmallTable = 10_000;
    private const int LargeTable = 1_000_000;

    public string Name => "sql";

    public string Description => "sysbench point selects and inserts at 16 threads beside MariaDB; latency at 10,000 and 1,000,000 rows.";

    public async Task<IReadOnlyList<Measurement>> RunAsync(Action<string> report, CancellationToken cancellationToken)
    {
        await using var cloud = await CloudUnderTest.StartAsync(cancellationToken);
        using var session = await ApiSession.SignUpAsync(cloud.ApiUrl);
        var cluster = await session.CreateClusterAsync("bench");
        await using var peer = await MariaDbServer.StartAsync(cancellationToken);
        var ours = new SqlTarget("cloud", cluster.MySqlHost, cluster.MySqlPort, "root", cluster.RootPassword);
        await SqlStatement.RunAsync(ours, "create database sbtest", cancellationToken);

        List<Measurement> measurements = [];
        foreach (var load in new[] { "oltp_point_select", "oltp_insert" })
        {
            measurements.AddRange(await CompareAsync(load, ours, peer.Target, report, cancellationToken));
        }

        measurements.Add(await GrowthAsync(ours, report, cancellationToken));
        return measurements;
    }

    private static async Task<IReadOnlyList<Measurement>> CompareAsync(
        string load, SqlTarget ours, SqlTarget peer, Action<string> report, CancellationToken cancellationToken)
    {
        List<SysbenchResult> mine = [], theirs = [];
        foreach (var target in new[] { ours, peer })
        {
            await new Sysbench(target, SmallTable).PrepareAsync(cancellationToken);
        }

        for (var round = 0; round < Rounds; round++)
        {
            mine.Add(await new Sysbench(ours, SmallTable).RunAsync(load, Threads, Seconds, cancellationToken));
            theirs.Add(await new Sysbench(peer, SmallTable).RunAsync(load, Threads, Seconds, cancellationToken));
            report($"{load} round {round + 1}: {mine[^1].PerSecond:0}/s, MariaDB {theirs[^1].PerSecond:0}/s");
        }

        foreach (var target in new[] { ours, peer })
        {
            await new Sysbench(target, SmallTable).CleanUpAsync(cancellationToken);
        }

        return
        [
            new($"{load}, {Threads} threads, median of {Rounds}", Median(mine, result => result.PerSecond), "1/s", Median(theirs, result => result.PerSecond), "record"),
            new($"{load}, 95th percentile", Median(mine, result => result.P95Ms), "ms", Median(theirs, result => result.P95Ms)),
        ];
    }

    /// <summary>How much slower a point select is at a hundred times the rows.</summary>
    private static async Task<Measurement> GrowthAsync(SqlTarget target, Action<string> report, CancellationToken cancellationToken)
    {
        var latencies = new List<double>();
        foreach (var size in new[] { SmallTable, LargeTable })
        {
            var sysbench = new Sysbench(target, size);
            await sysbench.PrepareAsync(cancellationToken);
            List<SysbenchResult> rounds = [];
            for (var round = 0; round < Rounds; round++)
            {
                rounds.Add(await sysbench.RunAsync("oltp_point_select", Threads, Seconds, cancellationToken));
            }

            latencies.Add(Median(rounds, result => result.AverageMs));
            report($"point select at {size:#,0} rows: {latencies[^1]:0.00} ms");
            await sysbench.CleanUpAsync(cancellationToken);
        }

        return new Measurement("point-select latency at 1,000,000 rows (ours) and 10,000 (as peer)", latencies[1], "ms", latencies[0], "ratio < 1.5");
    }

    private static double Median(IEnumerable<SysbenchResult> results, Func<SysbenchResult, double> of) => Quantiles.Of([.. results.Select(of)], 0.5);
}
