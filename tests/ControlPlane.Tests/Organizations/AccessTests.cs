using System.Net;
using Cloud.ControlPlane.Tests.Platform;
using Cloud.Kernel;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Access;
using Cloud.TestKit;

namespace Cloud.ControlPlane.Tests.Organizations;

public sealed class AccessTests(ApiFixture fixture) : IClassFixture<ApiFixture>
{
    [Fact]
    public void Roles_reach_from_where_they_are_bound_downwards()
    {
        var (organization, project, other, cluster) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        var access = new Access
        {
            OrganizationId = new OrganizationId(organization),
            ResourceId = project,
            ProjectId = project,
            ClusterId = null,
            Grants = [new GrantedRole(RoleCatalog.ProjectDeveloper, project), new GrantedRole(RoleCatalog.ProjectViewer, cluster)],
        };

        access.Allows(Permissions.ClustersCreate).ShouldBeTrue();
        access.Allows(Permissions.ClustersUpdate, project, cluster).ShouldBeTrue();
        access.Allows(Permissions.ClustersDelete).ShouldBeFalse();
        access.Allows(Permissions.ClustersRead, other).ShouldBeFalse();
        access.Allows(Permissions.ClustersRead, other, cluster).ShouldBeTrue();
        access.Allows(Permissions.ClustersCreate, null).ShouldBeFalse();
    }

    [Fact]
    public void Every_permission_is_granted_by_the_owner_and_every_role_by_known_permissions()
    {
        RoleCatalog.All[RoleCatalog.OrganizationOwner].Permissions.SetEquals(Permissions.All).ShouldBeTrue();
        RoleCatalog.All.Values.SelectMany(role => role.Permissions).ShouldAllBe(permission => Permissions.Contains(permission));
        RoleCatalog.Grants("unknown", Permissions.ClustersRead).ShouldBeFalse();
    }

    [Fact]
    public async Task Who_may_is_told_by_permissions_check()
    {
        using var owner = await fixture.SignUpAsync();
        using var stranger = await fixture.SignUpAsync();
        var question = new { resource = owner.ProjectId, permissions = new[] { "clusters.create", "no.such" } };
        (await owner.PostAsync("/v1/permissions:check", question)).Body.GetProperty("allowed").EnumerateArray()
            .Select(permission => permission.GetString()).ShouldBe(["clusters.create"]);
        (await stranger.PostAsync("/v1/permissions:check", question)).ShouldBeProblem(404, "not-found");
    }

    [Fact]
    public async Task Nobody_grants_more_than_they_may()
    {
        using var owner = await fixture.SignUpAsync();
        using var client = new Identity.Calls(fixture);
        var key = await owner.PostAsync($"/v1/organizations/{owner.OrganizationId}/apiKeys", new { name = "admin", role = "organizationAdmin" });
        var token = (await client.FormAsync("/oauth/token", new()
        {
            ["grant_type"] = "client_credentials", ["client_id"] = key.String("clientId"), ["client_secret"] = key.String("clientSecret"),
        })).String("access_token");

        var more = await client.PostAsync($"/v1/organizations/{owner.OrganizationId}/apiKeys", new { name = "x", role = "organizationOwner" }, token);
        var same = await client.PostAsync($"/v1/organizations/{owner.OrganizationId}/apiKeys", new { name = "x", role = "projectOwner" }, token);
        more.ShouldBeProblem(403, "role-exceeds-own");
        same.Status.ShouldBe(HttpStatusCode.Created, same.Text);
    }

    [Fact]
    public async Task An_organization_keeps_its_last_owner()
    {
        using var owner = await fixture.SignUpAsync();
        var binding = (await owner.GetAsync($"/v1/organizations/{owner.OrganizationId}/roleBindings")).Body.GetProperty("items")[0];
        var user = binding.GetProperty("principal").GetString();
        (await owner.DeleteAsync($"/v1/organizations/{owner.OrganizationId}/roleBindings/{binding.GetProperty("id").GetString()}"))
            .ShouldBeProblem(409, "last-owner");
        (await owner.DeleteAsync($"/v1/organizations/{owner.OrganizationId}/members/{user}")).ShouldBeProblem(409, "last-owner");
    }

    [Fact]
    public async Task A_role_is_bound_to_members_and_keys_at_scopes_of_the_organization_alone()
    {
        using var owner = await fixture.SignUpAsync();
        using var stranger = await fixture.SignUpAsync();
        var path = $"/v1/organizations/{owner.OrganizationId}/roleBindings";
        var me = (await owner.GetAsync("/v1/users/me")).String("id");
        var other = (await stranger.GetAsync("/v1/users/me")).String("id");

        (await owner.PostAsync(path, new { principal = other, role = "projectViewer" })).ShouldBeProblem(422, "unknown-principal");
        (await owner.PostAsync(path, new { principal = me, role = "emperor" })).ShouldBeProblem(422, "unknown-role");
        (await owner.PostAsync(path, new { principal = me, role = "projectViewer", scope = stranger.ProjectId })).ShouldBeProblem(422, "unknown-scope");
        var bound = await owner.PostAsync(path, new { principal = me, role = "projectViewer", scope = owner.ProjectId });
        bound.Status.ShouldBe(HttpStatusCode.Created, bound.Text);
        (await owner.PostAsync(path, new { principal = me, role = "projectViewer", scope = owner.ProjectId })).ShouldBeProblem(409, "role-bound");
        (await owner.DeleteAsync($"{path}/{bound.String("id")}")).Status.ShouldBe(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task A_deleted_project_takes_its_keys_and_roles_with_it()
    {
        using var owner = await fixture.SignUpAsync();
        var organization = $"/v1/organizations/{owner.OrganizationId}";
        var project = (await owner.PostAsync(organization + "/projects", new { name = "gone" })).String("id");
        (await owner.PostAsync(organization + "/apiKeys", new { name = "ci", role = "projectOwner", project })).RequireSuccess();
        (await owner.GetAsync(organization + "/roleBindings")).Body.GetProperty("items").GetArrayLength().ShouldBe(2);

        (await owner.DeleteAsync($"{organization}/projects/{project}")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await owner.GetAsync(organization + "/apiKeys")).Body.GetProperty("items").GetArrayLength().ShouldBe(0);
        (await owner.GetAsync(organization + "/roleBindings")).Body.GetProperty("items").GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task A_project_is_found_under_its_own_organization_alone()
    {
        using var owner = await fixture.SignUpAsync();
        var other = (await owner.PostAsync("/v1/organizations", new { name = "Other" })).String("id");
        (await owner.GetAsync($"/v1/organizations/{owner.OrganizationId}/projects/{owner.ProjectId}")).String("name").ShouldBe("default");
        (await owner.GetAsync($"/v1/organizations/{other}/projects/{owner.ProjectId}")).ShouldBeProblem(404, "not-found");
    }

    [Fact]
    public async Task Organizations_are_founded_renamed_and_deleted()
    {
        using var owner = await fixture.SignUpAsync();
        var founded = await owner.PostAsync("/v1/organizations", new { name = "Works" });
        founded.Status.ShouldBe(HttpStatusCode.Created, founded.Text);
        var path = founded.Headers.Location.ShouldNotBeNull().OriginalString;

        (await owner.SendAsync(HttpMethod.Patch, path, new { name = "Works & Sons" }, ifMatch: "*")).String("name").ShouldBe("Works & Sons");
        (await owner.GetAsync("/v1/organizations?orderBy=createdAt%20desc")).Body.GetProperty("items")[0].GetProperty("name").GetString()
            .ShouldBe("Works & Sons");
        (await owner.GetAsync(path + "/members")).Body.GetProperty("items")[0].GetProperty("email").GetString().ShouldBe(owner.Email);
        (await owner.DeleteAsync(path)).Status.ShouldBe(HttpStatusCode.NoContent);
        (await owner.GetAsync(path)).ShouldBeProblem(404, "not-found");
    }
}
