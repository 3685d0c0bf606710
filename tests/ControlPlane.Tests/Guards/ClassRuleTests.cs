using System.Net;
using System.Text.Json;
using Cloud.ControlPlane.Tests.Platform;
using Cloud.Host;
using Cloud.Modules.Platform.Http;
using Cloud.TestKit;

namespace Cloud.ControlPlane.Tests.Guards;

/// <summary>Every endpoint, found by asking the running host, keeps the promises of the class that it declares.</summary>
public sealed class ClassRuleTests(ApiFixture fixture) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Every_mutation_is_done_once_per_key_and_planned_without_effect()
    {
        var broken = new List<string>();
        foreach (var subject in Subjects().Where(subject => subject.Rules.IsMutation))
        {
            using var person = await fixture.SignUpAsync();
            var resources = await GuardFixture.ResourcesAsync(fixture, person);
            var path = subject.Path(resources);
            var before = await CountAsync();
            var plan = await SendAsync(person, subject, path + "?validateOnly=true", null);
            if ((int)plan.Status < 300 && (!plan.Text.StartsWith("{\"plan\":", StringComparison.Ordinal) || await CountAsync() != before))
            {
                broken.Add($"{subject} answers validateOnly with {plan.Text}");
            }

            var first = await SendAsync(person, subject, path, "one-key");
            if ((int)first.Status >= 300)
            {
                continue; // Not stored: there is nothing of this subject that a new person may change.
            }

            var again = await SendAsync(person, subject, path, "one-key");
            if (EndsTheCaller(subject) ? again.Status != HttpStatusCode.Unauthorized : (again.Status, again.Text) != (first.Status, first.Text))
            {
                broken.Add($"{subject} first answered {(int)first.Status} {first.Text}, then {(int)again.Status} {again.Text}");
            }
        }

        broken.ShouldBeEmpty();
    }

    [Fact]
    public async Task Every_resource_that_can_be_changed_shows_its_etag()
    {
        using var person = await fixture.SignUpAsync();
        var resources = await GuardFixture.ResourcesAsync(fixture, person);
        var changed = Subjects().Where(subject => subject.Method is "PATCH" or "DELETE" && subject.Rules.Class == EndpointClass.ResourceWrite)
            .Select(subject => subject.Pattern).ToHashSet(StringComparer.Ordinal);
        var shown = new List<string>();
        foreach (var subject in Subjects().Where(subject => subject.Method == "GET" && changed.Contains(subject.Pattern)))
        {
            var reply = await SendAsync(person, subject, subject.Path(resources), null);
            if (reply.Status == HttpStatusCode.OK)
            {
                reply.Headers.ETag.ShouldNotBeNull(subject.ToString());
                shown.Add(subject.Pattern);
            }
        }

        shown.ShouldContain("/v1/projects/{project}");
    }

    private IReadOnlyList<Subject> Subjects() => Subject.Discover(CloudHost.EndpointsOf(fixture.App));

    /// <summary>After these the caller's token is dead, so that the repeat is refused before its key is looked at.</summary>
    private static bool EndsTheCaller(Subject subject) => subject.Pattern is "/v1/users/me" && subject.Method == "DELETE";

    private Task<long> CountAsync() => fixture.QueryAsync<long>("select count(*) from cloud.resources");

    private static async Task<ApiReply> SendAsync(ApiSession person, Subject subject, string path, string? key)
    {
        using var request = subject.Request(path);
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        using var response = await person.Client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return new ApiReply(
            response.StatusCode, text.StartsWith('{') ? JsonSerializer.Deserialize<JsonElement>(text) : default, response.Headers, text);
    }
}
