using System.Collections.Frozen;
using System.Reflection;

namespace Cloud.Modules.Organizations.Public;

/// <summary>
/// Every permission there is, as <c>resource.verb</c>. A constant added here must also be given to the roles that have it in
/// <see cref="RoleCatalog"/>; owners have all.
/// </summary>
internal static class Permissions
{
    public const string OrganizationsRead = "organizations.read";
    public const string OrganizationsUpdate = "organizations.update";
    public const string OrganizationsDelete = "organizations.delete";
    public const string MembersRead = "members.read";
    public const string MembersManage = "members.manage";
    public const string RolesRead = "roles.read";
    public const string RoleBindingsManage = "roleBindings.manage";
    public const string ApiKeysRead = "apiKeys.read";
    public const string ApiKeysManage = "apiKeys.manage";
    public const string AuditRead = "audit.read";
    public const string ProjectsRead = "projects.read";
    public const string ProjectsCreate = "projects.create";
    public const string ProjectsUpdate = "projects.update";
    public const string ProjectsDelete = "projects.delete";
    public const string ClustersRead = "clusters.read";
    public const string ClustersCreate = "clusters.create";
    public const string ClustersUpdate = "clusters.update";
    public const string ClustersDelete = "clusters.delete";
    public const string ClustersOperate = "clusters.operate";
    public const string ClustersQuery = "clusters.query";
    public const string ClustersWriteData = "clusters.writeData";
    public const string SqlUsersRead = "sqlUsers.read";
    public const string SqlUsersManage = "sqlUsers.manage";
    public const string OperationsRead = "operations.read";
    public const string OperationsManage = "operations.manage";
    public const string EventsRead = "events.read";
    public const string QuotasRead = "quotas.read";
    public const string UsageRead = "usage.read";
    public const string InvoicesRead = "invoices.read";
    public const string BillingExportsRead = "billingExports.read";
    public const string BillingExportsCreate = "billingExports.create";
    public const string BudgetsManage = "budgets.manage";

    /// <summary>All of them.</summary>
    public static FrozenSet<string> All { get; } = typeof(Permissions)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Where(field => field.IsLiteral)
        .Select(field => (string)field.GetRawConstantValue()!) // the literals above
        .ToFrozenSet(StringComparer.Ordinal);

    public static bool Contains(string permission) => All.Contains(permission);
}
