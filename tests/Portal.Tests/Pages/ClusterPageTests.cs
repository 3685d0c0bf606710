using Cloud.Portal.Tests.Support;
using Microsoft.Playwright;
using Shouldly;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Cloud.Portal.Tests.Pages;

[Collection(ConsoleCollection.Name)]
public sealed class ClusterPageTests : IDisposable
{
    private readonly ConsoleFixture _console;

    public ClusterPageTests(ConsoleFixture console)
    {
        _console = console;
        console.Reset();
    }

    public void Dispose() => _console.Reset();

    [Fact]
    public async Task A_cluster_is_priced_created_followed_connected_to_and_deleted()
    {
        var page = await _console.SignedInAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Create cluster" }).First.ClickAsync();
        await Expect(page.GetByText("43.80 USD")).ToBeVisibleAsync();
        await page.GetByLabel("Dedicated").CheckAsync();
        await Expect(page.GetByText("87.60 USD")).ToBeVisibleAsync();
        await page.GetByLabel("Name").FillAsync("Orders");
        await Expect(page.GetByText("The name must have small letters only.")).ToBeVisibleAsync();
        await page.GetByLabel("Name").FillAsync("orders");
        await Expect(page.GetByText("The name must have small letters only.")).ToBeHiddenAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Show as" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("\"name\": \"orders\"");
        await page.GetByRole(AriaRole.Tab, new() { Name = "Terraform" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("resource \"cloud_cluster\" \"orders\"");
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.GetByRole(AriaRole.Dialog)).ToBeHiddenAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Create cluster" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Copy the password now" })).ToBeVisibleAsync();
        await Expect(page.GetByText("s3cret-Once-Only")).ToBeHiddenAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Show", Exact = true }).ClickAsync();
        await Expect(page.GetByText("s3cret-Once-Only")).ToBeVisibleAsync();
        await Expect(page.GetByText("Start storage")).ToBeVisibleAsync();
        await Expect(page.Locator(".page-head .state")).ToHaveTextAsync("available");
        await page.GetByRole(AriaRole.Button, new() { Name = "I have it" }).ClickAsync();

        await page.GetByRole(AriaRole.Link, new() { Name = "Connect" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("mariadb -h 127.0.0.1 -P 20014 -u root -p");
        await page.GetByRole(AriaRole.Link, new() { Name = "JDBC" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("jdbc:mysql://127.0.0.1:20014/");
        await Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("connect=jdbc"));
        await page.Keyboard.PressAsync("Escape");
        await Expect(page).Not.ToHaveURLAsync(new System.Text.RegularExpressions.Regex("connect="));

        await page.ReloadAsync();
        (await page.ContentAsync()).ShouldNotContain("s3cret-Once-Only");
        await DeleteAsync(page);
        await Expect(page.Locator(".page-head .state")).ToHaveTextAsync("deleted");
        await Expect(page.GetByText("This cluster is deleted")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_list_is_searched_and_filtered_and_paged_by_its_address()
    {
        for (var i = 0; i < 30; i++)
        {
            _console.Cloud.Data.Add($"cluster-{i:D2}", i == 7 ? "deleted" : "available", TimeSpan.FromMinutes(i));
        }

        var page = await _console.SignedInAsync();
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(25);
        await page.GetByRole(AriaRole.Link, new() { Name = "Next page" }).ClickAsync();
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(4);
        await page.ReloadAsync();
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(4);

        await page.GotoAsync("/projects/prj_1/clusters");
        await WaitForCircuitAsync(page);
        await page.Keyboard.PressAsync("/");
        await page.Keyboard.TypeAsync("cluster-12");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("q=cluster-12"));

        await page.GotoAsync("/projects/prj_1/clusters?show=deleted-too&q=07");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "cluster-07" })).ToBeVisibleAsync();
        await page.GotoAsync("/projects/prj_1/clusters?q=07");
        await Expect(page.GetByText("No cluster matches")).ToBeVisibleAsync();
        await page.GotoAsync("/projects/prj_1/clusters?q=nothing-like-it");
        await Expect(page.GetByText("No cluster matches")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_deletion_asks_for_the_name_and_a_protected_cluster_is_not_offered_one()
    {
        var cluster = _console.Cloud.Data.Add("precious");
        var page = await _console.SignedInAsync();
        await page.GotoAsync($"/clusters/{cluster.Id}/settings");
        await WaitForCircuitAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete cluster" }).ClickAsync();
        var confirm = page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete cluster" });
        await Expect(confirm).ToBeDisabledAsync();
        await page.GetByLabel("Type precious to confirm").FillAsync("Precious");
        await Expect(confirm).ToBeDisabledAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Keep it" }).ClickAsync();

        await page.GetByLabel("Protect from deletion").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(page.GetByText("Saved.")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Delete cluster" })).ToBeDisabledAsync();
        _console.Cloud.Data.Clusters[cluster.Id].State.ShouldBe("available");
    }

    [Fact]
    public async Task A_double_click_creates_one_cluster()
    {
        _console.Cloud.Requests.Clear();
        var page = await _console.SignedInAsync();
        await page.GotoAsync("/projects/prj_1/clusters/new");
        await WaitForCircuitAsync(page);
        await page.GetByLabel("Name").FillAsync("twice");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create cluster" }).DblClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "twice" })).ToBeVisibleAsync();

        _console.Cloud.Data.Clusters.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Keys_reach_the_pages_and_the_help()
    {
        var page = await _console.SignedInAsync();
        await WaitForCircuitAsync(page);
        await page.Keyboard.PressAsync("?");
        await Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("Search the list on this page");
        await page.Keyboard.PressAsync("Escape");
        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("u");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Usage" })).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("c");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Clusters", Exact = true })).ToBeVisibleAsync();
    }

    /// <summary>Until the page answers: before, it is the server's first rendering.</summary>
    internal static Task WaitForCircuitAsync(IPage page) =>
        page.WaitForFunctionAsync("() => document.documentElement.dataset.live === 'yes'");

    private static async Task DeleteAsync(IPage page)
    {
        await WaitForCircuitAsync(page);
        await page.GetByRole(AriaRole.Link, new() { Name = "Settings" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete cluster" }).ClickAsync();
        await page.GetByLabel("Type orders to confirm").FillAsync("orders");
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete cluster" }).ClickAsync();
    }
}
