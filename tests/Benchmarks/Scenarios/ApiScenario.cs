using System.Text.Json;
using Cloud.Benchmarks.Loads;
using Cloud.Benchmarks.Reporting;
using Cloud.TestKit;
using Npgsql;

namespace Cloud.Benchmarks.Scenarios;

/// <summary>Latency of the REST API: mutations at a fixed rate, and the first page of a long list.</summary>
internal sealed class ApiScenario : IScenario
{
    private const int MutationsPerSecond = 50;
    private const int Projects = 64;
    private const int Clusters = 10_000;
    private const int ListsPerSecond = 20;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(20);

    public string Name => "api";

    public string Description => "Latency of mutations at 50/s, and of the first page of 10,000 clusters.";

    public async Task<IReadOnlyList<Measurement>> RunAsync(Action<string> report, CancellationToken cancellationToken)
    {
        await using var cloud = await CloudUnderTest.StartAsync(cancellationToken);
        using var session = await ApiSession.SignUpAsync(cloud.ApiUrl);
        await session.CreateClusterAsync("template");

        var paths = await ProjectsAsync(session);
        await OpenLoop.RunAsync(MutationsPerSecond, WarmUp, Patch, cancellationToken);
        var mutations = await OpenLoop.RunAsync(MutationsPerSecond, Length, Patch, cancellationToken);
        report($"{mutations.Count} mutations, p99 {Quantiles.Of(mutations, 0.99):0.0} ms");

        await SeedAsync(cloud, cancellationToken);
        report($"seeded {Clusters:#,0} clusters");
        var list = $"/v1/projects/{session.ProjectId}/clusters?pageSize=50";
        await OpenLoop.RunAsync(ListsPerSecond, WarmUp, _ => ListAsync(session, list), cancellationToken);
        var lists = await OpenLoop.RunAsync(ListsPerSecond, Length, _ => ListAsync(session, list), cancellationToken);
        report($"{lists.Count} lists, p99 {Quantiles.Of(lists, 0.99):0.0} ms");
        return
        [
            new($"mutation acknowledged at {MutationsPerSecond}/s, p50", Quantiles.Of(mutations, 0.5), "ms"),
            new($"mutation acknowledged at {MutationsPerSecond}/s, p99", Quantiles.Of(mutations, 0.99), "ms", Goal: "< 100"),
            new($"first page of {Clusters:#,0} clusters at {ListsPerSecond}/s, p50", Quantiles.Of(lists, 0.5), "ms"),
            new($"first page of {Clusters:#,0} clusters at {ListsPerSecond}/s, p99", Quantiles.Of(lists, 0.99), "ms", Goal: "< 50"),
        ];

        Task Patch(int number) => PatchAsync(session, paths[number % paths.Count], number);
    }

    /// <summary>Enough resources that no two changes of one are under way together, which would be refused as concurrent.</summary>
    private static async Task<IReadOnlyList<string>> ProjectsAsync(ApiSession session)
    {
        var paths = new List<string>();
        for (var i = 0; i < Projects; i++)
        {
            var made = await session.PostAsync($"/v1/organizations/{session.OrganizationId}/projects", new { name = $"bench-{i}" });
            paths.Add($"/v1/projects/{made.RequireSuccess().String("id")}");
        }

        return paths;
    }

    /// <summary>A change that the API answers at once, with everything that a mutation does: key, audit, transaction.</summary>
    private static async Task PatchAsync(ApiSession session, string path, int number) =>
        (await session.SendAsync(
            HttpMethod.Patch, path, new { name = $"bench-{path[^6..]}-{number}" }, idempotencyKey: $"bench-{Guid.NewGuid():N}", ifMatch: "*")).RequireSuccess();

    private static async Task ListAsync(ApiSession session, string path)
    {
        var page = (await session.GetAsync(path)).RequireSuccess();
        if (page.Body.GetProperty("items").GetArrayLength() != 50)
        {
            throw new InvalidOperationException($"The page is not full: {page.Text}");
        }
    }

    /// <summary>Copies the one cluster, wish and fact, so that there is a long list of clusters that need no work.</summary>
    private static async Task SeedAsync(CloudUnderTest cloud, CancellationToken cancellationToken)
    {
        using var identity = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(cloud.Home, "cloud.json"), cancellationToken));
        var password = (await File.ReadAllTextAsync(Path.Combine(cloud.Home, "secrets", "postgres-password"), cancellationToken)).Trim();
        var port = identity.RootElement.GetProperty("postgresPort").GetInt32();
        await using var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={port};Username=cloud;Password={password};Database=cloud;Options=-c role=cloud_owner");
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(
            $"""
            create temporary table seeded as select gen_random_uuid() as id, number from generate_series(1, {Clusters}) number;
            insert into cloud.work_items select (jsonb_populate_record(w, jsonb_build_object('id', s.id))).*
              from cloud.work_items w join cloud.clusters c on c.id = w.id and c.name = 'template', seeded s;
            insert into cloud.clusters select (jsonb_populate_record(c, jsonb_build_object('id', s.id, 'name', 'seed-' || s.number))).*
              from cloud.clusters c, seeded s where c.name = 'template';
            insert into cloud.cluster_statuses select (jsonb_populate_record(f, jsonb_build_object('cluster_id', s.id))).*
              from cloud.cluster_statuses f join cloud.clusters c on c.id = f.cluster_id and c.name = 'template', seeded s;
            analyze cloud.clusters, cloud.cluster_statuses;
            """,
            connection) { CommandTimeout = 120 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
