using Cloud.Kernel;
using Cloud.Modules.Identity.Public;

namespace Cloud.Modules.Organizations.Public;

/// <summary>The organization that comes with each person.</summary>
internal interface IPersonalOrganizations
{
    /// <summary>
    /// Makes the person's organization with a project named <c>default</c> in the open transaction, which has entered the new
    /// organization when this returns.
    /// </summary>
    Task CreateAsync(UserId user, string name, CancellationToken cancellationToken);

    /// <summary>
    /// Ends all memberships of a person who is about to be deleted, in the open transaction, and deletes organizations that nobody
    /// else is a member of.
    /// </summary>
    /// <returns>The name of an organization that cannot be left, since it has clusters and no other owner; null when all were left.</returns>
    Task<string?> LeaveAllAsync(UserId user, CancellationToken cancellationToken);
}

/// <summary>The credentials of programs.</summary>
internal interface IApiKeys
{
    /// <summary>Checks a client id and secret in the open transaction.</summary>
    /// <returns>Null when they are wrong, expired or revoked.</returns>
    Task<ApiKeyId?> AuthenticateAsync(string? clientId, string? clientSecret, CancellationToken cancellationToken);
}

/// <summary>
/// Answered by modules whose resources live in projects: a project (or its organization) that still has some is not deleted.
/// </summary>
internal interface IProjectContents
{
    /// <summary>What is still in the project, for a sentence such as "the project has 2 clusters"; null when nothing is.</summary>
    Task<string?> DescribeAsync(ProjectId project, CancellationToken cancellationToken);
}
