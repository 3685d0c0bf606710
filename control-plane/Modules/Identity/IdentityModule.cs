using Cloud.Modules.Identity.Features;
using Cloud.Modules.Platform;
using Cloud.Modules.Platform.Errors;

namespace Cloud.Modules.Identity;

/// <summary>People, their sessions, and tokens for programs.</summary>
internal sealed class IdentityModule : IModule
{
    public IReadOnlyList<ErrorDefinition> Errors => IdentityErrors.All;

    public void AddServices(IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<PasswordHashing>();
        services.AddSingleton<SignInFailures>();
        services.AddSingleton<OperatorLink>();
        services.AddHostedService(provider => provider.GetRequiredService<OperatorLink>());
        services.AddScoped<TokenIssuer>();
        services.AddScoped<SignUp>();
    }

    public void AddWorkers(IServiceCollection services, IConfiguration configuration) => services.AddHostedService<TokenSweeper>();

    public void MapEndpoints(IEndpointRouteBuilder routes)
    {
        CreateUser.Map(routes);
        GetMe.Map(routes);
        UpdateMe.Map(routes);
        DeleteMe.Map(routes);
        ChangePassword.Map(routes);
        ClaimOperator.Map(routes);
        CreateSession.Map(routes);
        ListSessions.Map(routes);
        DeleteSession.Map(routes);
        GetAuthorizationServerMetadata.Map(routes);
        CreateToken.Map(routes);
        RevokeToken.Map(routes);
        IntrospectToken.Map(routes);
    }
}
