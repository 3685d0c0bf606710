using Cloud.Portal.Api;

namespace Cloud.Portal.Hosting;

/// <summary>What supervisors and Prometheus ask of the process.</summary>
internal static class Health
{
    /// <summary>
    /// <c>/healthz</c>: the process answers. <c>/readyz</c>: it can serve people, which needs its key ring. The control plane is
    /// left out on purpose: while it is away the console still explains that, and a balancer's bare 503 would not.
    /// </summary>
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/healthz", () => Results.Text("ok\n"));
        routes.MapGet("/readyz", (PortalSettings settings) =>
            Directory.Exists(settings.KeyRing)
                ? Results.Text("ready\n")
                : Results.Text($"The key ring {settings.KeyRing} is gone; restart cloud-portal.\n", statusCode: StatusCodes.Status503ServiceUnavailable));
        routes.MapGet("/metrics", (PortalMetrics metrics) => Results.Text(metrics.Render(), "text/plain; version=0.0.4"));
    }
}
