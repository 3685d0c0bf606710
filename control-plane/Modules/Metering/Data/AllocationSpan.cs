using Cloud.Kernel;
using Cloud.Modules.Metering.Public;
using Cloud.Modules.Platform.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using NpgsqlTypes;

namespace Cloud.Modules.Metering.Data;

/// <summary>What was held, from when to when. Only an open span changes, and only by ending.</summary>
internal sealed class AllocationSpan : ITenantOwned
{
    private AllocationSpan()
    {
    }

    public Guid Id { get; private init; }

    public OrganizationId OrganizationId { get; private init; }

    public ClusterId ClusterId { get; private init; }

    public string Resource { get; private init; } = string.Empty;

    public string Meter { get; private init; } = string.Empty;

    public string Slot { get; private init; } = string.Empty;

    public string Sku { get; private init; } = string.Empty;

    public decimal Quantity { get; private init; }

    /// <summary>UTC; lower bound inclusive, upper bound exclusive or infinite.</summary>
    public NpgsqlRange<DateTime> Span { get; private set; }

    public bool IsOpen => Span.UpperBoundInfinite;

    public static AllocationSpan Open(Allocation allocation, DateTimeOffset at) => new()
    {
        Id = Guid.CreateVersion7(at),
        OrganizationId = allocation.OrganizationId,
        ClusterId = allocation.ClusterId,
        Resource = allocation.Key.Resource,
        Meter = allocation.Key.Meter,
        Slot = allocation.Key.Slot,
        Sku = allocation.Sku,
        Quantity = allocation.Quantity,
        Span = new NpgsqlRange<DateTime>(
            at.UtcDateTime, lowerBoundIsInclusive: true, lowerBoundInfinite: false, default, upperBoundIsInclusive: false, upperBoundInfinite: true),
    };

    public bool IsFor(AllocationKey key) => Resource == key.Resource && Meter == key.Meter && Slot == key.Slot;

    public bool Holds(Allocation allocation) =>
        ClusterId == allocation.ClusterId && Sku == allocation.Sku && Quantity == allocation.Quantity;

    /// <summary>Ends the span; false when nothing of it would be left.</summary>
    public bool TryClose(DateTimeOffset at)
    {
        Invariant.Require(IsOpen, $"only an open span can end: {Id}");
        if (at.UtcDateTime <= Span.LowerBound)
        {
            return false;
        }

        Span = new NpgsqlRange<DateTime>(Span.LowerBound, true, at.UtcDateTime, false);
        return true;
    }
}

internal sealed class AllocationSpanMapping : IEntityTypeConfiguration<AllocationSpan>
{
    public void Configure(EntityTypeBuilder<AllocationSpan> builder)
    {
        builder.ToTable("allocation_spans");
        builder.HasKey(span => span.Id);
        builder.Property(span => span.Quantity).HasColumnType("numeric(38,12)");
        builder.Property(span => span.Span).HasColumnType("tstzrange");
        builder.Ignore(span => span.IsOpen);
    }
}
