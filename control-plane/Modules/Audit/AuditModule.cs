using Cloud.Modules.Audit.Features;
using Cloud.Modules.Audit.Public;
using Cloud.Modules.Platform;

namespace Cloud.Modules.Audit;

/// <summary>Records who tried what, and how it ended.</summary>
internal sealed class AuditModule : IModule
{
    public void AddServices(IServiceCollection services, IConfiguration configuration) =>
        services.AddScoped<IAuditTrail, AuditTrail>();

    public void MapEndpoints(IEndpointRouteBuilder routes) => ListAuditEvents.Map(routes);
}
