using Cloud.Kernel;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;

namespace Cloud.Modules.Organizations.Features;

/// <summary>A project by its path under the organization; the same as <c>/v1/projects/{project}</c>.</summary>
internal static class GetOrganizationProject
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/organizations/{organization}/projects/{project}", HandleAsync)
        .ScopedBy("project")
        .Query(Permissions.ProjectsRead);

    private static async Task<Reply<ProjectReply>> HandleAsync(
        OrganizationId organization,
        ProjectId project,
        CloudDbContext db,
        ApiCall call,
        CancellationToken cancellationToken) => call.OrganizationId == organization
            ? await GetProject.HandleAsync(project, db, cancellationToken)
            : PlatformErrors.ResourceNotFound("project", project);
}

/// <summary>As PATCH of <c>/v1/projects/{project}</c>.</summary>
internal static class UpdateOrganizationProject
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPatch("/v1/organizations/{organization}/projects/{project}", HandleAsync)
        .ScopedBy("project")
        .ResourceWrite(Permissions.ProjectsUpdate)
        .Fails(OrganizationErrors.ProjectNameTaken)
        .Example(new UpdateProject.Request { Name = "orders" });

    private static async Task<Reply<ProjectReply>> HandleAsync(
        OrganizationId organization,
        ProjectId project,
        UpdateProject.Request request,
        CloudDbContext db,
        ApiCall call,
        TimeProvider time,
        CancellationToken cancellationToken) => call.OrganizationId == organization
            ? await UpdateProject.HandleAsync(project, request, db, call, time, cancellationToken)
            : PlatformErrors.ResourceNotFound("project", project);
}

/// <summary>As DELETE of <c>/v1/projects/{project}</c>.</summary>
internal static class DeleteOrganizationProject
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapDelete("/v1/organizations/{organization}/projects/{project}", HandleAsync)
        .ScopedBy("project")
        .ResourceWrite(Permissions.ProjectsDelete)
        .Fails(OrganizationErrors.ProjectNotEmpty);

    private static async Task<Reply<Nothing>> HandleAsync(
        OrganizationId organization,
        ProjectId project,
        CloudDbContext db,
        ApiCall call,
        OrganizationFactory factory,
        CancellationToken cancellationToken) => call.OrganizationId == organization
            ? await DeleteProject.HandleAsync(project, db, call, factory, cancellationToken)
            : PlatformErrors.ResourceNotFound("project", project);
}
