namespace Cloud.Portal.Api;

/// <summary>Usage, invoices and exports of an organization.</summary>
internal sealed class BillingApi(CloudApi api)
{
    public Task<Reply<Page<Invoice>>> InvoicesAsync(string organizationId, CancellationToken cancellationToken) =>
        api.GetAsync<Page<Invoice>>($"v1/organizations/{organizationId}/invoices", cancellationToken);
}
