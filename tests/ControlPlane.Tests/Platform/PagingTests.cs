using Cloud.TestKit;

namespace Cloud.ControlPlane.Tests.Platform;

public sealed class PagingTests(ApiFixture fixture) : IClassFixture<ApiFixture>
{
    [Theory]
    [InlineData("createdAt")]
    [InlineData("createdAt desc")]
    [InlineData("name")]
    [InlineData("name desc")]
    public async Task What_exists_throughout_appears_exactly_once_whatever_is_made_in_between(string order)
    {
        using var person = await fixture.SignUpAsync();
        var names = new List<string> { "default" };
        for (var i = 0; i < 7; i++)
        {
            names.Add($"p{i}");
            await Create(person, $"p{i}");
        }

        var seen = new List<string>();
        string? token = null;
        var pages = 0;
        do
        {
            var page = await person.GetAsync(Path(person, $"pageSize=3&orderBy={Uri.EscapeDataString(order)}", token));
            seen.AddRange(page.RequireSuccess().Body.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("name").GetString()!)); // projects have names
            token = page.Body.GetProperty("nextPageToken").GetString();
            await Create(person, $"late{pages++}");
        }
        while (token is not null);

        seen.ShouldBe(order.EndsWith("desc", StringComparison.Ordinal) ? Enumerable.Reverse(names) : names);
        pages.ShouldBe(3);
    }

    [Fact]
    public async Task A_token_that_was_changed_or_belongs_to_another_list_is_refused()
    {
        using var person = await fixture.SignUpAsync();
        await Create(person, "second");
        var token = (await person.GetAsync(Path(person, "pageSize=1", null))).String("nextPageToken");
        var changed = token[..^4] + (token.EndsWith("AAAA", StringComparison.Ordinal) ? "BBBB" : "AAAA");

        (await person.GetAsync(Path(person, "pageSize=1", changed))).ShouldBeProblem(400, "invalid-page-token");
        (await person.GetAsync(Path(person, "pageSize=1", "nonsense"))).ShouldBeProblem(400, "invalid-page-token");
        (await person.GetAsync(Path(person, "pageSize=1&orderBy=name", token))).ShouldBeProblem(400, "invalid-page-token");
        (await person.GetAsync($"/v1/organizations?pageToken={token}")).ShouldBeProblem(400, "invalid-page-token");
        (await person.GetAsync(Path(person, "pageSize=1", token))).RequireSuccess();
    }

    [Theory]
    [InlineData("name = \"second\"", "second")]
    [InlineData("name != second", "default")]
    [InlineData("name : SECO", "second")]
    [InlineData("createdAt > \"2020-01-01T00:00:00Z\" AND name >= e", "second")]
    [InlineData("createdAt < \"2020-01-01T00:00:00Z\"", "")]
    public async Task A_filter_narrows_the_list(string filter, string expected)
    {
        using var person = await fixture.SignUpAsync();
        await Create(person, "second");
        var page = (await person.GetAsync(Path(person, "filter=" + Uri.EscapeDataString(filter), null))).RequireSuccess();
        string.Join(',', page.Body.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("name").GetString()))
            .ShouldBe(expected);
    }

    [Theory]
    [InlineData("filter=secret%3D1", "invalid-filter")]
    [InlineData("filter=name", "invalid-filter")]
    [InlineData("filter=name%20%3D%20%22a%22%20OR%20name%20%3D%20b", "invalid-filter")]
    [InlineData("filter=createdAt%20%3D%20yesterday", "invalid-filter")]
    [InlineData("orderBy=id", "invalid-filter")]
    [InlineData("orderBy=name%20sideways", "invalid-filter")]
    [InlineData("pageSize=0", "malformed-request")]
    [InlineData("pageSize=201", "malformed-request")]
    [InlineData("pageSize=many", "malformed-request")]
    public async Task A_list_that_cannot_be_made_is_refused(string query, string code)
    {
        using var person = await fixture.SignUpAsync();
        (await person.GetAsync(Path(person, query, null))).ShouldBeProblem(400, code);
    }

    private static string Path(ApiSession person, string query, string? token) =>
        $"/v1/organizations/{person.OrganizationId}/projects?{query}{(token is null ? string.Empty : "&pageToken=" + token)}";

    private static async Task Create(ApiSession person, string name) =>
        (await person.PostAsync($"/v1/organizations/{person.OrganizationId}/projects", new { name })).RequireSuccess();
}
