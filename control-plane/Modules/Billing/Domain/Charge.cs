using Cloud.Kernel;

namespace Cloud.Modules.Billing.Domain;

/// <summary>What one SKU cost for one cluster on one day under one price list: the smallest priced unit, a row of an export.</summary>
internal sealed record Charge
{
    public required ClusterId ClusterId { get; init; }

    public required string Sku { get; init; }

    public required int PriceVersion { get; init; }

    /// <summary>Inclusive, within one UTC day.</summary>
    public required DateTimeOffset Start { get; init; }

    /// <summary>Exclusive.</summary>
    public required DateTimeOffset End { get; init; }

    /// <summary>At most <see cref="Rating.QuantityPlaces"/> decimal places.</summary>
    public required decimal Quantity { get; init; }

    /// <summary>What <see cref="Quantity"/> counts.</summary>
    public required string Unit { get; init; }

    public required decimal UnitPrice { get; init; }

    /// <summary>Quantity times unit price at <see cref="Rating.CostPlaces"/> decimal places.</summary>
    public required decimal Cost { get; init; }

    public DateOnly Day => DateOnly.FromDateTime(Start.UtcDateTime);
}
