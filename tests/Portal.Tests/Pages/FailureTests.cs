using Cloud.Portal.Tests.Support;
using Microsoft.Playwright;
using Shouldly;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Cloud.Portal.Tests.Pages;

[Collection(ConsoleCollection.Name)]
public sealed class FailureTests : IDisposable
{
    private readonly ConsoleFixture _console;

    public FailureTests(ConsoleFixture console)
    {
        _console = console;
        console.Reset();
    }

    public void Dispose() => _console.Reset();

    [Fact]
    public async Task An_unavailable_control_plane_is_explained_and_the_page_recovers_by_itself()
    {
        _console.Cloud.Data.Add("orders");
        var page = await _console.SignedInAsync();
        _console.Cloud.Fault = request => request.Path.Value!.Contains("/clusters")
            ? new StubProblem(503, "unavailable", "The control plane is starting", "Try again in a moment.", RetryAfterSeconds: 1)
            : null;
        await page.GotoAsync("/projects/prj_1/clusters");
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("The control plane is starting");
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("req_stub01");

        _console.Cloud.Fault = _ => null;
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "orders" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToBeHiddenAsync();
    }

    [Fact]
    public async Task A_missing_permission_says_whom_to_ask()
    {
        var page = await _console.SignedInAsync();
        _console.Cloud.Fault = request => request.Path.Value!.Contains("/usage")
            ? new StubProblem(403, "permission-denied", "Forbidden", "You need usage.read on the organization.")
            : null;
        await page.GotoAsync("/organizations/org_1/usage");

        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("You have no permission for this");
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Ask an owner of the organization");
    }

    [Fact]
    public async Task What_is_not_there_says_so()
    {
        var page = await _console.SignedInAsync();
        await page.GotoAsync("/clusters/clu_gone");
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("There is nothing here");

        var reply = await page.GotoAsync("/no/such/page");
        reply!.Status.ShouldBe(404);
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "There is no such page" })).ToBeVisibleAsync();
    }
}
