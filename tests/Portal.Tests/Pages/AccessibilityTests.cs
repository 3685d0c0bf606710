using Cloud.Portal.Tests.Support;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Cloud.Portal.Tests.Pages;

/// <summary>Every page, light and dark, holds no serious or critical breach of WCAG 2.2 AA that axe can find; and leaves a picture.</summary>
[Collection(ConsoleCollection.Name)]
public sealed class AccessibilityTests : IDisposable
{
    private readonly ConsoleFixture _console;

    public AccessibilityTests(ConsoleFixture console)
    {
        _console = console;
        console.Reset();
    }

    public void Dispose() => _console.Reset();

    [Theory]
    [InlineData(ColorScheme.Light, 1280)]
    [InlineData(ColorScheme.Dark, 1280)]
    [InlineData(ColorScheme.Light, 390)]
    public async Task Pages_are_accessible(ColorScheme scheme, int width)
    {
        var cluster = Populate();
        var visitor = await _console.NewPageAsync(scheme, width);
        var found = new List<string>();
        foreach (var (name, url) in new[] { ("landing", "/"), ("sign-up", "/sign-up"), ("sign-in", "/sign-in"), ("operator", "/operator?token=t"), ("not-found", "/nowhere") })
        {
            await visitor.GotoAsync(url);
            found.AddRange(await ExamineAsync(visitor, name, scheme, width));
        }

        var page = await _console.SignedInAsync(scheme, width);
        foreach (var (name, url) in Pages(cluster))
        {
            await page.GotoAsync(url);
            await ClusterPageTests.WaitForCircuitAsync(page);
            await Assertions.Expect(page.Locator(".skeleton")).ToHaveCountAsync(0);
            found.AddRange(await ExamineAsync(page, name, scheme, width));
        }

        found.ShouldBeEmpty();
    }

    private static IEnumerable<(string Name, string Url)> Pages(string cluster) =>
    [
        ("clusters", "/projects/prj_1/clusters"),
        ("clusters-empty", "/projects/prj_1/clusters?q=nothing"),
        ("create", "/projects/prj_1/clusters/new"),
        ("cluster", $"/clusters/{cluster}"),
        ("connect", $"/clusters/{cluster}?connect=go"),
        ("operations", $"/clusters/{cluster}/operations"),
        ("settings", $"/clusters/{cluster}/settings"),
        ("cluster-gone", "/clusters/clu_gone"),
        ("usage", "/organizations/org_1/usage"),
        ("usage-days", "/organizations/org_1/usage?by=day"),
        ("invoice", "/organizations/org_1/invoices"),
        ("exports", "/organizations/org_1/exports"),
        ("account", "/account"),
        ("account-security", "/account/security"),
        ("account-appearance", "/account/appearance"),
    ];

    private string Populate()
    {
        var data = _console.Cloud.Data;
        var orders = data.Add("orders", age: TimeSpan.FromDays(12));
        orders.Conditions = [new { type = "DataProtected", status = false, severity = "warning", reason = "OneReplicaNoBackup", message = "One replica, no backup: the data is lost with its host's disk. Keep a dump of what you cannot lose.", since = data.Now }];
        data.Add("analytics-eu", "updating", TimeSpan.FromHours(5));
        data.Add("checkout-staging", "paused", TimeSpan.FromDays(2));
        data.Add("sandbox", "failed", TimeSpan.FromMinutes(40));
        return orders.Id;
    }

    private static async Task<IEnumerable<string>> ExamineAsync(IPage page, string name, ColorScheme scheme, int width)
    {
        if (Environment.GetEnvironmentVariable("CLOUD_SCREENSHOTS") is { Length: > 0 } folder)
        {
            await page.ScreenshotAsync(new() { Path = $"{folder}/{name}-{scheme}-{width}.png", FullPage = width < 1000 });
        }

        var overflow = await page.EvaluateAsync<bool>("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1");

        // Dark differs from light in nothing but its colours.
        var options = new AxeRunOptions { ResultTypes = [ResultType.Violations] };
        options.RunOnly = scheme == ColorScheme.Dark ? RunOnlyOptions.Rules("color-contrast") : null;
        var result = await page.RunAxe(options);
        return result.Violations
            .Where(violation => violation.Impact is "serious" or "critical")
            .Select(violation => $"{name} {scheme} {width}: {violation.Id}: {violation.Help}: {string.Join(" | ", violation.Nodes.Take(3).Select(node => node.Html))}")
            .Concat(overflow ? [$"{name} {scheme} {width}: the page is wider than the window"] : []);
    }
}
