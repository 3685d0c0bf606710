using Cloud.ApiClient;

namespace Cloud.Portal.Api;

/// <summary>How far a newcomer got, as the bill shows it.</summary>
/// <param name="Used">Statements were run this month.</param>
/// <param name="Exported">A billing export exists.</param>
public sealed record BillingSigns(bool Used, bool Exported);

/// <summary>Usage, invoices and exports of an organization.</summary>
internal sealed class BillingCalls(CloudApi api)
{
    private const string RequestUnits = "request-units";

    /// <summary>Usage of a span of time.</summary>
    /// <param name="from">Inclusive, UTC; null for the start of this month.</param>
    /// <param name="to">Exclusive, UTC; null for now.</param>
    /// <param name="groupBy"><c>cluster</c>, <c>meter</c>, <c>project</c> or <c>day</c>.</param>
    public Task<Reply<Usage>> UsageAsync(
        string organizationId, DateTimeOffset? from, DateTimeOffset? to, string groupBy, CancellationToken cancellationToken) => api.AskAsync(
        client => client.Billing.GetUsageAsync(organizationId, from, to, groupBy, cancellationToken: cancellationToken), cancellationToken);

    /// <param name="month"><c>yyyy-mm</c>; the open month is a live draft.</param>
    public Task<Reply<Invoice>> InvoiceAsync(string organizationId, string month, CancellationToken cancellationToken) =>
        api.AskAsync(client => client.Billing.GetInvoiceAsync(organizationId, month, cancellationToken: cancellationToken), cancellationToken);

    /// <summary>The newest exports.</summary>
    public Task<Reply<BillingExportPage>> ExportsAsync(string organizationId, CancellationToken cancellationToken) => api.AskAsync(
        client => client.Billing.ListBillingExportsAsync(organizationId, orderBy: "createdAt desc", cancellationToken: cancellationToken),
        cancellationToken);

    public Task<Reply<BillingExport>> ExportAsync(string organizationId, string exportId, CancellationToken cancellationToken) => api.AskAsync(
        client => client.Billing.GetBillingExportAsync(organizationId, exportId, cancellationToken: cancellationToken), cancellationToken);

    /// <param name="key">The same for each attempt at the same export.</param>
    public Task<Reply<BillingExport>> CreateExportAsync(
        string organizationId, CreateBillingExportRequest request, string key, CancellationToken cancellationToken) => api.AskAsync(
        client => client.Billing.CreateBillingExportAsync(organizationId, request, new CallOptions { IdempotencyKey = key }, cancellationToken),
        cancellationToken);

    /// <summary>Opens a file of an export; the caller disposes the stream.</summary>
    public Task<Reply<Stream>> OpenFileAsync(string organizationId, string exportId, string name, CancellationToken cancellationToken) => api.OpenAsync(
        client => client.Billing.DownloadBillingExportAsync(organizationId, exportId, name, cancellationToken: cancellationToken), cancellationToken);

    /// <summary>What the bill tells about a newcomer; null when it cannot be asked now.</summary>
    public async Task<BillingSigns?> SignsAsync(string organizationId, CancellationToken cancellationToken)
    {
        var usage = await UsageAsync(organizationId, null, null, "meter", cancellationToken);
        var exports = await ExportsAsync(organizationId, cancellationToken);
        return usage.TryGet(out var report, out _) && exports.TryGet(out var page, out _)
            ? new BillingSigns(report.Items.Any(row => row.Key == RequestUnits && row.Quantity is not (null or "0")), page.Items.Count > 0)
            : null;
    }
}
