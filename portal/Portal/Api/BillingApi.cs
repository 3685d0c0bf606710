namespace Cloud.Portal.Api;

/// <summary>How far a newcomer got, as the bill shows it.</summary>
/// <param name="Used">Statements were run this month.</param>
/// <param name="Exported">A billing export exists.</param>
public sealed record BillingSigns(bool Used, bool Exported);

/// <summary>Usage, invoices and exports of an organization.</summary>
internal sealed class BillingApi(CloudApi api)
{
    private const string RequestUnits = "request-units";

    /// <summary>Usage of a span of time.</summary>
    /// <param name="from">Inclusive; with <paramref name="to"/> in whole days, UTC.</param>
    /// <param name="to">Exclusive.</param>
    /// <param name="groupBy"><c>cluster</c>, <c>meter</c>, <c>project</c> or <c>day</c>.</param>
    public Task<Reply<UsageReport>> UsageAsync(
        string organizationId, DateTimeOffset from, DateTimeOffset to, string groupBy, CancellationToken cancellationToken) =>
        api.GetAsync<UsageReport>(
            $"v1/organizations/{organizationId}/usage?from={from:yyyy-MM-ddTHH:mm:ssZ}&to={to:yyyy-MM-ddTHH:mm:ssZ}&groupBy={groupBy}", cancellationToken);

    public Task<Reply<Page<Invoice>>> InvoicesAsync(string organizationId, CancellationToken cancellationToken) =>
        api.GetAsync<Page<Invoice>>($"v1/organizations/{organizationId}/invoices", cancellationToken);

    /// <param name="month"><c>yyyy-mm</c>; the open month is a live draft.</param>
    public Task<Reply<Invoice>> InvoiceAsync(string organizationId, string month, CancellationToken cancellationToken) =>
        api.GetAsync<Invoice>($"v1/organizations/{organizationId}/invoices/{Uri.EscapeDataString(month)}", cancellationToken);

    public Task<Reply<Page<BillingExport>>> ExportsAsync(string organizationId, CancellationToken cancellationToken) =>
        api.GetAsync<Page<BillingExport>>($"v1/organizations/{organizationId}/billingExports", cancellationToken);

    public Task<Reply<BillingExport>> ExportAsync(string organizationId, string exportId, CancellationToken cancellationToken) =>
        api.GetAsync<BillingExport>($"v1/organizations/{organizationId}/billingExports/{Uri.EscapeDataString(exportId)}", cancellationToken);

    /// <summary>Opens a file of an export; the caller disposes the stream.</summary>
    public Task<Reply<Stream>> OpenFileAsync(string organizationId, string exportId, string name, CancellationToken cancellationToken) =>
        api.OpenAsync(
            $"v1/organizations/{Uri.EscapeDataString(organizationId)}/billingExports/{Uri.EscapeDataString(exportId)}/files/{Uri.EscapeDataString(name)}",
            cancellationToken);

    public Task<Reply<BillingExport>> CreateExportAsync(
        string organizationId, string format, string encoding, string month, string key, CancellationToken cancellationToken) =>
        api.SendAsync<BillingExport>(
            HttpMethod.Post, $"v1/organizations/{organizationId}/billingExports", new { format, encoding, month }, cancellationToken, key);

    /// <summary>What the bill tells about a newcomer; null when it cannot be asked now.</summary>
    public async Task<BillingSigns?> SignsAsync(string organizationId, CancellationToken cancellationToken)
    {
        var usage = await api.GetAsync<UsageReport>($"v1/organizations/{organizationId}/usage?groupBy=meter", cancellationToken);
        var exports = await ExportsAsync(organizationId, cancellationToken);
        return usage.TryGet(out var report, out _) && exports.TryGet(out var page, out _)
            ? new BillingSigns(report.Items.Any(row => row.Key == RequestUnits && row.Quantity is not (null or "0")), page.Items.Count > 0)
            : null;
    }
}
