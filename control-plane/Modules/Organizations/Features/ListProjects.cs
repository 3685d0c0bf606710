using Cloud.Kernel;
using Cloud.Modules.Organizations.Data;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Http;
using Cloud.Modules.Platform.Paging;

namespace Cloud.Modules.Organizations.Features;

/// <summary>The projects of an organization that the caller's roles reach.</summary>
internal static class ListProjects
{
    private static readonly ListFields<Project> Fields =
        ListFields<Project>.By(row => row.CreatedAt, row => row.Id).With("name", row => row.Name, isSortable: true);

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/organizations/{organization}/projects", HandleAsync)
        .QueryOfAnyScope(Permissions.ProjectsRead);

    private static Task<Reply<Page<ProjectReply>>> HandleAsync(
        OrganizationId organization,
        [AsParameters] ListQuery query,
        Lister lister,
        CloudDbContext db,
        ApiCall call,
        CancellationToken cancellationToken)
    {
        var rows = db.Set<Project>().Where(row => row.OrganizationId == organization);
        if (!call.Access.Allows(Permissions.ProjectsRead, project: null))
        {
            var reachable = call.Access.Grants
                .Where(grant => RoleCatalog.Grants(grant.Role, Permissions.ProjectsRead))
                .Select(grant => new ProjectId(grant.ScopeId))
                .ToList();
            rows = rows.Where(row => reachable.Contains(row.Id));
        }

        return lister.ListAsync(rows, Fields, query, ProjectReply.Of, cancellationToken);
    }
}
