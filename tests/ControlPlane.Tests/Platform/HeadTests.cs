using System.Net;

namespace Cloud.ControlPlane.Tests.Platform;

public sealed class HeadTests(ApiFixture fixture) : IClassFixture<ApiFixture>
{
    /// <summary>Headers of one exchange, not of what is asked for.</summary>
    private static readonly string[] OfTheExchange = ["Date", "X-Request-Id", "RateLimit", "Transfer-Encoding"];

    [Fact]
    public async Task Whatever_answers_get_answers_head_with_the_same_headers_and_no_body()
    {
        using var session = await fixture.SignUpAsync();
        var project = $"/v1/projects/{session.ProjectId}";
        foreach (var path in new[] { project, "/v1/locations", "/openapi/v1.json", "/healthz", "/v1/projects/prj_unknown" })
        {
            using var get = await session.Client.GetAsync(path);
            using var head = await HeadAsync(session.Client, path);

            head.StatusCode.ShouldBe(get.StatusCode, path);
            HeadersOf(head).ShouldBe(HeadersOf(get), path);
            (await head.Content.ReadAsByteArrayAsync()).ShouldBeEmpty(path);
        }

        using var tagged = await HeadAsync(session.Client, project);
        tagged.Headers.ETag.ShouldNotBeNull().Tag.ShouldBe("\"1\"");
        tagged.Content.Headers.ContentLength.ShouldNotBeNull().ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Head_is_guarded_as_get_is_and_refused_where_there_is_no_get()
    {
        using var stranger = fixture.Anonymous();
        using var guarded = await HeadAsync(stranger, "/v1/organizations");
        guarded.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        using var refused = await HeadAsync(stranger, "/v1/users");
        refused.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
    }

    private static async Task<HttpResponseMessage> HeadAsync(HttpClient client, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, path);
        return await client.SendAsync(request);
    }

    private static IEnumerable<string> HeadersOf(HttpResponseMessage response) => response.Headers.Concat(response.Content.Headers)
        .Where(header => !OfTheExchange.Any(name => header.Key.StartsWith(name, StringComparison.OrdinalIgnoreCase)))
        .Select(header => $"{header.Key}: {string.Join(", ", header.Value)}")
        .Order(StringComparer.Ordinal);
}
