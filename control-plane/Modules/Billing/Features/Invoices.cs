using Cloud.Kernel;
using Cloud.Modules.Billing.Domain;
using Cloud.Modules.Billing.Public;
using Cloud.Modules.Metering.Public;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;
using Cloud.Modules.Platform.Paging;

namespace Cloud.Modules.Billing.Features;

/// <summary>Whether a bill can still change.</summary>
internal enum InvoiceState
{
    /// <summary>The month runs, or late usage may still come.</summary>
    Draft,

    /// <summary>It will not change any more.</summary>
    Final,
}

/// <summary>The bill of a month, in short.</summary>
/// <param name="Id">The id that exports carry.</param>
/// <param name="Month"><c>yyyy-MM</c>, UTC.</param>
/// <param name="Total">To be paid, in minor units of the currency.</param>
internal record InvoiceSummaryReply(
    string Id, string Month, InvoiceState State, DateTimeOffset PeriodStart, DateTimeOffset PeriodEnd, DateTimeOffset AsOf, Money Total);

/// <param name="Quantity">Exact decimal text.</param>
/// <param name="Amount">In minor units of the currency.</param>
internal sealed record InvoiceLineReply(
    string Description,
    ClusterId ClusterId,
    string? ClusterName,
    string Meter,
    string Sku,
    int PriceVersion,
    string Quantity,
    string Unit,
    Money UnitPrice,
    Money Amount);

/// <summary>total = sum of the lines' amounts − credits + tax + rounding, exactly.</summary>
internal sealed record InvoiceReply(
    string Id,
    string Month,
    InvoiceState State,
    DateTimeOffset PeriodStart,
    DateTimeOffset PeriodEnd,
    DateTimeOffset AsOf,
    IReadOnlyList<InvoiceLineReply> Lines,
    Money Credits,
    Money Tax,
    Money Rounding,
    Money Total) : InvoiceSummaryReply(Id, Month, State, PeriodStart, PeriodEnd, AsOf, Total)
{
    public static InvoiceReply Of(OrganizationId organization, Invoice invoice, Bill bill, DateTimeOffset now)
    {
        return new InvoiceReply(
            Invoice.IdOf(organization, invoice.Month),
            invoice.Month.ToString(),
            invoice.Month.IsClosed(now) ? InvoiceState.Final : InvoiceState.Draft,
            invoice.Month.Start,
            invoice.Month.End,
            bill.AsOf,
            [.. invoice.Lines.Select(line => LineOf(line, bill))],
            InCurrency(invoice.Credits),
            InCurrency(invoice.Tax),
            InCurrency(invoice.Rounding),
            InCurrency(invoice.Total));

        Money InCurrency(decimal amount) => new(amount, invoice.Currency);
    }

    private static InvoiceLineReply LineOf(InvoiceLine line, Bill bill) => new(
        Descriptions.Of(line.Sku),
        line.ClusterId,
        bill.NameOf(line.ClusterId),
        Skus.MeterOf(line.Sku),
        line.Sku,
        line.PriceVersion,
        Money.Format(line.Quantity),
        line.Unit,
        new Money(line.UnitPrice, bill.Currency),
        new Money(line.Amount, bill.Currency));
}

/// <summary><c>GET /v1/organizations/{organization}/invoices</c>: newest month first.</summary>
internal static class ListInvoices
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/organizations/{organization}/invoices", HandleAsync)
        .Query(Permissions.InvoicesRead);

    private static async Task<Reply<Page<InvoiceSummaryReply>>> HandleAsync(
        OrganizationId organization,
        [AsParameters] ListQuery query,
        BillReader bills,
        PageTokens tokens,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (query.PageSize is < 1 or > ListQuery.PageSizeMax)
        {
            return new Failure(
                PlatformErrors.MalformedRequest, $"pageSize is {query.PageSize}, but must be 1 to {ListQuery.PageSizeMax}.", "pageSize");
        }

        if (query is not { Filter: null, OrderBy: null })
        {
            return new Failure(PlatformErrors.InvalidFilter, "Invoices come newest first and cannot be filtered.", "filter");
        }

        var list = $"invoices/{organization}";
        var position = query.PageToken is null ? null : tokens.Read(query.PageToken, list);
        if (query.PageToken is not null && position is null)
        {
            return new Failure(
                PlatformErrors.InvalidPageToken, "The page token belongs to another list, or was changed.", "pageToken");
        }

        var now = time.GetUtcNow();
        var months = (await bills.MonthsAsync(organization, cancellationToken))
            .Where(month => position is null || month.CompareTo(BillingMonth.Parse(position.Key, null)) < 0)
            .ToList();
        var size = query.PageSize ?? ListQuery.PageSizeDefault;
        var items = new List<InvoiceSummaryReply>();
        foreach (var month in months.Take(size))
        {
            var (invoice, bill) = await bills.InvoiceAsync(organization, month, cancellationToken);
            items.Add(SummaryOf(InvoiceReply.Of(organization, invoice, bill, now)));
        }

        var next = months.Count > size ? tokens.Write(new PagePosition(months[size - 1].ToString(), Guid.Empty, now), list) : null;
        return Reply.Ok(new Page<InvoiceSummaryReply>(items, next));
    }

    private static InvoiceSummaryReply SummaryOf(InvoiceReply invoice) => new(
        invoice.Id, invoice.Month, invoice.State, invoice.PeriodStart, invoice.PeriodEnd, invoice.AsOf, invoice.Total);
}

/// <summary><c>GET /v1/organizations/{organization}/invoices/{month}</c>: the open month is a live draft.</summary>
internal static class GetInvoice
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/organizations/{organization}/invoices/{month}", HandleAsync)
        .Query(Permissions.InvoicesRead);

    private static async Task<Reply<InvoiceReply>> HandleAsync(
        OrganizationId organization, string month, BillReader bills, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!BillingMonth.TryParse(month, null, out var billed)
            || !(await bills.MonthsAsync(organization, cancellationToken)).Contains(billed))
        {
            return PlatformErrors.ResourceNotFound("invoice", month);
        }

        var (invoice, bill) = await bills.InvoiceAsync(organization, billed, cancellationToken);
        return Reply.Ok(InvoiceReply.Of(organization, invoice, bill, time.GetUtcNow()));
    }
}
