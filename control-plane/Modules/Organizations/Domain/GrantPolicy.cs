using Cloud.Kernel;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Access;

namespace Cloud.Modules.Organizations.Domain;

/// <summary>Nobody gives away what they do not have. Pure.</summary>
internal static class GrantPolicy
{
    /// <param name="project">Where the role is to hold; null for the whole organization.</param>
    /// <param name="cluster">Narrower still; null for the project or organization.</param>
    /// <returns>Null when the caller may grant the role there.</returns>
    public static Failure? Check(Access access, string role, Guid? project, Guid? cluster, string pointer)
    {
        if (!RoleCatalog.All.TryGetValue(role, out var found))
        {
            return new Failure(
                OrganizationErrors.UnknownRole,
                $"'{role}' is no role; these are: {string.Join(", ", RoleCatalog.All.Keys.Order(StringComparer.Ordinal))}.",
                pointer);
        }

        var beyond = found.Permissions.Order(StringComparer.Ordinal)
            .FirstOrDefault(permission => !access.Allows(permission, project, cluster));
        return beyond is null
            ? null
            : new Failure(
                OrganizationErrors.RoleExceedsOwn, $"'{role}' allows '{beyond}', which the caller may not do there.", pointer);
    }
}
