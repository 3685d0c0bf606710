using Cloud.TestKit;
using Microsoft.Playwright;
using Xunit;

namespace Cloud.Portal.Tests.Support;

/// <summary>One browser, one console and one stub cloud for all tests of the collection; each test has a context of its own.</summary>
public sealed class ConsoleFixture : IAsyncLifetime
{
    private readonly TemporaryFolder _home = new();
    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private StubCloud? _cloud;
    private PortalProcess? _portal;
    private IReadOnlyList<BrowserContextCookiesResult>? _session;

    internal StubCloud Cloud => _cloud ?? throw Missing();

    internal PortalProcess Portal => _portal ?? throw Missing();

    internal IBrowser Browser => _browser ?? throw Missing();

    public async Task InitializeAsync()
    {
        _cloud = await StubCloud.StartAsync();
        _portal = await PortalProcess.StartAsync(_cloud.Url, _home.Path);
        _playwright = await Playwright.CreateAsync();
        _browser = await BrowserOptions.LaunchAsync(_playwright);
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
        if (_portal is not null)
        {
            await _portal.DisposeAsync();
        }

        if (_cloud is not null)
        {
            await _cloud.DisposeAsync();
        }

        _home.Dispose();
    }

    /// <summary>Makes the stub cloud empty and obliging again.</summary>
    internal void Reset()
    {
        Cloud.Fault = _ => null;
        Cloud.TokenSeconds = 900;
        Cloud.Data.Clusters.Clear();
        Cloud.Data.Exports.Clear();
    }

    /// <summary>A new page in a context without cookies.</summary>
    internal Task<IPage> NewPageAsync(ColorScheme scheme = ColorScheme.Light, int width = 1280, int height = 860) =>
        BrowserOptions.NewPageAsync(Browser, Portal.Url, scheme, width, height);

    /// <summary>A new page of a signed-in person, at their clusters; all such pages share one session.</summary>
    internal async Task<IPage> SignedInAsync(ColorScheme scheme = ColorScheme.Light, int width = 1280, int height = 860)
    {
        if (_session is null)
        {
            var first = await JustSignedInAsync();
            _session = await first.Context.CookiesAsync();
            await first.Context.CloseAsync();
        }

        var page = await NewPageAsync(scheme, width, height);
        await page.Context.AddCookiesAsync(_session.Select(cookie => new Cookie
        {
            Name = cookie.Name, Value = cookie.Value, Domain = cookie.Domain, Path = cookie.Path, Expires = cookie.Expires, HttpOnly = cookie.HttpOnly, SameSite = cookie.SameSite,
        }));
        await page.GotoAsync("/clusters");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Clusters", Exact = true, Level = 1 })).ToBeVisibleAsync();
        return page;
    }

    /// <summary>A new page of a person with a session of its own, at their clusters.</summary>
    internal async Task<IPage> JustSignedInAsync(ColorScheme scheme = ColorScheme.Light, int width = 1280, int height = 860)
    {
        Cloud.Data.Accounts["ada@example.com"] = ("correct horse battery", "Ada");
        var page = await NewPageAsync(scheme, width, height);
        await page.GotoAsync("/sign-in");
        await page.GetByLabel("E-mail").FillAsync("ada@example.com");
        await page.GetByLabel("Password").FillAsync("correct horse battery");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Clusters", Exact = true, Level = 1 })).ToBeVisibleAsync();
        return page;
    }

    private static InvalidOperationException Missing() => new("The fixture has not been initialized.");
}

/// <summary>How tests drive Debian's browser.</summary>
internal static class BrowserOptions
{
    public static Task<IBrowser> LaunchAsync(IPlaywright playwright) => playwright.Chromium.LaunchAsync(new()
    {
        ExecutablePath = "/usr/bin/chromium",
        Headless = true,
        Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });

    public static async Task<IPage> NewPageAsync(IBrowser browser, Uri url, ColorScheme scheme, int width, int height)
    {
        var context = await browser.NewContextAsync(new()
        {
            BaseURL = url.ToString(),
            ColorScheme = scheme,
            ReducedMotion = ReducedMotion.Reduce,
            ViewportSize = new() { Width = width, Height = height },
        });
        context.SetDefaultTimeout(15_000);
        return await context.NewPageAsync();
    }
}

[CollectionDefinition(Name)]
public sealed class ConsoleCollection : ICollectionFixture<ConsoleFixture>
{
    public const string Name = "console";
}
