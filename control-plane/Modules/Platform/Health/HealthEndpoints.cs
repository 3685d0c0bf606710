using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Http;
using Npgsql;

namespace Cloud.Modules.Platform.Health;

/// <summary>What supervisors and Prometheus ask. Answers plain text and tells nothing of any tenant.</summary>
internal static class HealthEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/healthz", () => Results.Text("ok\n")).Infrastructure("liveness of the process");
        routes.MapGet("/readyz", ReadyAsync).Infrastructure("readiness for supervisors and load balancers");
        routes.MapGet("/metrics", (MetricsText metrics) => Results.Text(metrics.Write(), "text/plain; version=0.0.4"))
            .Infrastructure("figures for Prometheus");
    }

    private static async Task<IResult> ReadyAsync(CloudDataSources sources, SchemaState schema, CancellationToken cancellationToken)
    {
        if (!schema.IsReady)
        {
            return Results.Text("the database cannot be reached yet, or its schema is being migrated\n", statusCode: 503);
        }

        try
        {
            await using var command = sources.App.CreateCommand("select 1");
            command.CommandTimeout = 2;
            await command.ExecuteScalarAsync(cancellationToken);
            return Results.Text("ready\n");
        }
        catch (NpgsqlException unreachable)
        {
            return Results.Text($"the database cannot be reached: {unreachable.Message}\n", statusCode: 503);
        }
    }
}
