using System.Collections.Frozen;
using static Cloud.Modules.Organizations.Public.Permissions;

namespace Cloud.Modules.Organizations.Public;

/// <summary>A named set of permissions.</summary>
/// <param name="Name">As bindings and the API write it.</param>
/// <param name="Description">One sentence for people.</param>
/// <param name="Permissions">What it allows.</param>
internal sealed record Role(string Name, string Description, FrozenSet<string> Permissions);

/// <summary>The built-in roles. A role holds at the level where it is bound (organization, project, cluster) and below.</summary>
internal static class RoleCatalog
{
    public const string OrganizationOwner = "organizationOwner";
    public const string OrganizationAdmin = "organizationAdmin";
    public const string BillingManager = "billingManager";
    public const string Auditor = "auditor";
    public const string ProjectOwner = "projectOwner";
    public const string ProjectDeveloper = "projectDeveloper";
    public const string ProjectViewer = "projectViewer";

    private static readonly string[] ViewerPermissions =
    [
        OrganizationsRead, ProjectsRead, ClustersRead, ClustersQuery, OperationsRead, EventsRead, SqlUsersRead, UsageRead, QuotasRead,
        RolesRead,
    ];

    private static readonly string[] DeveloperPermissions =
    [
        .. ViewerPermissions,
        ClustersCreate, ClustersUpdate, ClustersOperate, ClustersWriteData, SqlUsersManage, OperationsManage,
    ];

    private static readonly string[] ProjectOwnerPermissions =
        [.. DeveloperPermissions, ClustersDelete, ProjectsUpdate, ProjectsDelete];

    private static readonly string[] BillingPermissions =
        [OrganizationsRead, ProjectsRead, UsageRead, InvoicesRead, BillingExportsRead, BillingExportsCreate, BudgetsManage, QuotasRead, RolesRead];

    private static readonly string[] AuditorPermissions =
    [
        OrganizationsRead, ProjectsRead, ClustersRead, OperationsRead, EventsRead, MembersRead, RolesRead, ApiKeysRead, AuditRead,
        UsageRead, InvoicesRead, BillingExportsRead, QuotasRead, SqlUsersRead,
    ];

    /// <summary>By name.</summary>
    public static FrozenDictionary<string, Role> All { get; } = new[]
    {
        new Role(OrganizationOwner, "May do everything in the organization.", Permissions.All),
        new Role(
            OrganizationAdmin,
            "May do everything but delete the organization.",
            Permissions.All.Where(permission => permission != OrganizationsDelete).ToFrozenSet(StringComparer.Ordinal)),
        new Role(BillingManager, "Sees usage, invoices and exports, and keeps budgets.", Set(BillingPermissions)),
        new Role(Auditor, "Sees everything, the audit log included, and changes nothing.", Set(AuditorPermissions)),
        new Role(ProjectOwner, "May do everything in a project.", Set(ProjectOwnerPermissions)),
        new Role(ProjectDeveloper, "Creates, changes and uses clusters, but deletes none.", Set(DeveloperPermissions)),
        new Role(ProjectViewer, "Sees a project's clusters, and reads their data.", Set(ViewerPermissions)),
    }.ToFrozenDictionary(role => role.Name, StringComparer.Ordinal);

    /// <summary>Whether a role has a permission; an unknown role has none.</summary>
    public static bool Grants(string role, string permission) =>
        All.TryGetValue(role, out var found) && found.Permissions.Contains(permission);

    private static FrozenSet<string> Set(string[] permissions) => permissions.ToFrozenSet(StringComparer.Ordinal);
}
