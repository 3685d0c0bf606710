using OpenTelemetry;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Cloud.Host;

/// <summary>
/// Sends traces of requests, SQL and messages to an OpenTelemetry collector where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names one.
/// The exporter reads the other standard <c>OTEL_EXPORTER_OTLP_*</c> variables itself.
/// </summary>
internal static class Telemetry
{
    public static void Add(WebApplicationBuilder builder)
    {
        if (string.IsNullOrWhiteSpace(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
        {
            return;
        }

        // Made now and owned by the container, which flushes it when the host ends.
        builder.Services.AddSingleton(Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(ResourceBuilder.CreateDefault().AddService("cloud-host"))
            .AddSource("Microsoft.AspNetCore", "Npgsql", "MassTransit", "Cloud.*")
            .AddOtlpExporter()
            .Build());
    }
}
