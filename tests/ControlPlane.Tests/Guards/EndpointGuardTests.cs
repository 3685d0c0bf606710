using Cloud.Host;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Cloud.ControlPlane.Tests.Guards;

/// <summary>Every endpoint, found by asking the running host, keeps the rules of access; each guard shows that it can fail.</summary>
public sealed class EndpointGuardTests(GuardFixture fixture) : IClassFixture<GuardFixture>
{
    [Fact]
    public void Every_endpoint_declares_its_class_and_its_permission()
    {
        fixture.Subjects.Count.ShouldBeGreaterThan(30);
        var errors = fixture.Services.GetRequiredService<ErrorRegistry>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        CloudHost.EndpointsOf(fixture.App).Select(endpoint => EndpointCheck.Check(endpoint, errors, names)).ShouldAllBe(violation => violation == null);
    }

    [Fact]
    public void An_endpoint_that_declares_nothing_or_too_little_is_found()
    {
        var errors = fixture.Services.GetRequiredService<ErrorRegistry>();
        Violation(route => route).ShouldNotBeNull().ShouldContain("declares no class");
        Violation(route => route.Query("no.such")).ShouldNotBeNull().ShouldContain("not in Permissions");
        Violation(route => route.Query("clusters.read")).ShouldNotBeNull().ShouldContain("typed id");
        Violation(route => route.PublicQuery("planted").Fails("no-such-error")).ShouldNotBeNull().ShouldContain("not in the error registry");
        Violation(route => route.PublicQuery("planted")).ShouldBeNull();

        string? Violation(Func<RouteHandlerBuilder, RouteHandlerBuilder> declare)
        {
            var app = WebApplication.CreateSlimBuilder().Build();
            declare(app.MapGet("/planted", () => Results.Ok()));
            return EndpointCheck.Check(CloudHost.EndpointsOf(app).Single(), errors, new HashSet<string>(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task A_caller_without_a_token_is_refused_everywhere()
    {
        using var anonymous = fixture.Anonymous();
        (await AccessChecks.OpenToAnybodyAsync(fixture.Subjects, anonymous, fixture.OwnersResources)).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_endpoint_that_serves_anybody_is_found()
    {
        using var anonymous = fixture.Anonymous();
        var open = fixture.Subjects.First(subject => subject is { Rules.IsPublic: true, Method: "GET" });
        var planted = open with { Rules = open.Rules with { IsPublic = false } };
        (await AccessChecks.OpenToAnybodyAsync([planted], anonymous, fixture.OwnersResources)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Another_tenant_is_refused_on_every_resource()
    {
        fixture.OwnersResources.Keys.ShouldContain("project");
        (await AccessChecks.OpenToStrangersAsync(fixture.Subjects, fixture.Stranger, fixture.OwnersResources)).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_endpoint_that_serves_another_tenant_is_found()
    {
        // To the check it looks like a stranger when the owner asks for what is theirs.
        var reads = fixture.Subjects.Where(subject => subject is { Method: "GET", Pattern: "/v1/projects/{project}" });
        (await AccessChecks.OpenToStrangersAsync(reads, fixture.Owner, fixture.OwnersResources)).Count.ShouldBe(1);
    }

    [Fact]
    public void Every_request_body_has_an_example_that_its_own_type_accepts()
    {
        var lacking = fixture.Subjects
            .Where(subject => subject.Method is "POST" or "PATCH" && TakesBody(subject) && subject.Rules.Example is null)
            .Select(subject => subject.ToString());
        lacking.ShouldBeEmpty();
    }

    private static bool TakesBody(Subject subject) =>
        subject.Rules.Handler?.GetParameters().Any(parameter => parameter.ParameterType.Name.EndsWith("Request", StringComparison.Ordinal)) == true;
}
