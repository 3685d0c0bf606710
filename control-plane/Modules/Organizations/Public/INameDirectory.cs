using Cloud.Kernel;

namespace Cloud.Modules.Organizations.Public;

/// <summary>What organizations and projects are called, for bills and exports. Scoped; reads within the open transaction.</summary>
internal interface INameDirectory
{
    /// <summary>Null when there is no such organization, or the request may not see it.</summary>
    Task<string?> OfOrganizationAsync(OrganizationId organization, CancellationToken cancellationToken);

    /// <summary>Names of an organization's projects, by id.</summary>
    Task<IReadOnlyDictionary<ProjectId, string>> OfProjectsAsync(OrganizationId organization, CancellationToken cancellationToken);
}
