using System.Net;
using Cloud.ControlPlane.Tests.Platform;
using Cloud.TestKit;

namespace Cloud.ControlPlane.Tests.Identity;

public sealed class OAuthTests(ApiFixture fixture) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Only_what_exists_is_advertised()
    {
        using var client = new Calls(fixture);
        var metadata = (await client.GetAsync("/.well-known/oauth-authorization-server")).RequireSuccess().Body;
        metadata.GetProperty("grant_types_supported").EnumerateArray().Select(grant => grant.GetString())
            .ShouldBe(["client_credentials", "refresh_token"]);
        metadata.TryGetProperty("authorization_endpoint", out _).ShouldBeFalse();
    }

    [Fact]
    public async Task An_api_key_acts_within_its_role_and_project_until_it_is_deleted()
    {
        using var owner = await fixture.SignUpAsync();
        using var client = new Calls(fixture);
        var other = (await owner.PostAsync($"/v1/organizations/{owner.OrganizationId}/projects", new { name = "other" })).String("id");
        var key = await owner.PostAsync(
            $"/v1/organizations/{owner.OrganizationId}/apiKeys", new { name = "ci", role = "projectViewer", project = owner.ProjectId });
        var token = (await client.FormAsync("/oauth/token", Credentials(key))).RequireSuccess().String("access_token");

        (await client.GetAsync($"/v1/projects/{owner.ProjectId}", token)).Status.ShouldBe(HttpStatusCode.OK);
        (await client.GetAsync($"/v1/projects/{other}", token)).ShouldBeProblem(403, "forbidden");
        (await client.SendAsync(HttpMethod.Delete, $"/v1/projects/{owner.ProjectId}", null, token)).ShouldBeProblem(403, "forbidden");
        var projects = await client.GetAsync($"/v1/organizations/{owner.OrganizationId}/projects", token);
        projects.Body.GetProperty("items").GetArrayLength().ShouldBe(1);
        (await client.GetAsync("/v1/organizations", token)).Body.GetProperty("items")[0].GetProperty("id").GetString().ShouldBe(owner.OrganizationId);
        (await owner.GetAsync($"/v1/organizations/{owner.OrganizationId}/apiKeys")).Body.GetProperty("items")[0]
            .GetProperty("lastUsedAt").GetString().ShouldNotBeNull();

        (await owner.DeleteAsync($"/v1/organizations/{owner.OrganizationId}/apiKeys/{key.String("id")}")).RequireSuccess();
        (await client.GetAsync($"/v1/projects/{owner.ProjectId}", token)).ShouldBeProblem(401, "unauthenticated");
        (await client.FormAsync("/oauth/token", Credentials(key))).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Wrong_secrets_and_grants_get_the_errors_of_the_rfc()
    {
        using var owner = await fixture.SignUpAsync();
        using var client = new Calls(fixture);
        var key = await owner.PostAsync($"/v1/organizations/{owner.OrganizationId}/apiKeys", new { name = "ci", role = "auditor" });
        var wrong = Credentials(key);
        wrong["client_secret"] += "x";

        var refused = await client.FormAsync("/oauth/token", wrong);
        refused.Status.ShouldBe(HttpStatusCode.Unauthorized);
        refused.String("error").ShouldBe("invalid_client");
        refused.Headers.CacheControl?.NoStore.ShouldBe(true);
        (await client.FormAsync("/oauth/token", new() { ["grant_type"] = "password" })).String("error").ShouldBe("unsupported_grant_type");
        (await client.PostAsync("/oauth/token", new { })).String("error").ShouldBe("invalid_request");
    }

    [Fact]
    public async Task A_revoked_token_is_dead_and_introspection_says_so()
    {
        using var owner = await fixture.SignUpAsync();
        using var stranger = await fixture.SignUpAsync();
        using var client = new Calls(fixture);
        var key = await owner.PostAsync($"/v1/organizations/{owner.OrganizationId}/apiKeys", new { name = "ci", role = "auditor" });
        var foreign = await stranger.PostAsync($"/v1/organizations/{stranger.OrganizationId}/apiKeys", new { name = "ci", role = "auditor" });
        var token = (await client.FormAsync("/oauth/token", Credentials(key))).String("access_token");

        (await client.FormAsync("/oauth/introspect", With(key, token))).String("sub").ShouldBe(key.String("clientId"));
        (await client.FormAsync("/oauth/introspect", With(foreign, token))).Body.GetProperty("active").GetBoolean().ShouldBeFalse();
        (await client.FormAsync("/oauth/revoke", new() { ["token"] = token })).Status.ShouldBe(HttpStatusCode.OK);
        (await client.FormAsync("/oauth/revoke", new() { ["token"] = "unknown" })).Status.ShouldBe(HttpStatusCode.OK);
        (await client.FormAsync("/oauth/introspect", With(key, token))).Body.GetProperty("active").GetBoolean().ShouldBeFalse();
        (await client.GetAsync("/v1/organizations", token)).ShouldBeProblem(401, "unauthenticated");
    }

    private static Dictionary<string, string> Credentials(ApiReply key) => new()
    {
        ["grant_type"] = "client_credentials", ["client_id"] = key.String("clientId"), ["client_secret"] = key.String("clientSecret"),
    };

    private static Dictionary<string, string> With(ApiReply key, string token) => new(Credentials(key)) { ["token"] = token };
}
