using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Provisioning.Public;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Cloud.Modules.Provisioning.Data;

/// <summary>A stored blueprint; the table refuses updates.</summary>
internal sealed class BlueprintRow : ITenantOwned
{
    public required ClusterId ClusterId { get; init; }

    public required long Number { get; init; }

    public required OrganizationId OrganizationId { get; init; }

    public required Blueprint Document { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>An instance: the wish as its agent is told, beside the fact as the agent tells it. The fact is written by the agent's stream.</summary>
internal sealed class InstanceRow : ITenantOwned
{
    public required InstanceId Id { get; init; }

    public required ClusterId ClusterId { get; init; }

    public required OrganizationId OrganizationId { get; init; }

    public required HostId HostId { get; init; }

    public required InstanceRole Role { get; init; }

    public required int Ordinal { get; init; }

    public required string Size { get; init; }

    /// <summary>Its limit, promised to it on its host.</summary>
    public required long MemoryBytes { get; init; }

    public required InstanceSpec Spec { get; set; }

    /// <summary>The host's revision with which <see cref="Spec"/> last changed.</summary>
    public required long DesiredRevision { get; set; }

    /// <summary>The agent's last word; null before the first.</summary>
    public InstanceStatus? Observed { get; private init; }

    public DateTimeOffset? ObservedAt { get; private init; }

    /// <summary>When it was ready for the first time; null before.</summary>
    public DateTimeOffset? FirstReadyAt { get; private init; }
}

internal sealed class BlueprintRowMapping : IEntityTypeConfiguration<BlueprintRow>
{
    public void Configure(EntityTypeBuilder<BlueprintRow> builder)
    {
        builder.ToTable("blueprints");
        builder.HasKey(row => new { row.ClusterId, row.Number });
        builder.Property(row => row.Document).HasStoredJson();
    }
}

internal sealed class InstanceRowMapping : IEntityTypeConfiguration<InstanceRow>
{
    public void Configure(EntityTypeBuilder<InstanceRow> builder)
    {
        builder.ToTable("instances");
        builder.HasKey(row => row.Id);
        builder.Property(row => row.Id).ValueGeneratedNever();
        builder.Property(row => row.Spec).HasStoredJson();
        builder.Property(row => row.Observed).HasStoredJson();
    }
}
