using Cloud.Benchmarks.Reporting;
using Cloud.TestKit;

namespace Cloud.Benchmarks.Scenarios;

/// <summary>From a warm build to a cloud whose every service is ready, and what it holds in memory when idle.</summary>
internal sealed class UpScenario : IScenario
{
    private const int Runs = 5;
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(20);

    public string Name => "up";

    public string Description => "Time from ./cloud up to ready, and memory of the idle processes.";

    public async Task<IReadOnlyList<Measurement>> RunAsync(Action<string> report, CancellationToken cancellationToken)
    {
        await using var cloud = await CloudUnderTest.StartAsync(cancellationToken);
        var times = new List<double>();
        for (var run = 0; run < Runs; run++)
        {
            await cloud.DownAsync(cancellationToken);
            var started = TimeProvider.System.GetTimestamp();
            await cloud.UpAsync(cancellationToken);
            times.Add(TimeProvider.System.GetElapsedTime(started).TotalSeconds);
            report($"up {run + 1} of {Runs}: {times[^1]:0.0} s");
        }

        using var session = await ApiSession.SignUpAsync(cloud.ApiUrl);
        var cluster = await session.CreateClusterAsync("idle");
        report($"letting it settle for {Settling.TotalSeconds:0} s");
        await Task.Delay(Settling, cancellationToken);
        List<Measurement> measurements = [new("`up` to ready, warm build, median of 5", Quantiles.Of(times, 0.5), "s", Goal: "< 15")];
        measurements.AddRange(new[] { "host", "portal", "agent" }.Select(service =>
            new Measurement($"idle {service}, resident", Resident(cloud.FindService(service)?.Pid ?? 0), "MiB", Goal: service == "host" ? "< 300" : null)));
        measurements.AddRange(new[] { "pd", "storage", "sql" }.Select(role =>
            new Measurement($"idle {role} node, resident", Resident(cluster.Pids(role).First()), "MiB", Goal: "< 150")));
        return measurements;
    }

    /// <summary>VmRSS of <c>/proc/[pid]/status</c>, in MiB.</summary>
    private static double Resident(int pid)
    {
        var line = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture) / 1024;
    }
}
