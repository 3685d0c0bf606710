using Cloud.Portal.Tests.Support;
using Cloud.TestKit;
using Shouldly;
using Xunit;

namespace Cloud.Portal.Tests.Hosting;

[Collection(ConsoleCollection.Name)]
public sealed class HeaderTests(ConsoleFixture console)
{
    [Fact]
    public async Task Pages_allow_no_inline_script_or_style_and_no_framing_and_are_kept_by_no_cache()
    {
        using var client = new HttpClient { BaseAddress = console.Portal.Url };
        using var response = await client.GetAsync("/sign-in");

        var policy = response.Headers.GetValues("Content-Security-Policy").ShouldHaveSingleItem();
        policy.ShouldContain("default-src 'none'");
        policy.ShouldContain("frame-ancestors 'none'");
        policy.ShouldNotContain("unsafe");
        response.Headers.CacheControl!.NoStore.ShouldBeTrue();
        response.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
        response.Headers.Contains("Server").ShouldBeFalse();
    }

    [Fact]
    public async Task A_form_without_its_antiforgery_token_changes_nothing()
    {
        using var client = new HttpClient { BaseAddress = console.Portal.Url };
        using var form = new FormUrlEncodedContent([new("theme", "dark")]);
        using var response = await client.PostAsync("/appearance", form);

        ((int)response.StatusCode).ShouldBe(400);
        response.Headers.Contains("Set-Cookie").ShouldBeFalse();
    }

    [Fact]
    public async Task Behind_https_cookies_are_secure_and_belong_to_the_host_alone()
    {
        using var home = new TemporaryFolder();
        await using var portal = await PortalProcess.StartAsync(console.Cloud.Url, home.Path, new Dictionary<string, string>
        {
            ["CLOUD_PUBLIC_URL"] = "https://cloud.example",
            ["CLOUD_INSTANCE_ID"] = "inst7",
        });
        using var client = new HttpClient { BaseAddress = portal.Url };
        using var response = await client.GetAsync("/sign-in");

        var cookie = response.Headers.GetValues("Set-Cookie").ShouldHaveSingleItem();
        cookie.ShouldStartWith("__Host-cloud-inst7-forgery=");
        cookie.ShouldContain("secure");
        cookie.ShouldContain("path=/;");
        response.Headers.Contains("Strict-Transport-Security").ShouldBeTrue();
    }

    [Theory]
    [InlineData("/healthz", "ok")]
    [InlineData("/readyz", "ready")]
    [InlineData("/metrics", "cloud_portal_circuits")]
    public async Task Supervisors_get_plain_answers(string path, string expected)
    {
        using var client = new HttpClient { BaseAddress = console.Portal.Url };
        (await client.GetStringAsync(path)).ShouldContain(expected);
    }

    [Fact]
    public async Task The_console_starts_and_explains_itself_while_the_control_plane_is_away()
    {
        using var home = new TemporaryFolder();
        await using var portal = await PortalProcess.StartAsync(new Uri($"http://127.0.0.1:{FreePort.Next()}"), home.Path);
        var page = await BrowserOptions.NewPageAsync(console.Browser, portal.Url, Microsoft.Playwright.ColorScheme.Light, 1280, 800);
        await page.GotoAsync("/sign-in");
        await page.GetByLabel("E-mail").FillAsync("ada@example.com");
        await page.GetByLabel("Password").FillAsync("whatever it is");
        await page.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();

        await Microsoft.Playwright.Assertions.Expect(page.GetByRole(Microsoft.Playwright.AriaRole.Alert)).ToContainTextAsync("The control plane does not answer");
    }
}
