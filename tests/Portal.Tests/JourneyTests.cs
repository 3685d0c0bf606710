using System.Diagnostics;
using System.Text.RegularExpressions;
using Cloud.Portal.Tests.Pages;
using Cloud.Portal.Tests.Support;
using Cloud.TestKit;
using Microsoft.Playwright;
using Shouldly;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Cloud.Portal.Tests;

/// <summary>The way of a newcomer through a whole cloud: real control plane, agent, database and MySQL client.</summary>
public sealed class JourneyTests(CloudFixture fixture) : IClassFixture<CloudFixture>, IAsyncLifetime
{
    private const float ProvisioningMs = 60_000;

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async Task InitializeAsync()
    {
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
    }

    [Fact]
    public async Task A_newcomer_signs_up_creates_a_cluster_uses_it_sees_the_bill_and_deletes_it()
    {
        var page = await BrowserOptions.NewPageAsync(_browser!, fixture.Cloud.PortalUrl, ColorScheme.Light, 1280, 860);
        try
        {
            await SignUpAsync(page);
            var password = await CreateAsync(page, "orders");
            await QueryAsync(page, password);
            await ExportAsync(page);
            await DeleteAsync(page, "orders");
        }
        catch (Exception e) when (e is PlaywrightException or TimeoutException or ShouldAssertException)
        {
            throw new InvalidOperationException($"At {page.Url}:\n{await page.InnerTextAsync("main")}\n{await fixture.Cloud.LogsAsync()}", e);
        }
    }

    private static async Task SignUpAsync(IPage page)
    {
        await page.GotoAsync("/");
        await page.GetByRole(AriaRole.Link, new() { Name = "Create an account" }).ClickAsync();
        await page.GetByLabel("Name").FillAsync("Ada");
        await page.GetByLabel("E-mail").FillAsync($"ada-{Guid.NewGuid():N}@example.com");
        await page.GetByLabel("Password").FillAsync("four random words here");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create the account" }).ClickAsync();
        await Expect(page.GetByText("No clusters in this project yet")).ToBeVisibleAsync();
    }

    private static async Task<string> CreateAsync(IPage page, string name)
    {
        await page.GetByRole(AriaRole.Link, new() { Name = "Create cluster" }).First.ClickAsync();
        await Expect(page.Locator(".price")).ToContainTextAsync(new Regex(@"\d+\.\d\d USD per month"));
        await page.GetByLabel("Name").FillAsync(name);
        await page.GetByRole(AriaRole.Button, new() { Name = "Create cluster" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Copy the password now" })).ToBeVisibleAsync();
        var password = await page.Locator("[data-secret]").First.GetAttributeAsync("data-secret");
        await Expect(page.Locator(".steps li").First).ToBeVisibleAsync();
        await Expect(page.Locator(".page-head .state")).ToHaveTextAsync("available", new() { Timeout = ProvisioningMs });
        await KeepPictureAsync(page, "journey-created");
        await page.GetByRole(AriaRole.Button, new() { Name = "I have it" }).ClickAsync();
        return password.ShouldNotBeNull();
    }

    /// <summary>Runs the command that the console shows, as a person would paste it.</summary>
    private static async Task QueryAsync(IPage page, string password)
    {
        await page.GetByRole(AriaRole.Link, new() { Name = "Connect" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();
        var command = (await page.Locator("dialog .code pre").InnerTextAsync()).Split('\n')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        await page.Keyboard.PressAsync("Escape");
        await Expect(page).Not.ToHaveURLAsync(new Regex("connect="));

        var start = new ProcessStartInfo(command[0]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in command[1..].Where(argument => argument != "-p"))
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["MYSQL_PWD"] = password;
        start.ArgumentList.Add("--batch");
        start.ArgumentList.Add("--skip-column-names");
        start.ArgumentList.Add("-e");
        start.ArgumentList.Add("create database shop; use shop; create table t (id int primary key); insert into t values (41), (42); select sum(id) from t");
        using var client = Process.Start(start).ShouldNotBeNull();
        var output = await client.StandardOutput.ReadToEndAsync();
        var error = await client.StandardError.ReadToEndAsync();
        await client.WaitForExitAsync();
        output.Trim().ShouldBe("83", error);
    }

    private static async Task ExportAsync(IPage page)
    {
        await page.GetByRole(AriaRole.Link, new() { Name = "Usage" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Row, new() { Name = "instance.hours" })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Invoices" }).ClickAsync();
        await Expect(page.Locator(".page-head .state")).ToHaveTextAsync("draft");
        await Expect(page.GetByRole(AriaRole.Row, new() { Name = "Total" }).Last).ToContainTextAsync("USD");
        await page.GetByRole(AriaRole.Link, new() { Name = "Exports" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Create export" }).ClickAsync();
        await Expect(page.Locator("td .state")).ToHaveTextAsync("available", new() { Timeout = ProvisioningMs });
        var download = await page.RunAndWaitForDownloadAsync(() => page.Locator("td a[download]").ClickAsync());
        var file = await File.ReadAllTextAsync(await download.PathAsync());
        file.ShouldContain("BilledCost");
        file.ShouldContain("orders");
    }

    private static async Task DeleteAsync(IPage page, string name)
    {
        await page.GetByRole(AriaRole.Link, new() { Name = "Clusters" }).ClickAsync();
        await KeepPictureAsync(page, "journey-clusters");
        await page.GetByRole(AriaRole.Link, new() { Name = name, Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Settings" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete cluster" }).ClickAsync();
        await page.GetByLabel("Remove the data at once").CheckAsync();
        await page.GetByLabel($"Type {name} to confirm").FillAsync(name);
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete cluster" }).ClickAsync();
        await Expect(page.Locator(".page-head .state")).ToHaveTextAsync("deleted", new() { Timeout = ProvisioningMs });
        await Expect(page.GetByText("Its data were removed for good")).ToBeVisibleAsync(new() { Timeout = ProvisioningMs });
    }

    private static async Task KeepPictureAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("CLOUD_SCREENSHOTS") is { Length: > 0 } folder)
        {
            await page.ScreenshotAsync(new() { Path = $"{folder}/{name}.png" });
        }
    }
}
