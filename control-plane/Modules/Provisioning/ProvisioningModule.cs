using Cloud.Modules.Platform;
using Cloud.Modules.Platform.Messaging;
using Cloud.Modules.Provisioning.Agents;
using Cloud.Modules.Provisioning.Public;

namespace Cloud.Modules.Provisioning;

/// <summary>Hosts, agents, blueprints; see README.md.</summary>
internal sealed class ProvisioningModule : IModule
{
    public void AddServices(IServiceCollection services, IConfiguration configuration)
    {
        services.AddScoped<Provisioner>();
        services.AddScoped<HostDirectory>();
        services.AddSingleton<HostStore>();
        services.AddSingleton<AgentStreams>();
        services.AddHostedService(provider => provider.GetRequiredService<AgentStreams>());
        services.AddSingleton<AgentEndpoint>();
    }

    public void AddWorkers(IServiceCollection services, IConfiguration configuration) =>
        services.AddSingleton<ISweep, SilenceSweep>();

    public void MapAgentEndpoints(IEndpointRouteBuilder routes) => AgentEndpoint.Map(routes);
}
