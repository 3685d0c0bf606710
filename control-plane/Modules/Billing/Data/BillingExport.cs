using System.Text.Json;
using Cloud.Kernel;
using Cloud.Modules.Billing.Public;
using Cloud.Modules.Operations.Public;
using Cloud.Modules.Platform.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Cloud.Modules.Billing.Data;

/// <summary>Where an export stands.</summary>
internal enum BillingExportState
{
    Pending,
    Available,

    /// <summary>Its operation says why and can be retried.</summary>
    Failed,
}

/// <summary>One file of an export: what it must be.</summary>
/// <param name="Name">Without folders.</param>
/// <param name="Sha256">Lower-case hex.</param>
/// <param name="Rows">Without the header.</param>
/// <param name="BilledCost">Sum over the rows, decimal text: the invoice's total.</param>
internal sealed record ExportFile(string Name, string Sha256, int Rows, string BilledCost);

/// <summary>A month's charges in a file. Made by a request, ended by a worker.</summary>
internal sealed class BillingExport : ITenantOwned
{
    private BillingExport()
    {
    }

    public BillingExportId Id { get; private init; }

    public OrganizationId OrganizationId { get; private init; }

    public OperationId OperationId { get; private init; }

    public string Format { get; private init; } = string.Empty;

    public string Encoding { get; private init; } = string.Empty;

    /// <summary><c>yyyy-MM</c>.</summary>
    public string Month { get; private init; } = string.Empty;

    public BillingExportState State { get; private set; }

    /// <summary>Empty until it is available.</summary>
    public IReadOnlyList<ExportFile> Files { get; private set; } = [];

    public DateTimeOffset CreatedAt { get; private init; }

    public DateTimeOffset? EndedAt { get; private set; }

    public static BillingExport Request(
        BillingExportId id, OrganizationId organization, OperationId operation, string format, string encoding, string month, DateTimeOffset now) => new()
        {
            Id = id,
            OrganizationId = organization,
            OperationId = operation,
            Format = format,
            Encoding = encoding,
            Month = month,
            State = BillingExportState.Pending,
            CreatedAt = now,
        };

    public void Complete(IReadOnlyList<ExportFile> files, DateTimeOffset now)
    {
        Files = files;
        State = BillingExportState.Available;
        EndedAt = now;
    }

    public void Fail(DateTimeOffset now)
    {
        State = BillingExportState.Failed;
        EndedAt = now;
    }

    public void Retry()
    {
        State = BillingExportState.Pending;
        EndedAt = null;
    }
}

internal sealed class BillingExportMapping : IEntityTypeConfiguration<BillingExport>
{
    public void Configure(EntityTypeBuilder<BillingExport> builder)
    {
        builder.ToTable("billing_exports");
        builder.HasKey(export => export.Id);
        builder.Property(export => export.Id).ValueGeneratedNever();
        builder.Property(export => export.Files).HasColumnType("jsonb").HasConversion(
            files => JsonSerializer.Serialize(files, JsonSerializerOptions.Web),
            text => JsonSerializer.Deserialize<List<ExportFile>>(text, JsonSerializerOptions.Web) ?? new List<ExportFile>(),
            ValueComparer.CreateDefault<IReadOnlyList<ExportFile>>(favorStructuralComparisons: false));
    }
}
