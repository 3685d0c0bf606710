using System.Text.Json;
using Cloud.Benchmarks.Loads;
using Cloud.Benchmarks.Peers;
using Cloud.Benchmarks.Reporting;
using Cloud.TestKit;

namespace Cloud.Benchmarks.Scenarios;

/// <summary>From the create request to the first row that a MySQL client reads, ten in a row, and where the time goes.</summary>
internal sealed class CreateScenario : IScenario
{
    private const int Runs = 10;

    public string Name => "create";

    public string Description => "Time from creating a cluster to its first SQL row, with a waterfall of the steps.";

    public async Task<IReadOnlyList<Measurement>> RunAsync(Action<string> report, CancellationToken cancellationToken)
    {
        await using var cloud = await CloudUnderTest.StartAsync(cancellationToken);
        using var session = await ApiSession.SignUpAsync(cloud.ApiUrl);
        var totals = new List<double>();
        var steps = new Dictionary<string, List<double>>(StringComparer.Ordinal);
        for (var run = 0; run < Runs; run++)
        {
            var started = TimeProvider.System.GetTimestamp();
            var created = (await session.PostAsync($"/v1/projects/{session.ProjectId}/clusters", new { name = $"bench-{run}", tier = "starter" })).RequireSuccess();
            var operation = await session.WaitForOperationAsync(created);
            var cluster = (await session.GetAsync($"/v1/clusters/{created.String("id")}")).RequireSuccess();
            var mysql = cluster.Body.GetProperty("endpoints").GetProperty("mysql");
            await FirstRowAsync(mysql, created.Body.GetProperty("credentials").GetProperty("password").GetString() ?? string.Empty, cancellationToken);
            totals.Add(TimeProvider.System.GetElapsedTime(started).TotalSeconds);
            AddSteps(steps, operation);
            report($"create {run + 1} of {Runs}: {totals[^1]:0.00} s to the first row");
            await session.WaitForOperationAsync((await session.DeleteAsync($"/v1/clusters/{created.String("id")}?purge=true")).RequireSuccess());
        }

        return
        [
            new("create to first SQL row, p50 of 10", Quantiles.Of(totals, 0.5), "s", Goal: "< 4"),
            new("create to first SQL row, p95 of 10", Quantiles.Of(totals, 0.95), "s", Goal: "< 8"),
            .. steps.Select(step => new Measurement($"— step {step.Key}, p50", Quantiles.Of(step.Value, 0.5), "s")),
        ];
    }

    private static void AddSteps(Dictionary<string, List<double>> steps, JsonElement operation)
    {
        foreach (var step in operation.GetProperty("steps").EnumerateArray())
        {
            if (step.GetProperty("endedAt").ValueKind == JsonValueKind.String && step.GetProperty("startedAt").ValueKind == JsonValueKind.String)
            {
                var name = step.GetProperty("name").GetString() ?? "unnamed";
                steps.TryAdd(name, []);
                steps[name].Add((step.GetProperty("endedAt").GetDateTimeOffset() - step.GetProperty("startedAt").GetDateTimeOffset()).TotalSeconds);
            }
        }
    }

    private static async Task FirstRowAsync(JsonElement mysql, string password, CancellationToken cancellationToken)
    {
        var target = new SqlTarget("cloud", mysql.GetProperty("host").GetString() ?? string.Empty, mysql.GetProperty("port").GetInt32(), "root", password);
        var answer = await SqlStatement.RunAsync(target, "select 1", cancellationToken);
        if (answer != "1")
        {
            throw new InvalidOperationException($"select 1 answered '{answer}'.");
        }
    }
}
