using System.Net;
using Cloud.ControlPlane.Tests.Platform;
using Cloud.TestKit;
using Shouldly;
using Xunit;

namespace Cloud.ControlPlane.Tests.Clusters;

public sealed class ProjectContentsTests(LifecycleFixture fixture) : IClassFixture<LifecycleFixture>
{
    [Fact]
    public async Task What_holds_clusters_is_not_deleted_until_they_are_purged()
    {
        await using var agent = await fixture.Main.ConnectAgentAsync();
        using var session = await ApiSession.SignUpAsync(fixture.Main.Api);
        var (project, organization) = ($"/v1/projects/{session.ProjectId}", $"/v1/organizations/{session.OrganizationId}");
        var cluster = "/v1/clusters/" + (await session.CreateClusterAsync("orders")).Id;

        await RefusedAsync("1 cluster ('orders')");
        var deleted = (await session.DeleteAsync(cluster)).RequireSuccess();
        await session.WaitForOperationAsync(deleted);
        await RefusedAsync("1 deleted cluster ('orders') that must be purged first");
        (await session.GetAsync(cluster)).String("state").ShouldBe("deleted");

        await session.WaitForOperationAsync((await session.PostAsync($"{cluster}:purge")).RequireSuccess());
        (await session.DeleteAsync(project)).Status.ShouldBe(HttpStatusCode.NoContent);
        (await session.DeleteAsync("/v1/users/me")).Status.ShouldBe(HttpStatusCode.NoContent);

        async Task RefusedAsync(string contents)
        {
            var refused = await session.DeleteAsync(project);
            refused.ShouldBeProblem(409, "project-not-empty");
            refused.String("detail").ShouldContain(contents);
            refused = await session.DeleteAsync(organization);
            refused.ShouldBeProblem(409, "organization-not-empty");
            refused.String("detail").ShouldContain(contents);
            (await session.DeleteAsync("/v1/users/me")).Status.ShouldBe(HttpStatusCode.Conflict);
        }
    }

    [Fact]
    public async Task Many_clusters_are_counted_and_a_few_named()
    {
        using var session = await ApiSession.SignUpAsync(fixture.Main.Api);
        foreach (var name in new[] { "g", "f", "e", "d", "c", "b", "a" })
        {
            (await session.PostAsync($"/v1/projects/{session.ProjectId}/clusters", new { name })).RequireSuccess();
        }

        var refused = await session.DeleteAsync($"/v1/projects/{session.ProjectId}");
        refused.String("detail").ShouldContain("7 clusters ('a', 'b', 'c', 'd', 'e', …)");
    }

    [Fact]
    public async Task A_create_and_a_deletion_of_its_project_never_both_succeed()
    {
        using var session = await ApiSession.SignUpAsync(fixture.Main.Api);
        for (var round = 0; round < 8; round++)
        {
            var made = (await session.PostAsync($"/v1/organizations/{session.OrganizationId}/projects", new { name = $"race-{round}" })).RequireSuccess();
            var project = $"/v1/projects/{made.String("id")}";

            var create = session.PostAsync($"{project}/clusters", new { name = "late" });
            var delete = session.DeleteAsync(project);
            await Task.WhenAll(create, delete);

            var (created, deleted) = ((await create).Status == HttpStatusCode.Accepted, (await delete).Status == HttpStatusCode.NoContent);
            (created ^ deleted).ShouldBeTrue($"create: {(await create).Text}; delete: {(await delete).Text}");
        }
    }
}
