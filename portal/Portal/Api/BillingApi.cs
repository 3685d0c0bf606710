using Cloud.ApiClient;

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
    /// <param name="from">Inclusive, UTC; null for the start of this month.</param>
    /// <param name="to">Exclusive, UTC; null for now.</param>
    /// <param name="groupBy"><c>cluster</c>, <c>meter</c>, <c>project</c> or <c>day</c>.</param>
    public Task<Reply<UsageReport>> UsageAsync(
        string organizationId, DateTimeOffset? from, DateTimeOffset? to, string groupBy, CancellationToken cancellationToken) =>
        GetAsync<UsageReport>($"{Path(organizationId)}/usage", cancellationToken, ("from", from), ("to", to), ("groupBy", groupBy));

    /// <param name="month"><c>yyyy-mm</c>; the open month is a live draft.</param>
    public Task<Reply<Invoice>> InvoiceAsync(string organizationId, string month, CancellationToken cancellationToken) =>
        GetAsync<Invoice>($"{Path(organizationId)}/invoices/{ApiRequest.Escape(month)}", cancellationToken);

    public Task<Reply<Page<BillingExport>>> ExportsAsync(string organizationId, CancellationToken cancellationToken) =>
        GetAsync<Page<BillingExport>>($"{Path(organizationId)}/billingExports", cancellationToken, ("orderBy", "createdAt desc"));

    public Task<Reply<BillingExport>> ExportAsync(string organizationId, string exportId, CancellationToken cancellationToken) =>
        GetAsync<BillingExport>($"{Path(organizationId)}/billingExports/{ApiRequest.Escape(exportId)}", cancellationToken);

    /// <param name="key">The same for each attempt at the same export.</param>
    public Task<Reply<BillingExport>> CreateExportAsync(
        string organizationId, string format, string encoding, string month, string key, CancellationToken cancellationToken) => api.AskAsync(
        client => client.SendAsync<BillingExport>(
            new ApiRequest(HttpMethod.Post, $"{Path(organizationId)}/billingExports")
            {
                Body = new { format, encoding, month },
                IsMutation = true,
                Options = new CallOptions { IdempotencyKey = key },
            },
            cancellationToken),
        cancellationToken);

    /// <summary>Opens a file of an export; the caller disposes the stream.</summary>
    public Task<Reply<Stream>> OpenFileAsync(string organizationId, string exportId, string name, CancellationToken cancellationToken) => api.OpenAsync(
        client => client.DownloadAsync(
            new ApiRequest(HttpMethod.Get, $"{Path(organizationId)}/billingExports/{ApiRequest.Escape(exportId)}/files/{ApiRequest.Escape(name)}"),
            cancellationToken),
        cancellationToken);

    /// <summary>What the bill tells about a newcomer; null when it cannot be asked now.</summary>
    public async Task<BillingSigns?> SignsAsync(string organizationId, CancellationToken cancellationToken)
    {
        var usage = await UsageAsync(organizationId, null, null, "meter", cancellationToken);
        var exports = await ExportsAsync(organizationId, cancellationToken);
        return usage.TryGet(out var report, out _) && exports.TryGet(out var page, out _)
            ? new BillingSigns(report.Items.Any(row => row.Key == RequestUnits && row.Quantity is not (null or "0")), page.Items.Count > 0)
            : null;
    }

    private Task<Reply<T>> GetAsync<T>(string path, CancellationToken cancellationToken, params (string, object?)[] query) =>
        api.AskAsync(client => client.SendAsync<T>(new ApiRequest(HttpMethod.Get, path) { Query = query }, cancellationToken), cancellationToken);

    private static string Path(string organizationId) => $"/v1/organizations/{ApiRequest.Escape(organizationId)}";
}
