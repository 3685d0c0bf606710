using Cloud.Modules.Organizations.Features;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform;
using Cloud.Modules.Platform.Errors;

namespace Cloud.Modules.Organizations;

/// <summary>Tenants, their projects, members, roles and API keys.</summary>
internal sealed class OrganizationsModule : IModule
{
    public IReadOnlyList<ErrorDefinition> Errors => OrganizationErrors.All;

    public void AddServices(IServiceCollection services, IConfiguration configuration)
    {
        services.AddScoped<OrganizationFactory>();
        services.AddScoped<IPersonalOrganizations>(scope => scope.GetRequiredService<OrganizationFactory>());
        services.AddScoped<IApiKeys, ApiKeys>();
        services.AddScoped<BindingScopes>();
        services.AddScoped<INameDirectory, NameDirectory>();
    }

    public void MapEndpoints(IEndpointRouteBuilder routes)
    {
        ListOrganizations.Map(routes);
        CreateOrganization.Map(routes);
        GetOrganization.Map(routes);
        UpdateOrganization.Map(routes);
        DeleteOrganization.Map(routes);
        ListProjects.Map(routes);
        CreateProject.Map(routes);
        GetProject.Map(routes);
        UpdateProject.Map(routes);
        DeleteProject.Map(routes);
        GetOrganizationProject.Map(routes);
        UpdateOrganizationProject.Map(routes);
        DeleteOrganizationProject.Map(routes);
        ListMembers.Map(routes);
        DeleteMember.Map(routes);
        ListRoles.Map(routes);
        ListRoleBindings.Map(routes);
        CreateRoleBinding.Map(routes);
        DeleteRoleBinding.Map(routes);
        ListApiKeys.Map(routes);
        CreateApiKey.Map(routes);
        GetApiKey.Map(routes);
        DeleteApiKey.Map(routes);
        CheckPermissions.Map(routes);
    }
}
