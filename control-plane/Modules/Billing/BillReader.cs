using Cloud.Kernel;
using Cloud.Modules.Billing.Domain;
using Cloud.Modules.Billing.Public;
using Cloud.Modules.Clusters.Public;
using Cloud.Modules.Metering.Public;
using Cloud.Modules.Organizations.Public;

namespace Cloud.Modules.Billing;

/// <summary>Charges of an organization, and whose they are. Scoped; reads within the open transaction.</summary>
internal sealed class BillReader(
    IMeterReadings meter, IPriceBook prices, IClusterDirectory clusters, INameDirectory names, TimeProvider time)
{
    /// <summary>Rates [from, to) up to this moment.</summary>
    /// <param name="from">On a full hour.</param>
    /// <param name="to">On a full hour.</param>
    public async Task<Bill> ReadAsync(
        OrganizationId organization, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var asOf = to < now ? to : now;
        var lists = await prices.AllAsync(cancellationToken);
        var cuts = lists.Select(list => list.EffectiveFrom).ToList();
        var readings = await meter.ReadAsync(organization, from, to, cuts, cancellationToken);
        var charges = Rating.Rate(readings, lists, from, asOf < from ? from : asOf);
        var named = await clusters.FindAsync([.. charges.Select(charge => charge.ClusterId).Distinct()], cancellationToken);
        var projects = await names.OfProjectsAsync(organization, cancellationToken);
        return new Bill(from, to, asOf, Rating.InForce(lists, asOf).Currency, charges, named, projects);
    }

    /// <summary>The month's invoice as of this moment.</summary>
    public async Task<(Invoice Invoice, Bill Bill)> InvoiceAsync(
        OrganizationId organization, BillingMonth month, CancellationToken cancellationToken)
    {
        var bill = await ReadAsync(organization, month.Start, month.End, cancellationToken);
        return (Invoice.Of(month, bill.Currency, bill.Charges), bill);
    }

    /// <summary>The months that have an invoice, newest first: from the first allocation to this month, which always has one.</summary>
    public async Task<IReadOnlyList<BillingMonth>> MonthsAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        var current = BillingMonth.Of(time.GetUtcNow());
        var first = BillingMonth.Of(await meter.FirstAsync(organization, cancellationToken) ?? current.Start);
        var months = new List<BillingMonth> { current };
        while (months[^1].CompareTo(first) > 0)
        {
            months.Add(BillingMonth.Of(months[^1].Start.AddDays(-1)));
        }

        return months;
    }
}

/// <param name="AsOf">Up to when open spans are charged.</param>
/// <param name="Clusters">Those of the charges that are still known by name.</param>
internal sealed record Bill(
    DateTimeOffset From,
    DateTimeOffset To,
    DateTimeOffset AsOf,
    string Currency,
    IReadOnlyList<Charge> Charges,
    IReadOnlyDictionary<ClusterId, ClusterEntry> Clusters,
    IReadOnlyDictionary<ProjectId, string> ProjectNames)
{
    public ProjectId? ProjectOf(ClusterId cluster) => Clusters.GetValueOrDefault(cluster)?.ProjectId;

    /// <summary>Null when the cluster or its project is not known any more.</summary>
    public string? ProjectNameOf(ClusterId cluster) =>
        ProjectOf(cluster) is { } project ? ProjectNames.GetValueOrDefault(project) : null;

    public string? NameOf(ClusterId cluster) => Clusters.GetValueOrDefault(cluster)?.Name;
}
