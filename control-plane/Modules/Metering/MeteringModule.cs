using Cloud.Modules.Metering.Features;
using Cloud.Modules.Metering.Public;
using Cloud.Modules.Platform;

namespace Cloud.Modules.Metering;

/// <summary>Records what is held and what is done, exactly once.</summary>
internal sealed class MeteringModule : IModule
{
    public void AddServices(IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<IAllocationMeter, AllocationMeter>();
        services.AddSingleton<IUsageStore, UsageStore>();
        services.AddScoped<IMeterReadings, MeterReader>();
    }

    public void AddWorkers(IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<GapWatch>();
        services.AddHostedService(provider => provider.GetRequiredService<GapWatch>());
    }

    public void MapEndpoints(IEndpointRouteBuilder routes) => ListUsageWindows.Map(routes);
}
