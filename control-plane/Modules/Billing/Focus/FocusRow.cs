using Cloud.Kernel;
using Cloud.Modules.Billing.Domain;
using Cloud.Modules.Metering.Public;

namespace Cloud.Modules.Billing.Focus;

/// <summary>
/// One row of a FOCUS 1.2 cost and usage data set. Property names are the column names; a null is an empty field.
/// Source: FinOps Foundation, FOCUS specification 1.2, "Columns".
/// </summary>
internal sealed record FocusRow
{
    public required decimal BilledCost { get; init; }

    public required decimal EffectiveCost { get; init; }

    public required decimal ListCost { get; init; }

    public required decimal ContractedCost { get; init; }

    public required string BillingAccountId { get; init; }

    public required string? BillingAccountName { get; init; }

    public required string BillingCurrency { get; init; }

    public required DateTimeOffset BillingPeriodStart { get; init; }

    public required DateTimeOffset BillingPeriodEnd { get; init; }

    public required DateTimeOffset ChargePeriodStart { get; init; }

    public required DateTimeOffset ChargePeriodEnd { get; init; }

    public required string ChargeCategory { get; init; }

    /// <summary>Only ever "Correction", which no row of ours is: months are exported whole.</summary>
    public string? ChargeClass { get; init; }

    public required string ChargeDescription { get; init; }

    public required string ChargeFrequency { get; init; }

    public required string InvoiceIssuerName { get; init; }

    public decimal? PricingQuantity { get; init; }

    public string? PricingUnit { get; init; }

    public required string ProviderName { get; init; }

    public required string PublisherName { get; init; }

    public required string ServiceCategory { get; init; }

    public required string ServiceSubcategory { get; init; }

    public required string ServiceName { get; init; }

    public required string InvoiceId { get; init; }

    public string? ResourceId { get; init; }

    public string? ResourceName { get; init; }

    public string? ResourceType { get; init; }

    public string? SkuId { get; init; }

    public string? SkuPriceId { get; init; }

    public string? SkuMeter { get; init; }

    public string? PricingCategory { get; init; }

    public decimal? ListUnitPrice { get; init; }

    public decimal? ContractedUnitPrice { get; init; }

    public decimal? ConsumedQuantity { get; init; }

    public string? ConsumedUnit { get; init; }

    public string? SubAccountId { get; init; }

    public string? SubAccountName { get; init; }

    public string? SubAccountType { get; init; }
}

/// <summary>What an export says of every row.</summary>
/// <param name="AccountName">The organization's name; null when it is gone.</param>
internal sealed record FocusAccount(OrganizationId Organization, string? AccountName);

/// <summary>Makes the rows of a month: one per charge, and one for rounding, so that they add up to the invoice exactly.</summary>
internal static class FocusRows
{
    private const string Provider = "Cloud";
    private const string Usage = "Usage";
    private const string Adjustment = "Adjustment";

    public static IReadOnlyList<FocusRow> Of(FocusAccount account, Invoice invoice, Bill bill)
    {
        var rows = bill.Charges.Select(charge => RowOf(account, invoice, bill, charge)).ToList();
        if (invoice.Residual != 0)
        {
            rows.Add(Common(account, invoice, invoice.Residual) with
            {
                ChargeCategory = Adjustment,
                ChargeFrequency = "One-Time",
                ChargeDescription = "Rounding of the invoice's total to minor units",
            });
        }

        Invariant.Require(rows.Sum(row => row.BilledCost) == invoice.Total, "the rows of an export add up to the invoice");
        return rows;
    }

    private static FocusRow RowOf(FocusAccount account, Invoice invoice, Bill bill, Charge charge)
    {
        var cluster = bill.Clusters.GetValueOrDefault(charge.ClusterId);
        return Common(account, invoice, charge.Cost) with
        {
            ChargePeriodStart = charge.Start,
            ChargePeriodEnd = charge.End,
            ChargeDescription = Descriptions.Of(charge.Sku),
            PricingCategory = "Standard",
            PricingQuantity = charge.Quantity,
            PricingUnit = charge.Unit,
            ConsumedQuantity = charge.Quantity,
            ConsumedUnit = charge.Unit,
            ListUnitPrice = charge.UnitPrice,
            ContractedUnitPrice = charge.UnitPrice,
            ResourceId = charge.ClusterId.ToString(),
            ResourceName = cluster?.Name,
            ResourceType = "Database cluster",
            SkuId = charge.Sku,
            SkuPriceId = $"{charge.Sku}@{charge.PriceVersion}",
            SkuMeter = Skus.MeterOf(charge.Sku),
            SubAccountId = cluster?.ProjectId.ToString(),
            SubAccountName = bill.ProjectNameOf(charge.ClusterId),
            SubAccountType = cluster is null ? null : "Project",
        };
    }

    private static FocusRow Common(FocusAccount account, Invoice invoice, decimal cost) => new()
    {
        BilledCost = cost,
        EffectiveCost = cost,
        ListCost = cost,
        ContractedCost = cost,
        BillingAccountId = account.Organization.ToString(),
        BillingAccountName = account.AccountName,
        BillingCurrency = invoice.Currency,
        BillingPeriodStart = invoice.Month.Start,
        BillingPeriodEnd = invoice.Month.End,
        ChargePeriodStart = invoice.Month.Start,
        ChargePeriodEnd = invoice.Month.End,
        ChargeCategory = Usage,
        ChargeDescription = string.Empty,
        ChargeFrequency = "Usage-Based",
        InvoiceIssuerName = Provider,
        ProviderName = Provider,
        PublisherName = Provider,
        ServiceCategory = "Databases",
        ServiceSubcategory = "Relational Databases",
        ServiceName = "Distributed SQL cluster",
        InvoiceId = Invoice.IdOf(account.Organization, invoice.Month),
    };
}
