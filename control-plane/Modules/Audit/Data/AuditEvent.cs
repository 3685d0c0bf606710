using Cloud.Kernel;
using Cloud.Modules.Audit.Public;
using Cloud.Modules.Platform.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Cloud.Modules.Audit.Data;

/// <summary>A recorded attempt. Read only here: rows are written by the SQL functions behind <see cref="IAuditTrail"/>.</summary>
internal sealed class AuditEvent : ITenantOwned
{
    public required AuditEventId Id { get; init; }

    public required OrganizationId OrganizationId { get; init; }

    public required string PrincipalKind { get; init; }

    public required Guid PrincipalId { get; init; }

    public required string Action { get; init; }

    public required string Target { get; init; }

    public required string RequestId { get; init; }

    public required string? Address { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required string? Outcome { get; init; }

    public required int? Status { get; init; }

    public required DateTimeOffset? EndedAt { get; init; }
}

internal sealed class AuditEventMapping : IEntityTypeConfiguration<AuditEvent>
{
    public void Configure(EntityTypeBuilder<AuditEvent> builder) => builder.ToTable("audit_events").HasKey(row => row.Id);
}
