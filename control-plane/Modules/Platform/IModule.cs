using Cloud.Modules.Platform.Errors;

namespace Cloud.Modules.Platform;

/// <summary>One business module: the only type of it that the host knows. Stateless; made once by the host.</summary>
internal interface IModule
{
    /// <summary>The failures this module answers with, besides those of <see cref="PlatformErrors"/>. Codes are unique over all modules.</summary>
    IReadOnlyList<ErrorDefinition> Errors => [];

    /// <summary>Registers what the module needs in every role.</summary>
    void AddServices(IServiceCollection services, IConfiguration configuration);

    /// <summary>Registers hosted services; called only where the host has the role <c>worker</c>.</summary>
    void AddWorkers(IServiceCollection services, IConfiguration configuration)
    {
    }

    /// <summary>Maps the public API; called only where the host has the role <c>api</c>.</summary>
    void MapEndpoints(IEndpointRouteBuilder routes)
    {
    }

    /// <summary>Maps what agents and operators call. It is served on the agent port alone, never on the API port, and has no
    /// part in the API's pipeline: such endpoints authenticate their callers themselves.</summary>
    void MapAgentEndpoints(IEndpointRouteBuilder routes)
    {
    }
}
