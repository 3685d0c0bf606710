using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Platform.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Cloud.Modules.Clusters.Data;

/// <summary>A SQL user as desired state: verifiers, never a password.</summary>
internal sealed class SqlUser : ITenantOwned
{
    /// <summary>The user that every cluster has.</summary>
    public const string Root = "root";

    public required ClusterId ClusterId { get; init; }

    public required OrganizationId OrganizationId { get; init; }

    public required string Name { get; init; }

    public required string? NativeVerifier { get; init; }

    public required string Sha2Verifier { get; init; }

    public required SqlGrants Grants { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public SqlUserSpec ToSpec() => new(Name, NativeVerifier, Sha2Verifier, Grants);
}

internal sealed class ClusterMapping : IEntityTypeConfiguration<Cluster>
{
    /// <summary>The index that keeps names unique.</summary>
    public const string LiveNameIndex = "clusters_live_name";

    public void Configure(EntityTypeBuilder<Cluster> builder)
    {
        builder.ToTable("clusters");
        builder.HasKey(cluster => cluster.Id);
        builder.Property(cluster => cluster.Id).ValueGeneratedNever();
        builder.Property(cluster => cluster.Spec).HasStoredJson();
    }
}

internal sealed class ClusterStatusMapping : IEntityTypeConfiguration<ClusterStatus>
{
    public void Configure(EntityTypeBuilder<ClusterStatus> builder)
    {
        builder.ToTable("cluster_statuses");
        builder.HasKey(status => status.ClusterId);
        builder.Property(status => status.ClusterId).ValueGeneratedNever();
        builder.Property(status => status.Conditions).HasStoredJson();
        builder.HasOne<Cluster>().WithOne().HasForeignKey<ClusterStatus>(status => status.ClusterId);
    }
}

internal sealed class SqlUserMapping : IEntityTypeConfiguration<SqlUser>
{
    public void Configure(EntityTypeBuilder<SqlUser> builder)
    {
        builder.ToTable("sql_users");
        builder.HasKey(user => new { user.ClusterId, user.Name });
        builder.HasOne<Cluster>().WithMany().HasForeignKey(user => user.ClusterId);
    }
}
