using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Cloud.Portal.Tests.Support;

/// <summary>Clusters and billing of the stub.</summary>
internal static class StubRoutes
{
    private static readonly string[] StepNames = ["place", "start-pd", "start-storage", "start-sql"];

    public static void MapClusters(IEndpointRouteBuilder app, StubData data)
    {
        app.MapGet("/v1/locations", () => List(new { id = "local", name = "This machine", hosts = 1 }));
        app.MapGet("/v1/versions", () => List(new { id = "0.1.0", isDefault = true, locations = new[] { "local" } }));
        app.MapGet("/v1/sizes", () => List(
            Size("small", "sql", 1, 1, "0.02"), Size("medium", "sql", 2, 4, "0.08"), Size("small", "storage", 1, 1, "0.03"), Size("medium", "storage", 2, 4, "0.12"), Size("small", "pd", 1, 1, "0.01")));
        app.MapPost("/v1/projects/prj_1/clusters", async (HttpRequest request) =>
        {
            var body = await StubCloud.ReadAsync(request);
            var name = (string)body["name"]!;
            if (name.Any(char.IsUpper))
            {
                return Results.Json(StubProblem.Fields("/name", "The name must have small letters only."), statusCode: 422, contentType: "application/problem+json");
            }

            if (request.Query["validateOnly"] == "true")
            {
                var storage = (int)body["storage"]!["count"]!;
                return Results.Json(new
                {
                    plan = new[] { new { action = "create", resource = "/v1/projects/prj_1/clusters", from = (string?)null, to = new { name } } },
                    price = new { before = Money("0"), after = Money($"{21.90m * storage + 21.90m}"), unit = "month" },
                    quota = new[] { new { name = "clusters", limit = 10, before = data.Clusters.Count, after = data.Clusters.Count + 1 } },
                });
            }

            var cluster = data.Add(name, "creating", TimeSpan.Zero);
            cluster.Until = data.Now + data.CreateTakes;
            var view = View(cluster);
            view["credentials"] = new { user = "root", password = "s3cret-Once-Only" };
            view["operation"] = Operation(cluster, data);
            return Results.Json(view, statusCode: 202);
        });
        app.MapGet("/v1/projects/prj_1/clusters", (string? filter, string? pageToken, bool? showDeleted, int pageSize) =>
        {
            var all = data.Clusters.Values.OrderByDescending(cluster => cluster.CreatedAt).Select(cluster => Fresh(cluster, data))
                .Where(cluster => showDeleted == true || cluster.State != "deleted").Where(cluster => filter is null || cluster.Name.Contains(filter[6..^1])).ToList();
            var from = pageToken is null ? 0 : int.Parse(pageToken);
            return Results.Json(new
            {
                items = all.Skip(from).Take(pageSize).Select(View),
                nextPageToken = all.Count > from + pageSize ? $"{from + pageSize}" : null,
            });
        });
        app.MapGet("/v1/clusters/{id}", (string id) => data.Clusters.TryGetValue(id, out var cluster)
            ? Results.Json(View(Fresh(cluster, data)))
            : Results.Json(new StubProblem(404, "not-found", "Not found", "There is no such cluster.").Body(), statusCode: 404, contentType: "application/problem+json"));
        app.MapPatch("/v1/clusters/{id}", async (string id, HttpRequest request) =>
        {
            data.Clusters[id].Protected = (bool)(await StubCloud.ReadAsync(request))["deletionProtection"]!;
            return Results.Json(View(data.Clusters[id]));
        });
        app.MapDelete("/v1/clusters/{id}", (string id) =>
        {
            data.Clusters[id].State = "deleted";
            return Results.Json(View(data.Clusters[id]), statusCode: 202);
        });
        app.MapGet("/v1/operations", (string target) => List(Operation(Fresh(data.Clusters[target], data), data)));
    }

    public static void MapBilling(IEndpointRouteBuilder app, StubData data)
    {
        app.MapGet("/v1/organizations/org_1/usage", (string? groupBy) => Results.Json(new
        {
            from = data.Now, to = data.Now, asOf = data.Now, groupBy, lagSeconds = 42, total = Money("25.7583712"),
            items = groupBy == "day"
                ? Enumerable.Range(1, data.Now.Day).Select(day => Group($"{data.Now:yyyy-MM}-{day:D2}", Hours(day), Meter("storage.gib-hours", "240", "GiB-Hours", $"{0.1 + (day % 3 * 0.05):0.00}"))).ToArray()
                : [Group("instance.hours", Meter("instance.hours", "1203.25", "Hours", "24.065")), Group("storage.gib-hours", Meter("storage.gib-hours", "12032.5", "GiB-Hours", "1.68455")), Group("request-units", Meter("request-units", "88212", "RU", "0.0088212"))],
        }));
        app.MapGet("/v1/organizations/org_1/invoices/{month}", (string month) => Results.Json(new
        {
            id = "inv_1", month, state = "draft", periodStart = data.Now, periodEnd = data.Now, asOf = data.Now,
            lines = new[]
            {
                new { description = "SQL instance, small", clusterId = "clu_1", clusterName = "orders", meter = "instance.hours", sku = "instance.hours/sql/small", priceVersion = 1, quantity = "401.08", unit = "Hours", unitPrice = Money("0.02"), amount = Money("8.02") },
                new { description = "Storage instance, small", clusterId = "clu_1", clusterName = "orders", meter = "instance.hours", sku = "instance.hours/storage/small", priceVersion = 1, quantity = "401.08", unit = "Hours", unitPrice = Money("0.03"), amount = Money("12.03") },
            },
            credits = Money("0"), tax = Money("0"), rounding = Money("-0.01"), total = Money("20.04"),
        }));
        app.MapGet("/v1/organizations/org_1/billingExports", () => Results.Json(new { items = data.Exports.Values, nextPageToken = (string?)null }));
        app.MapPost("/v1/organizations/org_1/billingExports", () => Results.Json(data.Exports["exp_1"] = Export(data, "available"), statusCode: 202));
        app.MapGet("/v1/organizations/org_1/billingExports/exp_1", () => Results.Json(data.Exports["exp_1"]));
        app.MapGet("/v1/organizations/org_1/billingExports/exp_1/files/{name}", () => Results.Text("BilledCost,BillingPeriodStart\n20.05,2026-11-01T00:00:00Z\n", "text/csv"));
    }

    private static IResult List(params object[] items) => Results.Json(new { items, nextPageToken = (string?)null });

    private static StubMoney Money(string amount) => new(amount, "USD");

    private static object Size(string id, string role, int vcpu, int memoryGiB, string price) => new { id, role, vcpu, memoryGiB, pricePerHour = Money(price) };

    private static object Meter(string meter, string quantity, string unit, string cost) => new { meter, quantity, unit, cost = Money(cost) };

    private static object Hours(int day) => Meter("instance.hours", "72", "Hours", $"{0.4 + (day * 7 % 5 * 0.21):0.00}");

    private static object Group(string key, params dynamic[] meters) => new
    {
        key, name = (string?)null, meter = meters.Length == 1 ? key : null, quantity = meters.Length == 1 ? (string)meters[0].quantity : null, unit = meters.Length == 1 ? (string)meters[0].unit : null,
        cost = Money($"{meters.Sum(meter => decimal.Parse(((StubMoney)meter.cost).Amount))}"), meters,
    };

    private static object Export(StubData data, string state) => new
    {
        id = "exp_1", state, format = "focus-1.2", encoding = "csv", month = $"{data.Now:yyyy-MM}", createdAt = data.Now, endedAt = data.Now, operationId = "op_1", operation = (object?)null,
        files = new[] { new { name = "focus-2026-11.csv", sha256 = new string('a', 64), rows = 128, billedCost = "20.05" } },
    };

    private static StubCluster Fresh(StubCluster cluster, StubData data)
    {
        cluster.Advance(data.Now);
        return cluster;
    }

    private static Dictionary<string, object?> View(StubCluster cluster) => new()
    {
        ["id"] = cluster.Id, ["name"] = cluster.Name, ["organizationId"] = "org_1", ["projectId"] = "prj_1", ["state"] = cluster.State, ["tier"] = cluster.Tier, ["location"] = "local", ["version"] = "0.1.0",
        ["sql"] = new { count = 1, size = "small" }, ["pd"] = new { count = 1 }, ["storage"] = new { count = 1, size = "small", volumeGiB = 10 }, ["columnar"] = new { count = 0 }, ["allowList"] = Array.Empty<string>(), ["labels"] = new { },
        ["deletionProtection"] = cluster.Protected, ["conditions"] = cluster.Conditions, ["generation"] = 1, ["observedGeneration"] = 1,
        ["createdAt"] = cluster.CreatedAt, ["updatedAt"] = cluster.CreatedAt, ["deletedAt"] = null, ["purgedAt"] = null, ["price"] = new { amount = "43.80", currency = "USD", unit = "month" }, ["purgeTime"] = cluster.State == "deleted" ? cluster.CreatedAt.AddDays(7) : null,
        ["endpoints"] = cluster.State == "available" ? new { mysql = new { host = "127.0.0.1", port = 20014, tls = true }, kv = new { pd = new[] { "127.0.0.1:20010" }, tls = false } } : null,
        ["instances"] = cluster.State == "deleted" ? Array.Empty<object>() : new[] { Instance("pd", 20010, cluster), Instance("storage", 20012, cluster), Instance("sql", 20014, cluster) },
    };

    private static object Instance(string role, int port, StubCluster cluster) => new
    {
        id = $"ins_{role.PadLeft(26, '0')}", role, state = cluster.State == "available" ? "ready" : "starting", version = "0.1.0", size = "small", host = "hst_01k9z3k8b5v6w7x8y9z0a1b2c3", pid = 4000 + port % 100,
        startedAt = cluster.CreatedAt, endpoints = new[] { $"127.0.0.1:{port}", $"127.0.0.1:{port + 1}" }, lastError = (string?)null,
    };

    private static object Operation(StubCluster cluster, StubData data)
    {
        var done = cluster.State != "creating";
        var each = data.CreateTakes / StepNames.Length;
        var steps = StepNames.Select((name, index) =>
        {
            var began = cluster.CreatedAt + (each * index);
            var ended = began + each;
            return new
            {
                name, attempts = 1, state = done || ended <= data.Now ? "succeeded" : began <= data.Now ? "running" : "pending",
                startedAt = done || began <= data.Now ? began : (DateTimeOffset?)null, endedAt = done || ended <= data.Now ? ended : (DateTimeOffset?)null, error = (string?)null,
            };
        }).ToArray();
        return new { id = "op_" + cluster.Id[4..], kind = "cluster.create", target = cluster.Id, state = done ? "succeeded" : "running", steps, percent = done ? 100 : 40, createdAt = cluster.CreatedAt, startedAt = cluster.CreatedAt, endedAt = done ? cluster.CreatedAt + data.CreateTakes : (DateTimeOffset?)null, deadlineMissedAt = (string?)null, attempts = 1, error = (object?)null, retryAt = (string?)null, owner = (string?)null, deadline = cluster.CreatedAt.AddMinutes(5), cancellable = false };
    }
}

/// <summary>An amount as the API writes it.</summary>
internal sealed record StubMoney(string Amount, string Currency);
