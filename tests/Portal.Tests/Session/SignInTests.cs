using Cloud.Portal.Tests.Support;
using Microsoft.Playwright;
using Shouldly;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Cloud.Portal.Tests.Session;

[Collection(ConsoleCollection.Name)]
public sealed class SignInTests : IDisposable
{
    private readonly ConsoleFixture _console;

    public SignInTests(ConsoleFixture console)
    {
        _console = console;
        console.Reset();
    }

    public void Dispose() => _console.Reset();

    [Fact]
    public async Task Signing_up_leads_to_a_project_that_teaches_how_to_begin()
    {
        var page = await _console.NewPageAsync();
        await page.GotoAsync("/");
        await page.GetByRole(AriaRole.Link, new() { Name = "Create an account" }).ClickAsync();
        await page.GetByLabel("Name").FillAsync("Grace");
        await page.GetByLabel("E-mail").FillAsync("grace@example.com");
        await page.GetByLabel("Password").FillAsync("short");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create the account" }).ClickAsync();
        await Expect(page.GetByText("The password needs at least 8 characters.")).ToBeVisibleAsync();
        await Expect(page.GetByLabel("E-mail")).ToHaveValueAsync("grace@example.com");

        await page.GetByLabel("Password").FillAsync("four random words");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create the account" }).ClickAsync();
        await Expect(page.GetByText("No clusters in this project yet")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "First steps" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_wrong_password_says_so_with_the_request_id_and_keeps_the_address()
    {
        var page = await _console.NewPageAsync();
        await page.GotoAsync("/sign-in");
        await page.GetByLabel("E-mail").FillAsync("nobody@example.com");
        await page.GetByLabel("Password").FillAsync("wrong");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();

        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("E-mail or password is wrong");
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("req_stub01");
        await Expect(page.GetByLabel("E-mail")).ToHaveValueAsync("nobody@example.com");
        (await page.Context.CookiesAsync()).ShouldNotContain(cookie => cookie.Name.EndsWith("-session"));
    }

    [Fact]
    public async Task The_browser_never_holds_a_token_that_it_could_read()
    {
        var page = await _console.JustSignedInAsync();

        var cookie = (await page.Context.CookiesAsync()).Single(found => found.Name.EndsWith("-session"));
        cookie.HttpOnly.ShouldBeTrue();
        cookie.SameSite.ShouldBe(SameSiteAttribute.Lax);
        cookie.Value.ShouldNotContain("access-");
        (await page.ContentAsync()).ShouldNotContain("access-");
        (await page.EvaluateAsync<string>("JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie")).ShouldNotContain("session");
    }

    [Fact]
    public async Task A_page_behind_the_sign_in_is_reached_after_it_but_no_other_host_is()
    {
        var page = await _console.NewPageAsync();
        await page.GotoAsync("/organizations/org_1/usage?by=day");
        await Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/sign-in\\?returnUrl="));
        _console.Cloud.Data.Accounts["ada@example.com"] = ("correct horse battery", "Ada");
        await SubmitAsync(page);
        await Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/organizations/org_1/usage\\?by=day$"));

        var other = await _console.NewPageAsync();
        await other.GotoAsync("/sign-in?returnUrl=//evil.example/");
        await SubmitAsync(other);
        await Expect(other).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/projects/prj_1/clusters$"));
    }

    [Fact]
    public async Task Signing_out_revokes_the_session_and_ends_every_open_page()
    {
        var page = await _console.JustSignedInAsync();
        var other = await page.Context.NewPageAsync();
        await other.GotoAsync("/account");
        await Expect(other.GetByLabel("Name")).ToHaveValueAsync("Ada");
        var live = _console.Cloud.Live.Count;

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Create an account" })).ToBeVisibleAsync();
        _console.Cloud.Live.Count.ShouldBe(live - 1);
        (await page.Context.CookiesAsync()).ShouldNotContain(cookie => cookie.Name.EndsWith("-session"));

        await other.GetByRole(AriaRole.Link, new() { Name = "Usage" }).ClickAsync();
        await Expect(other.GetByRole(AriaRole.Heading, new() { Name = "Sign in" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Tokens_near_their_end_are_renewed_once_and_the_cookie_follows()
    {
        _console.Cloud.TokenSeconds = 61;
        var page = await _console.JustSignedInAsync();
        var before = (await page.Context.CookiesAsync()).Single(cookie => cookie.Name.EndsWith("-session")).Value;
        _console.Cloud.TokenSeconds = 900;
        await page.WaitForTimeoutAsync(1100); // The token gets old by the portal's clock.
        _console.Cloud.Refreshes.Clear();

        await page.GetByRole(AriaRole.Link, new() { Name = "Usage" }).ClickAsync();
        await Expect(page.GetByText("instance.hours")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Invoices" }).ClickAsync();
        await Expect(page.GetByText("SQL instance, small")).ToBeVisibleAsync();

        _console.Cloud.Refreshes.Count.ShouldBe(1);
        await TestKit.Eventually.NotNullAsync(async () =>
            (await page.Context.CookiesAsync()).SingleOrDefault(cookie => cookie.Name.EndsWith("-session") && cookie.Value != before));
        _console.Cloud.Refreshes.Count.ShouldBe(1);
    }

    private static async Task SubmitAsync(IPage page)
    {
        await page.GetByLabel("E-mail").FillAsync("ada@example.com");
        await page.GetByLabel("Password").FillAsync("correct horse battery");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
    }
}
