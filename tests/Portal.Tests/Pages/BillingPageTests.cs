using Cloud.Portal.Tests.Support;
using Microsoft.Playwright;
using Shouldly;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Cloud.Portal.Tests.Pages;

[Collection(ConsoleCollection.Name)]
public sealed class BillingPageTests : IDisposable
{
    private readonly ConsoleFixture _console;

    public BillingPageTests(ConsoleFixture console)
    {
        _console = console;
        console.Reset();
    }

    public void Dispose() => _console.Reset();

    [Fact]
    public async Task An_export_is_made_and_downloaded_as_the_api_holds_it()
    {
        var page = await _console.SignedInAsync();
        await page.GotoAsync("/organizations/org_1/exports");
        await ClusterPageTests.WaitForCircuitAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Create export" }).ClickAsync();
        var download = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Link, new() { Name = "focus-2026-11.csv" }).ClickAsync());

        download.SuggestedFilename.ShouldBe("focus-2026-11.csv");
        (await File.ReadAllTextAsync(await download.PathAsync())).ShouldBe("BilledCost,BillingPeriodStart\n20.05,2026-11-01T00:00:00Z\n");
        await Expect(page.GetByText("available")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Usage_shows_its_lag_and_its_grouping_is_in_the_address()
    {
        var page = await _console.SignedInAsync();
        await page.GotoAsync("/usage");
        await Expect(page.GetByText("Counted up to 42 s ago")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Row, new() { Name = "request-units" })).ToContainTextAsync("0.0088212 USD");
        await page.GetByRole(AriaRole.Link, new() { Name = "Day", Exact = true }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Img, new() { Name = "Cost by day" })).ToBeVisibleAsync();
        await Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("by=day"));
    }

    [Fact]
    public async Task The_open_month_is_a_draft_whose_rounding_is_a_line_of_its_own()
    {
        var page = await _console.SignedInAsync();
        await page.GotoAsync("/invoices");
        await Expect(page.Locator(".page-head .state")).ToHaveTextAsync("draft");
        await Expect(page.GetByRole(AriaRole.Row, new() { Name = "Rounding" })).ToContainTextAsync("-0.01 USD");
        await Expect(page.GetByRole(AriaRole.Row, new() { Name = "Total 20.04" })).ToContainTextAsync("20.04 USD");
    }

    [Fact]
    public async Task A_file_is_not_passed_on_to_a_visitor()
    {
        using var handler = new HttpClientHandler { AllowAutoRedirect = false };
        using var client = new HttpClient(handler) { BaseAddress = _console.Portal.Url };
        using var response = await client.GetAsync("/download/org_1/exp_1/focus-2026-11.csv");

        ((int)response.StatusCode).ShouldBe(302);
        response.Headers.Location!.ToString().ShouldContain("/sign-in");
    }
}
