using System.Net;
using System.Text;
using System.Text.Json;
using Cloud.TestKit;

namespace Cloud.ControlPlane.Tests.Platform;

/// <summary>Bad requests of every kind get a problem that says what is wrong, and nothing about us.</summary>
public sealed class ProblemTests(ApiFixture fixture) : IClassFixture<ApiFixture>
{
    [Theory]
    [InlineData("{", 400, "malformed-request", "")]
    [InlineData("[]", 400, "malformed-request", "")]
    [InlineData("""{"name":1}""", 400, "malformed-request", "/name")]
    [InlineData("""{"name":null}""", 400, "malformed-request", "/name")]
    [InlineData("""{"name":"a","name":"b"}""", 400, "malformed-request", null)]
    [InlineData("""{"name":"a","nam":"b"}""", 400, "unknown-field", "/nam")]
    [InlineData("{}", 422, "validation-failed", "/name")]
    [InlineData("""{"name":"UPPER"}""", 422, "validation-failed", "/name")]
    [InlineData("", 400, "malformed-request", null)]
    public async Task A_wrong_body_is_refused_with_a_pointer(string body, int status, string code, string? pointer)
    {
        using var person = await fixture.SignUpAsync();
        var reply = await Send(person, body, "application/json");
        reply.ShouldBeProblem(status, code);
        if (pointer is not null)
        {
            reply.Body.GetProperty("errors")[0].GetProperty("pointer").GetString().ShouldBe(pointer);
        }
    }

    [Fact]
    public async Task A_body_of_another_media_type_is_refused()
    {
        using var person = await fixture.SignUpAsync();
        (await Send(person, "name=a", "application/x-www-form-urlencoded")).ShouldBeProblem(415, "unsupported-media-type");
    }

    [Fact]
    public async Task A_body_beyond_the_limit_is_refused()
    {
        using var person = await fixture.SignUpAsync();
        (await Send(person, $$"""{"name":"{{new string('a', 1_100_000)}}"}""", "application/json")).ShouldBeProblem(413, "payload-too-large");
        (await Send(person, $$"""{"name":"{{new string('a', 5_000_000)}}"}""", "application/json")).ShouldBeProblem(413, "payload-too-large");
    }

    [Fact]
    public async Task An_unknown_path_and_a_wrong_method_are_problems_too()
    {
        using var person = await fixture.SignUpAsync();
        (await person.GetAsync("/v1/nothing")).ShouldBeProblem(404, "not-found");
        (await person.SendAsync(HttpMethod.Put, "/v1/organizations", new { })).ShouldBeProblem(405, "method-not-allowed");
    }

    [Theory]
    [InlineData("org_1")]
    [InlineData("prj_01j9z3k8b5v6w7x8y9z0a1b2c3")]
    [InlineData("org_01j9z3k8b5v6w7x8y9z0a1b2c3")]
    [InlineData("..%2f..")]
    public async Task An_id_that_is_none_or_of_another_kind_does_not_exist(string id)
    {
        using var person = await fixture.SignUpAsync();
        (await person.GetAsync($"/v1/organizations/{id}")).ShouldBeProblem(404, "not-found");
    }

    [Fact]
    public async Task Without_a_live_token_the_reply_says_how_to_sign_in()
    {
        using var client = fixture.Anonymous();
        using var none = await client.GetAsync("/v1/organizations");
        none.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        none.Headers.WwwAuthenticate.Single().Scheme.ShouldBe("Bearer");

        client.DefaultRequestHeaders.Authorization = new("Bearer", "cat_unknown");
        using var unknown = await client.GetAsync("/v1/organizations");
        unknown.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        unknown.Headers.WwwAuthenticate.Single().Parameter.ShouldBe("error=\"invalid_token\"");
    }

    [Fact]
    public async Task A_stranger_learns_nothing_of_a_requests_shape()
    {
        using var client = fixture.Anonymous();
        using var reply = await client.PostAsync("/v1/organizations", new StringContent("{", Encoding.UTF8, "application/json"));
        reply.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Every_reply_has_a_request_id_and_none_names_the_software()
    {
        using var client = fixture.Anonymous();
        foreach (var path in new[] { "/healthz", "/readyz", "/metrics", "/v1/organizations", "/nothing", "/openapi/v1.json" })
        {
            using var reply = await client.GetAsync(path);
            reply.Headers.GetValues("X-Request-Id").Single().ShouldStartWith("req_");
            reply.Headers.Contains("Server").ShouldBeFalse();
            reply.Headers.Contains("X-Powered-By").ShouldBeFalse();
        }

        client.DefaultRequestHeaders.Add("X-Request-Id", "mine-12345");
        using var given = await client.GetAsync("/v1/organizations");
        given.Headers.GetValues("X-Request-Id").Single().ShouldBe("mine-12345");
    }

    [Fact]
    public async Task Replies_say_how_many_requests_are_left()
    {
        using var person = await fixture.SignUpAsync();
        var reply = await person.GetAsync("/v1/organizations");
        reply.Headers.GetValues("RateLimit-Policy").Single().ShouldStartWith("\"principal\";q=");
        reply.Headers.GetValues("RateLimit").Single().ShouldStartWith("\"principal\";r=");
    }

    private static async Task<ApiReply> Send(ApiSession person, string body, string mediaType)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/organizations/{person.OrganizationId}/projects")
        {
            Content = new StringContent(body, Encoding.UTF8, mediaType),
        };
        using var response = await person.Client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        response.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json");
        return new ApiReply(response.StatusCode, JsonSerializer.Deserialize<JsonElement>(text), response.Headers, text);
    }
}

/// <summary>Limits so low that a test can meet them.</summary>
public sealed class LimitedFixture : ApiFixture
{
    protected override IReadOnlyDictionary<string, string?> Settings => new Dictionary<string, string?> { ["CLOUD_RATE_LIMIT"] = "20" };
}

public sealed class RateLimitTests(LimitedFixture fixture) : IClassFixture<LimitedFixture>
{
    [Fact]
    public async Task Who_asks_too_often_is_told_when_to_come_back()
    {
        using var person = await fixture.SignUpAsync();
        ApiReply? refused = null;
        for (var i = 0; i < 60 && refused is null; i++)
        {
            var reply = await person.GetAsync("/v1/users/me");
            refused = reply.Status == HttpStatusCode.TooManyRequests ? reply : null;
        }

        refused.ShouldNotBeNull().ShouldBeProblem(429, "rate-limited");
        refused.Headers.RetryAfter?.Delta.ShouldNotBeNull();
    }
}
