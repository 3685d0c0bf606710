using Cloud.Kernel;
using Cloud.Modules.Organizations.Data;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Data;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Organizations;

/// <summary>Names, read at each call.</summary>
internal sealed class NameDirectory(CloudDbContext database) : INameDirectory
{
    public Task<string?> OfOrganizationAsync(OrganizationId organization, CancellationToken cancellationToken) =>
        database.Set<Organization>().Where(row => row.Id == organization).Select(row => (string?)row.Name)
            .SingleOrDefaultAsync(cancellationToken);

    public async Task<IReadOnlyDictionary<ProjectId, string>> OfProjectsAsync(
        OrganizationId organization, CancellationToken cancellationToken) =>
        await database.Set<Project>().Where(row => row.OrganizationId == organization)
            .ToDictionaryAsync(row => row.Id, row => row.Name, cancellationToken);
}
