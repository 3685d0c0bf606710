using Cloud.Kernel;
using Cloud.Modules.Metering.Public;

namespace Cloud.Modules.Billing.Domain;

/// <summary>A month's bill of one organization, as a function of its charges.</summary>
/// <param name="Rounding">Makes the lines add up to the total: total = lines − credits + tax + rounding, exactly.</param>
/// <param name="Total">What is to be paid, in minor units of the currency.</param>
/// <param name="Residual">Total minus the exact sum of the charges: the rounding row of an export.</param>
internal sealed record Invoice(
    BillingMonth Month,
    string Currency,
    IReadOnlyList<InvoiceLine> Lines,
    decimal Credits,
    decimal Tax,
    decimal Rounding,
    decimal Total,
    decimal Residual)
{
    /// <summary>Decimal places of minor units (ISO 4217 exponent). Price lists are in currencies with two.</summary>
    public const int MinorPlaces = 2;

    /// <summary>Sums charges into lines, one per cluster, SKU and price; rounds each line and the total once, half to even.</summary>
    /// <param name="charges">Of the month; in any order.</param>
    public static Invoice Of(BillingMonth month, string currency, IReadOnlyList<Charge> charges)
    {
        var lines = charges
            .GroupBy(charge => (charge.ClusterId, charge.Sku, charge.PriceVersion))
            .OrderBy(group => group.Key.ClusterId.Value)
            .ThenBy(group => group.Key.Sku, StringComparer.Ordinal)
            .ThenBy(group => group.Key.PriceVersion)
            .Select(group => new InvoiceLine(
                group.Key.ClusterId,
                group.Key.Sku,
                group.Key.PriceVersion,
                group.Sum(charge => charge.Quantity),
                group.First().Unit,
                group.First().UnitPrice,
                Round(group.Sum(charge => charge.Cost))))
            .ToList();
        var exact = charges.Sum(charge => charge.Cost);
        var total = Round(exact);
        return new Invoice(
            month,
            currency,
            lines,
            Credits: 0,
            Tax: 0,
            Rounding: total - lines.Sum(line => line.Amount),
            total,
            Residual: total - exact);
    }

    /// <summary>The id that exports and people refer to; the same for every computation of the month.</summary>
    public static string IdOf(OrganizationId organization, BillingMonth month) =>
        $"INV-{month}-{Crockford32.Encode(organization.Value)}";

    private static decimal Round(decimal amount) => decimal.Round(amount, MinorPlaces, MidpointRounding.ToEven);
}

/// <param name="Amount">Minor units.</param>
internal sealed record InvoiceLine(
    ClusterId ClusterId, string Sku, int PriceVersion, decimal Quantity, string Unit, decimal UnitPrice, decimal Amount);
