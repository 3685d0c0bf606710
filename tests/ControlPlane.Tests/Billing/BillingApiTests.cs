using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cloud.Modules.Catalog.Public;
using Cloud.Modules.Metering.Public;
using Cloud.TestKit;
using CsvHelper;
using Shouldly;
using Xunit;

namespace Cloud.ControlPlane.Tests.Billing;

/// <summary>Usage, invoices and exports as callers see them.</summary>
public sealed class BillingApiTests(BillingHost host) : IClassFixture<BillingHost>
{
    private static readonly string[] MandatoryColumns =
    [
        "BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "BillingAccountId", "BillingAccountName", "BillingCurrency",
        "BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "ChargeClass",
        "ChargeDescription", "InvoiceIssuerName", "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName",
        "ServiceCategory", "ServiceName",
    ];

    [Fact]
    public async Task Prices_are_shown_to_everybody_and_every_size_has_one()
    {
        using var anonymous = new HttpClient { BaseAddress = host.Api };
        var prices = JsonSerializer.Deserialize<JsonElement>(await anonymous.GetStringAsync("/v1/prices"));
        var skus = prices.GetProperty("items").EnumerateArray().Select(price => price.GetProperty("sku").GetString()).ToList();
        skus.ShouldBeSubsetOf(skus.Distinct());
        InstanceSizes.All.ShouldAllBe(size => skus.Contains(Skus.Instance(size.Role, size.Id)));
        prices.GetProperty("versions")[0].GetProperty("version").GetInt32().ShouldBe(1);
        prices.GetProperty("currency").GetString().ShouldBe("USD");
    }

    [Fact]
    public async Task A_new_organization_owes_nothing_and_has_a_draft_of_this_month()
    {
        using var session = await ApiSession.SignUpAsync(host.Api);
        var usage = (await session.GetAsync($"/v1/organizations/{session.OrganizationId}/usage")).RequireSuccess().Body;
        usage.GetProperty("items").GetArrayLength().ShouldBe(0);
        usage.GetProperty("lagSeconds").GetInt64().ShouldBe(0);
        usage.GetProperty("groupBy").GetString().ShouldBe("meter");
        var invoices = (await session.GetAsync($"/v1/organizations/{session.OrganizationId}/invoices")).RequireSuccess().Body;
        var draft = invoices.GetProperty("items").EnumerateArray().Single();
        draft.GetProperty("state").GetString().ShouldBe("draft");
        draft.GetProperty("total").GetProperty("amount").GetString().ShouldBe("0");
        invoices.GetProperty("nextPageToken").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Theory]
    [InlineData("invoices/2026-13", HttpStatusCode.NotFound)]
    [InlineData("invoices/1999-01", HttpStatusCode.NotFound)]
    [InlineData("invoices/9999-01", HttpStatusCode.NotFound)]
    [InlineData("usage?groupBy=weather", HttpStatusCode.BadRequest)]
    [InlineData("usage?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", HttpStatusCode.BadRequest)]
    [InlineData("usage?from=yesterday", HttpStatusCode.BadRequest)]
    [InlineData("invoices?pageToken=made-up", HttpStatusCode.BadRequest)]
    [InlineData("invoices?pageSize=201", HttpStatusCode.BadRequest)]
    [InlineData("invoices?filter=total%20%3E%201", HttpStatusCode.BadRequest)]
    public async Task Questions_that_make_no_sense_are_refused(string path, HttpStatusCode status)
    {
        using var session = await ApiSession.SignUpAsync(host.Api);
        var reply = await session.GetAsync($"/v1/organizations/{session.OrganizationId}/{path}");
        reply.Status.ShouldBe(status);
        reply.String("code").ShouldNotBeEmpty();
    }

    [Fact]
    public async Task Every_grouping_of_usage_adds_up_to_the_same_total()
    {
        using var customer = await host.CustomerAsync();
        foreach (var groupBy in new[] { "cluster", "meter", "project", "day" })
        {
            var usage = (await customer.Session.GetAsync(customer.Path($"usage?groupBy={groupBy}"))).RequireSuccess().Body;
            var total = Amount(usage.GetProperty("total"));
            total.ShouldBeGreaterThan(0);
            usage.GetProperty("items").EnumerateArray().Sum(item => Amount(item.GetProperty("cost"))).ShouldBe(total);
            var key = usage.GetProperty("items")[0].GetProperty("key").GetString();
            (groupBy switch { "cluster" => key == customer.Cluster.ToString(), "project" => key == customer.Session.ProjectId, _ => true }).ShouldBeTrue(key);
        }

        var meters = (await customer.Session.GetAsync(customer.Path("usage"))).Body.GetProperty("items").EnumerateArray()
            .ToDictionary(item => item.GetProperty("key").GetString()!, item => decimal.Parse(item.GetProperty("quantity").GetString()!, CultureInfo.InvariantCulture));
        meters[Meters.RequestUnits].ShouldBe((10_000m / 8) + (5 * 77) + 1666.666666666667m);
        meters[Meters.EgressGib].ShouldBe(decimal.Round(5 * 123_456_789m / 1073741824m, 12));
        meters.Keys.ShouldContain(Meters.InstanceHours);
    }

    [Fact]
    public async Task The_rows_of_an_export_add_up_to_the_invoice_to_the_last_digit()
    {
        using var customer = await host.CustomerAsync();
        var month = BillingMonth.Of(DateTimeOffset.UtcNow).ToString();
        var body = new { format = "focus-1.2", encoding = "csv", month };
        var accepted = await customer.Session.PostAsync(customer.Path("billingExports"), body, "export-1");
        accepted.Status.ShouldBe(HttpStatusCode.Accepted, accepted.Text);
        accepted.Headers.Location!.ToString().ShouldBe(customer.Path($"billingExports/{accepted.String("id")}"));
        (await customer.Session.PostAsync(customer.Path("billingExports"), body, "export-1")).Text.ShouldBe(accepted.Text);
        await customer.Session.WaitForOperationAsync(accepted);

        var export = (await customer.Session.GetAsync(accepted.Headers.Location.ToString())).RequireSuccess().Body;
        export.GetProperty("state").GetString().ShouldBe("available");
        var file = export.GetProperty("files").EnumerateArray().Single();
        var text = await customer.Session.Client.GetStringAsync($"{accepted.Headers.Location}/files/{file.GetProperty("name").GetString()}");
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))).ShouldBe(file.GetProperty("sha256").GetString());
        using var csv = new CsvReader(new StringReader(text), CultureInfo.InvariantCulture);
        var rows = csv.GetRecords<dynamic>().Cast<IDictionary<string, object>>().ToList();
        rows.Count.ShouldBe(file.GetProperty("rows").GetInt32());
        MandatoryColumns.ShouldBeSubsetOf(rows[0].Keys);
        rows.ShouldAllBe(row => row["ResourceName"].Equals("orders") || row["ChargeCategory"].Equals("Adjustment"));
        rows.ShouldAllBe(row => ((string)row["BillingAccountName"]).Length > 0);
        rows.ShouldContain(row => row["SubAccountName"].Equals("default"));
        rows.Select(row => row["InvoiceId"]).Distinct().Count().ShouldBe(1);

        var invoice = (await customer.Session.GetAsync(customer.Path($"invoices/{month}"))).RequireSuccess().Body;
        var total = Amount(invoice.GetProperty("total"));
        rows.Sum(row => decimal.Parse((string)row["BilledCost"], CultureInfo.InvariantCulture)).ShouldBe(total);
        file.GetProperty("billedCost").GetString().ShouldBe(invoice.GetProperty("total").GetProperty("amount").GetString());
        (invoice.GetProperty("lines").EnumerateArray().Sum(line => Amount(line.GetProperty("amount")))
            - Amount(invoice.GetProperty("credits")) + Amount(invoice.GetProperty("tax")) + Amount(invoice.GetProperty("rounding"))).ShouldBe(total);
        invoice.GetProperty("lines").EnumerateArray().ShouldAllBe(line => line.GetProperty("clusterName").GetString() == "orders");
    }

    [Fact]
    public async Task An_export_that_cannot_be_written_fails_with_a_remedy_and_succeeds_when_retried()
    {
        using var session = await ApiSession.SignUpAsync(host.Api);
        var month = BillingMonth.Of(DateTimeOffset.UtcNow).ToString();
        var obstacle = Path.Combine(host.Home, "exports", session.OrganizationId);
        Directory.CreateDirectory(Path.GetDirectoryName(obstacle)!);
        await File.WriteAllTextAsync(obstacle, "in the way");
        var accepted = (await session.PostAsync(
            $"/v1/organizations/{session.OrganizationId}/billingExports", new { format = "focus-1.2", encoding = "csv", month })).RequireSuccess();
        var operation = accepted.Body.GetProperty("operation").GetProperty("id").GetString();
        var failed = (await session.GetAsync($"/v1/operations/{operation}?wait=20s")).RequireSuccess();
        failed.String("state").ShouldBe("failed");
        failed.Body.GetProperty("error").GetProperty("detail").GetString().ShouldNotBeNull().ShouldContain("retry");

        File.Delete(obstacle);
        (await session.PostAsync($"/v1/operations/{operation}:retry")).RequireSuccess();
        await session.WaitForOperationAsync(accepted);
        (await session.GetAsync(accepted.Headers.Location!.ToString())).String("state").ShouldBe("available");
    }

    [Theory]
    [InlineData("focus-1.4", "csv", "2026-01", "not-available")]
    [InlineData("focus-1.2", "parquet", "2026-01", "not-available")]
    [InlineData("focus-9", "csv", "2026-01", "validation-failed")]
    [InlineData("focus-1.2", "csv", "2026-1", "validation-failed")]
    [InlineData("focus-1.2", "csv", "2999-01", "validation-failed")]
    public async Task What_cannot_be_exported_is_refused(string format, string encoding, string month, string code)
    {
        using var session = await ApiSession.SignUpAsync(host.Api);
        var reply = await session.PostAsync($"/v1/organizations/{session.OrganizationId}/billingExports", new { format, encoding, month });
        reply.Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        reply.String("code").ShouldBe(code);
    }

    [Fact]
    public async Task Raw_windows_are_listed_once_each_over_pages()
    {
        using var customer = await host.CustomerAsync();
        var seen = new List<string>();
        string? token = null;
        do
        {
            var page = (await customer.Session.GetAsync(
                $"/v1/clusters/{customer.Cluster}/usage/windows?pageSize=2{(token is null ? string.Empty : $"&pageToken={token}")}")).RequireSuccess().Body;
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(window => window.GetProperty("id").GetString()!));
            token = page.GetProperty("nextPageToken").GetString();
        }
        while (token is not null);

        seen.Count.ShouldBe(5);
        seen.Distinct().Count().ShouldBe(5);
    }

    [Fact]
    public async Task Another_tenant_finds_nothing()
    {
        using var customer = await host.CustomerAsync();
        using var other = await ApiSession.SignUpAsync(host.Api);
        foreach (var path in new[] { "usage", "invoices", "invoices/2026-11", "billingExports" })
        {
            (await other.GetAsync(customer.Path(path))).Status.ShouldBe(HttpStatusCode.NotFound);
        }

        (await other.GetAsync($"/v1/clusters/{customer.Cluster}/usage/windows")).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    private static decimal Amount(JsonElement money) =>
        decimal.Parse(money.GetProperty("amount").GetString() ?? string.Empty, CultureInfo.InvariantCulture);
}
