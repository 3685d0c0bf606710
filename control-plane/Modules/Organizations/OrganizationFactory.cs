using Cloud.Kernel;
using Cloud.Modules.Identity.Public;
using Cloud.Modules.Organizations.Data;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Data;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Organizations;

/// <summary>Makes organizations with their first owner and project, and takes people out of them.</summary>
internal sealed class OrganizationFactory(
    CloudDbContext db,
    TenantTransaction transaction,
    IEnumerable<IProjectContents> contents,
    TimeProvider time) : IPersonalOrganizations
{
    private const string DefaultProject = "default";

    public Task CreateAsync(UserId user, string name, CancellationToken cancellationToken) =>
        CreateAsync(user, name, isPersonal: true, cancellationToken);

    /// <summary>The transaction has entered the new organization when this returns; the rows are saved.</summary>
    public async Task<Organization> CreateAsync(UserId owner, string name, bool isPersonal, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var organization = new Organization
        {
            Id = TypedId.New<OrganizationId>(time), Name = name, IsPersonal = isPersonal, CreatedAt = now, UpdatedAt = now,
        };
        await transaction.EnterOrganizationAsync(organization.Id, cancellationToken);
        db.Add(organization);
        await db.SaveChangesAsync(cancellationToken);
        db.Add(new Member { OrganizationId = organization.Id, UserId = owner, CreatedAt = now });
        db.Add(new RoleBinding
        {
            Id = TypedId.New<RoleBindingId>(time),
            OrganizationId = organization.Id,
            PrincipalKind = BoundPrincipalKind.User,
            PrincipalId = owner.Value,
            Role = RoleCatalog.OrganizationOwner,
            ScopeKind = ScopeKind.Organization,
            ScopeId = organization.Id.Value,
            CreatedAt = now,
        });
        db.Add(new Project
        {
            Id = TypedId.New<ProjectId>(time), OrganizationId = organization.Id, Name = DefaultProject, CreatedAt = now, UpdatedAt = now,
        });
        await db.SaveChangesAsync(cancellationToken);
        return organization;
    }

    public async Task<string?> LeaveAllAsync(UserId user, CancellationToken cancellationToken)
    {
        // Without an organization entered, row-level security shows exactly those of which the caller is a member.
        var organizations = await db.Set<Organization>().AsNoTracking().OrderBy(row => row.CreatedAt).ToListAsync(cancellationToken);
        foreach (var organization in organizations)
        {
            await transaction.EnterOrganizationAsync(organization.Id, cancellationToken);
            if (!await LeaveAsync(organization.Id, user, cancellationToken))
            {
                return organization.Name;
            }
        }

        return null;
    }

    /// <summary>Whether somebody other than the principal owns the entered organization.</summary>
    public Task<bool> HasOtherOwnerAsync(OrganizationId organization, Guid principal, CancellationToken cancellationToken) =>
        db.Set<RoleBinding>().AnyAsync(
            row => row.Role == RoleCatalog.OrganizationOwner
                && row.PrincipalKind == BoundPrincipalKind.User
                && row.ScopeId == organization.Value
                && row.PrincipalId != principal,
            cancellationToken);

    /// <summary>What is in the projects of the entered organization; null when all are empty.</summary>
    public async Task<string?> DescribeContentsAsync(CancellationToken cancellationToken)
    {
        var projects = await db.Set<Project>().AsNoTracking().Select(row => row.Id).ToListAsync(cancellationToken);
        foreach (var project in projects)
        {
            if (await DescribeContentsAsync(project, cancellationToken) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>What is in a project that is about to be deleted; nothing can be added to it from here to the transaction's end.</summary>
    public async Task<string?> DescribeContentsAsync(ProjectId project, CancellationToken cancellationToken)
    {
        await ProjectHold.TryTakeAsync(db, project, cancellationToken);
        foreach (var source in contents)
        {
            if (await source.DescribeAsync(project, cancellationToken) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>Removes the roles that were bound at the project, and those of the API keys that go with it.</summary>
    public async Task RemoveBindingsAsync(ProjectId project, CancellationToken cancellationToken)
    {
        var keys = await db.Set<ApiKey>().Where(row => row.ProjectId == project).Select(row => row.Id).ToListAsync(cancellationToken);
        var principals = keys.Select(key => key.Value).ToList();
        await db.Set<RoleBinding>()
            .Where(row => row.ScopeId == project.Value || principals.Contains(row.PrincipalId))
            .ExecuteDeleteAsync(cancellationToken);
    }

    private async Task<bool> LeaveAsync(OrganizationId organization, UserId user, CancellationToken cancellationToken)
    {
        if (await HasOtherOwnerAsync(organization, user.Value, cancellationToken))
        {
            await db.Set<RoleBinding>().Where(row => row.PrincipalId == user.Value).ExecuteDeleteAsync(cancellationToken);
            await db.Set<Member>().Where(row => row.UserId == user).ExecuteDeleteAsync(cancellationToken);
            return true;
        }

        if (await DescribeContentsAsync(cancellationToken) is not null)
        {
            return false;
        }

        var isAlone = !await db.Set<Member>().AnyAsync(row => row.UserId != user, cancellationToken);
        if (isAlone)
        {
            await db.Set<Organization>().Where(row => row.Id == organization).ExecuteDeleteAsync(cancellationToken);
        }

        return isAlone;
    }
}
