using Cloud.Modules.Catalog.Features;
using Cloud.Modules.Catalog.Public;
using Cloud.Modules.Platform;
using Cloud.Modules.Platform.Errors;

namespace Cloud.Modules.Catalog;

/// <summary>What can be chosen, at what price, under which limits; see README.md.</summary>
internal sealed class CatalogModule : IModule
{
    public IReadOnlyList<ErrorDefinition> Errors { get; } =
    [
        new(
            CatalogErrorCodes.QuotaExceeded,
            StatusCodes.Status403Forbidden,
            "The organization would hold more than it may.",
            "Delete what is not needed, or ask the operator for a higher limit; GET /v1/limits shows them."),
    ];

    public void AddServices(IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton(new QuotaDefaults(configuration));
        services.AddScoped<QuotaLedger>();
        services.AddScoped<CatalogReader>();
    }

    public void MapEndpoints(IEndpointRouteBuilder routes)
    {
        ListLocations.Map(routes);
        ListSizes.Map(routes);
        ListVersions.Map(routes);
        GetLimits.Map(routes);
    }
}
