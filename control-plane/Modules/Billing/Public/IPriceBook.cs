using Cloud.Contracts;
using Cloud.Modules.Metering.Public;

namespace Cloud.Modules.Billing.Public;

/// <summary>The price lists. A list is immutable from the instant it takes effect; the next one ends it.</summary>
public interface IPriceBook
{
    /// <summary>The list in force at an instant; from memory in the common case.</summary>
    /// <param name="at">Not before the first list took effect (an earlier instant gets the first list).</param>
    ValueTask<PriceList> InForceAsync(DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>All lists, oldest first, at least one; <see cref="PriceList.EffectiveFrom"/> strictly ascending.</summary>
    ValueTask<IReadOnlyList<PriceList>> AllAsync(CancellationToken cancellationToken);
}

/// <summary>Unit prices of one version, in one currency.</summary>
/// <param name="Version">Counts from 1.</param>
/// <param name="Currency">ISO 4217, for example <c>USD</c>.</param>
/// <param name="EffectiveFrom">Inclusive, UTC.</param>
/// <param name="Prices">By SKU.</param>
public sealed record PriceList(
    int Version, string Currency, DateTimeOffset EffectiveFrom, IReadOnlyDictionary<string, Price> Prices)
{
    /// <summary>Price per hour of an instance; null when this list does not sell the size.</summary>
    public Money? OfInstance(InstanceRole role, string size) =>
        Prices.TryGetValue(Skus.Instance(role, size), out var price)
            ? new Money(price.PerUnit, Currency)
            : null;

    /// <summary>Price per unit of a SKU; null when the list does not have it.</summary>
    public Money? Of(string sku) => Prices.TryGetValue(sku, out var price) ? new Money(price.PerUnit, Currency) : null;
}

/// <summary>One line of a price list.</summary>
/// <param name="Sku">See <see cref="Skus"/>.</param>
/// <param name="Unit">What <see cref="PerUnit"/> buys one of, in FOCUS's words, for example <c>Hours</c> or <c>GiB-Hours</c>.</param>
/// <param name="PerUnit">At most 12 decimal places, not negative.</param>
public sealed record Price(string Sku, string Unit, decimal PerUnit);
