using Cloud.Kernel;

namespace Cloud.Modules.Platform.Access;

/// <summary>What kind of caller it is.</summary>
internal enum PrincipalKind
{
    User,
    ApiKey,
}

/// <summary>The caller, from its access token.</summary>
/// <param name="Kind">A person, or a program with an API key.</param>
/// <param name="Id">The user's or API key's UUID.</param>
/// <param name="SessionId">The session of the token; null for API keys.</param>
/// <param name="IsOperator">Whether the person runs this cloud.</param>
internal sealed record Principal(PrincipalKind Kind, Guid Id, Guid? SessionId, bool IsOperator);

/// <summary>A role given at one level of an organization.</summary>
/// <param name="Role">Name of the role.</param>
/// <param name="ScopeId">UUID of the organization, project or cluster at which it holds, and below.</param>
internal sealed record GrantedRole(string Role, Guid ScopeId);

/// <summary>
/// What the caller may do in one organization. The one place where permissions are decided. Immutable.
/// </summary>
internal sealed record Access
{
    public required OrganizationId OrganizationId { get; init; }

    /// <summary>Every role that the caller holds anywhere in the organization.</summary>
    public required IReadOnlyList<GrantedRole> Grants { get; init; }

    /// <summary>The resource that the request names.</summary>
    public required Guid ResourceId { get; init; }

    /// <summary>Null for what is above projects.</summary>
    public required Guid? ProjectId { get; init; }

    /// <summary>Null for what is above clusters.</summary>
    public required Guid? ClusterId { get; init; }

    /// <summary>Whether the caller has the permission on the request's resource.</summary>
    public bool Allows(string permission) => Allows(permission, ProjectId, ClusterId);

    /// <summary>Whether the caller has the permission on a project, or on a cluster of it: roles reach downwards.</summary>
    public bool Allows(string permission, Guid? project, Guid? cluster = null) => Grants.Any(grant =>
        (grant.ScopeId == OrganizationId.Value || grant.ScopeId == project || grant.ScopeId == cluster)
        && Organizations.Public.RoleCatalog.Grants(grant.Role, permission));

    /// <summary>Whether the caller has the permission anywhere in the organization.</summary>
    public bool AllowsAnywhere(string permission) =>
        Grants.Any(grant => Organizations.Public.RoleCatalog.Grants(grant.Role, permission));
}
