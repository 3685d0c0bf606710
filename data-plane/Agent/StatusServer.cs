using System.Text;
using Cloud.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Cloud.Agent;

/// <summary>What an agent tells of itself.</summary>
/// <param name="PendingWindows">Usage windows that were not accepted yet.</param>
internal sealed record AgentReport(
    bool IsConnected, long Revision, IReadOnlyList<InstanceStatus> Instances, int PendingWindows);

/// <summary>
/// The agent's own health on a loopback port: <c>/healthz</c> while it runs, <c>/readyz</c> while it has a stream to the control plane, and
/// <c>/metrics</c>. Source: Prometheus text exposition format 0.0.4.
/// </summary>
internal static class StatusServer
{
    /// <summary>Listens until disposed.</summary>
    /// <exception cref="IOException">The port cannot be bound.</exception>
    public static async Task<WebApplication> StartAsync(int port, Func<AgentReport> report, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.ListenLocalhost(port);
        });
        var app = builder.Build();
        app.Run(http => AnswerAsync(http, report()));
        await app.StartAsync(cancellationToken);
        return app;
    }

    /// <summary>The figures of a report.</summary>
    internal static string Metrics(AgentReport report)
    {
        var text = new StringBuilder();
        Gauge(text, "cloud_agent_connected", report.IsConnected ? 1 : 0);
        Gauge(text, "cloud_agent_desired_revision", report.Revision);
        Gauge(text, "cloud_agent_usage_windows_pending", report.PendingWindows);
        Gauge(text, "cloud_agent_instance_crashes", report.Instances.Sum(instance => instance.Crashes));
        text.Append("# TYPE cloud_agent_instances gauge\n");
        foreach (var state in report.Instances.GroupBy(instance => instance.State).OrderBy(group => group.Key))
        {
            text.Append($"cloud_agent_instances{{state=\"{state.Key.ToString().ToLowerInvariant()}\"}} {state.Count()}\n");
        }

        return text.ToString();
    }

    private static void Gauge(StringBuilder text, string name, long value) =>
        text.Append($"# TYPE {name} gauge\n{name} {value}\n");

    private static Task AnswerAsync(HttpContext http, AgentReport report)
    {
        var (status, body) = http.Request.Path.Value switch
        {
            "/healthz" => (StatusCodes.Status200OK, "ok\n"),
            "/readyz" when report.IsConnected => (StatusCodes.Status200OK, "ok\n"),
            "/readyz" => (StatusCodes.Status503ServiceUnavailable, "There is no stream to the control plane; the instances go on.\n"),
            "/metrics" => (StatusCodes.Status200OK, Metrics(report)),
            _ => (StatusCodes.Status404NotFound, "There are /healthz, /readyz and /metrics.\n"),
        };
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(body, http.RequestAborted);
    }
}
