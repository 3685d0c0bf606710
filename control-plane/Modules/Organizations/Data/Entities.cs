using Cloud.Kernel;
using Cloud.Modules.Identity.Public;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Cloud.Modules.Organizations.Data;

/// <summary>A tenant. Row-level security shows the entered one, and those of which the caller is a member.</summary>
internal sealed class Organization : IConcurrencyChecked
{
    public required OrganizationId Id { get; init; }

    public required string Name { get; set; }

    /// <summary>Whether it came with a person's sign-up.</summary>
    public required bool IsPersonal { get; init; }

    /// <summary>Counts changes of what people can write.</summary>
    public long Version { get; private set; } = 1;

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; set; }

    public void Rename(string name, DateTimeOffset now)
    {
        if (name != Name)
        {
            Name = name;
            UpdatedAt = now;
            Version++;
        }
    }
}

/// <summary>Groups clusters; its name is unique in its organization.</summary>
internal sealed class Project : ITenantOwned, IConcurrencyChecked
{
    public required ProjectId Id { get; init; }

    public required OrganizationId OrganizationId { get; init; }

    public required string Name { get; set; }

    public long Version { get; private set; } = 1;

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; set; }

    public void Rename(string name, DateTimeOffset now)
    {
        if (name != Name)
        {
            Name = name;
            UpdatedAt = now;
            Version++;
        }
    }
}

/// <summary>A person's membership. What members may do, role bindings say.</summary>
internal sealed class Member : ITenantOwned
{
    public required OrganizationId OrganizationId { get; init; }

    public required UserId UserId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>At which level a role is bound.</summary>
internal enum ScopeKind
{
    Organization,
    Project,
    Cluster,
}

/// <summary>What a role is bound to.</summary>
internal enum BoundPrincipalKind
{
    User,
    ApiKey,
}

/// <summary>The grant of a role to a member or API key, at one level and below.</summary>
internal sealed class RoleBinding : ITenantOwned
{
    public required RoleBindingId Id { get; init; }

    public required OrganizationId OrganizationId { get; init; }

    public required BoundPrincipalKind PrincipalKind { get; init; }

    public required Guid PrincipalId { get; init; }

    public required string Role { get; init; }

    public required ScopeKind ScopeKind { get; init; }

    public required Guid ScopeId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>The credential of a program; its role is a <see cref="RoleBinding"/>.</summary>
internal sealed class ApiKey : ITenantOwned
{
    public required ApiKeyId Id { get; init; }

    public required OrganizationId OrganizationId { get; init; }

    /// <summary>Null when the key reaches the whole organization.</summary>
    public required ProjectId? ProjectId { get; init; }

    public required string Name { get; init; }

    public required string Role { get; init; }

    /// <summary>SHA-256 of the secret, which has 256 random bits.</summary>
    public required byte[] SecretHash { get; init; }

    public required Guid CreatedBy { get; init; }

    public long Version { get; private set; } = 1;

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Null for never.</summary>
    public required DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Null while unused.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }
}

internal sealed class OrganizationMapping : IEntityTypeConfiguration<Organization>
{
    public void Configure(EntityTypeBuilder<Organization> builder) => builder.ToTable("organizations").HasKey(row => row.Id);
}

internal sealed class ProjectMapping : IEntityTypeConfiguration<Project>
{
    public void Configure(EntityTypeBuilder<Project> builder) => builder.ToTable("projects").HasKey(row => row.Id);
}

internal sealed class MemberMapping : IEntityTypeConfiguration<Member>
{
    public void Configure(EntityTypeBuilder<Member> builder) =>
        builder.ToTable("members").HasKey(row => new { row.OrganizationId, row.UserId });
}

internal sealed class RoleBindingMapping : IEntityTypeConfiguration<RoleBinding>
{
    public void Configure(EntityTypeBuilder<RoleBinding> builder) => builder.ToTable("role_bindings").HasKey(row => row.Id);
}

internal sealed class ApiKeyMapping : IEntityTypeConfiguration<ApiKey>
{
    public void Configure(EntityTypeBuilder<ApiKey> builder) => builder.ToTable("api_keys").HasKey(row => row.Id);
}
