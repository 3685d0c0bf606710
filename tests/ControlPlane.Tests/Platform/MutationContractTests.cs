using System.Net;
using Cloud.TestKit;
using Npgsql;

namespace Cloud.ControlPlane.Tests.Platform;

/// <summary>What API.md promises of every resource write, shown on projects.</summary>
public sealed class MutationContractTests(ApiFixture fixture) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task The_same_request_under_a_key_gets_the_stored_reply_byte_for_byte()
    {
        using var person = await fixture.SignUpAsync();
        var path = $"/v1/organizations/{person.OrganizationId}/projects";
        var first = await person.PostAsync(path, new { name = "orders" }, "key-1");
        var second = await person.PostAsync(path, new { name = "orders" }, "key-1");

        first.Status.ShouldBe(HttpStatusCode.Created, first.Text);
        second.Status.ShouldBe(HttpStatusCode.Created);
        second.Text.ShouldBe(first.Text);
        second.Headers.Location.ShouldBe(first.Headers.Location);
        second.Headers.ETag.ShouldBe(first.Headers.ETag);
        (await Names(person)).ShouldBe(["default", "orders"]);
    }

    [Fact]
    public async Task Another_request_under_a_used_key_is_refused()
    {
        using var person = await fixture.SignUpAsync();
        var path = $"/v1/organizations/{person.OrganizationId}/projects";
        (await person.PostAsync(path, new { name = "one" }, "key-2")).RequireSuccess();
        (await person.PostAsync(path, new { name = "two" }, "key-2")).ShouldBeProblem(422, "idempotency-key-reuse");
    }

    [Fact]
    public async Task A_key_belongs_to_its_principal_alone()
    {
        using var one = await fixture.SignUpAsync();
        using var other = await fixture.SignUpAsync();
        (await one.PostAsync($"/v1/organizations/{one.OrganizationId}/projects", new { name = "a" }, "shared")).RequireSuccess();
        (await other.PostAsync($"/v1/organizations/{other.OrganizationId}/projects", new { name = "b" }, "shared")).RequireSuccess();
    }

    [Fact]
    public async Task A_failure_is_not_stored()
    {
        using var person = await fixture.SignUpAsync();
        var path = $"/v1/organizations/{person.OrganizationId}/projects";
        (await person.PostAsync(path, new { name = "default" }, "key-3")).ShouldBeProblem(409, "project-name-taken");
        var holder = await person.GetAsync($"/v1/projects/{person.ProjectId}");
        await person.SendAsync(HttpMethod.Patch, $"/v1/projects/{person.ProjectId}", new { name = "renamed" }, ifMatch: "*");
        (await person.PostAsync(path, new { name = "default" }, "key-3")).Status.ShouldBe(HttpStatusCode.Created);
        holder.Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_request_whose_twin_is_still_running_is_told_to_wait()
    {
        using var person = await fixture.SignUpAsync();
        var path = $"/v1/organizations/{person.OrganizationId}/projects";

        // The name is held by an open transaction, so that the first request waits inside its own.
        await using var holder = new NpgsqlConnection(fixture.ConnectionString + ";Pooling=false");
        await holder.OpenAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await using var insert = new NpgsqlCommand(
            $"""
            set local role cloud_worker;
            insert into cloud.projects (id, organization_id, name, created_at, updated_at)
            select gen_random_uuid(), organization_id, 'contested', now(), now() from cloud.projects
            where organization_id = (select organization_id from cloud.projects order by created_at desc limit 1) limit 1
            """, holder);
        await insert.ExecuteNonQueryAsync();
        var first = person.PostAsync(path, new { name = "contested" }, "key-4");
        await Eventually.NotNullAsync(async () => await Waiting() ? "waiting" : null);
        var second = await person.PostAsync(path, new { name = "contested" }, "key-4");
        await transaction.RollbackAsync();

        second.ShouldBeProblem(409, "idempotency-key-in-use");
        second.Headers.RetryAfter.ShouldNotBeNull();
        (await first).Status.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_stored_reply_that_carries_a_secret_is_sealed()
    {
        using var person = await fixture.SignUpAsync();
        var path = $"/v1/organizations/{person.OrganizationId}/apiKeys";
        var first = await person.PostAsync(path, new { name = "ci", role = "projectViewer" }, "key-5");
        var again = await person.PostAsync(path, new { name = "ci", role = "projectViewer" }, "key-5");
        var secret = first.String("clientSecret");
        var stored = await fixture.QueryAsync<byte[]>("select body from cloud.idempotency_keys where key = 'key-5'", "cloud_worker");

        again.Text.ShouldBe(first.Text);
        first.Headers.CacheControl?.NoStore.ShouldBe(true);
        again.Headers.CacheControl?.NoStore.ShouldBe(true);
        System.Text.Encoding.UTF8.GetString(stored.ShouldNotBeNull()).ShouldNotContain(secret);
    }

    [Fact]
    public async Task A_deletion_can_be_repeated_under_its_key_though_its_resource_is_gone()
    {
        using var person = await fixture.SignUpAsync();
        var created = await person.PostAsync($"/v1/organizations/{person.OrganizationId}/projects", new { name = "gone" });
        var path = $"/v1/projects/{created.String("id")}";
        var first = await person.SendAsync(HttpMethod.Delete, path, idempotencyKey: "key-6", ifMatch: "*");
        var again = await person.SendAsync(HttpMethod.Delete, path, idempotencyKey: "key-6", ifMatch: "*");

        first.Status.ShouldBe(HttpStatusCode.NoContent, first.Text);
        again.Status.ShouldBe(HttpStatusCode.NoContent, again.Text);
        (await person.DeleteAsync(path)).ShouldBeProblem(404, "not-found");
    }

    [Fact]
    public async Task The_etag_changes_with_what_people_write_and_guards_the_next_change()
    {
        using var person = await fixture.SignUpAsync();
        var path = $"/v1/projects/{person.ProjectId}";
        var before = (await person.GetAsync(path)).Headers.ETag.ShouldNotBeNull().Tag;
        var same = await person.SendAsync(HttpMethod.Patch, path, new { name = "default" }, ifMatch: before);
        var changed = await person.SendAsync(HttpMethod.Patch, path, new { name = "other" }, ifMatch: before);
        var stale = await person.SendAsync(HttpMethod.Patch, path, new { name = "third" }, ifMatch: before);

        same.Headers.ETag?.Tag.ShouldBe(before);
        changed.Headers.ETag?.Tag.ShouldNotBe(before);
        stale.ShouldBeProblem(412, "precondition-failed");
        (await person.GetAsync(path)).String("name").ShouldBe("other");
    }

    [Fact]
    public async Task ValidateOnly_answers_with_the_plan_and_writes_nothing()
    {
        using var person = await fixture.SignUpAsync();
        var events = await fixture.QueryAsync<long>("select count(*) from cloud.audit_events", "cloud_worker");
        var created = await person.PostAsync(
            $"/v1/organizations/{person.OrganizationId}/projects?validateOnly=true", new { name = "imagined" }, "key-7");
        var renamed = await person.SendAsync(
            HttpMethod.Patch, $"/v1/projects/{person.ProjectId}?validateOnly=true", new { name = "imagined" }, ifMatch: "*");

        created.Status.ShouldBe(HttpStatusCode.OK, created.Text);
        var change = created.Body.GetProperty("plan")[0];
        change.GetProperty("action").GetString().ShouldBe("create");
        change.GetProperty("to").GetProperty("name").GetString().ShouldBe("imagined");
        renamed.Body.GetProperty("plan")[0].GetProperty("from").GetProperty("name").GetString().ShouldBe("default");
        created.Headers.Location.ShouldBeNull();
        (await Names(person)).ShouldBe(["default"]);
        (await fixture.QueryAsync<long>("select count(*) from cloud.audit_events", "cloud_worker")).ShouldBe(events);
        (await fixture.QueryAsync<long>("select count(*) from cloud.idempotency_keys where key = 'key-7'", "cloud_worker")).ShouldBe(0);
    }

    [Fact]
    public async Task ValidateOnly_refuses_what_the_request_itself_would_be_refused_for()
    {
        using var person = await fixture.SignUpAsync();
        var path = $"/v1/organizations/{person.OrganizationId}/projects?validateOnly=true";
        (await person.PostAsync(path, new { name = "default" })).ShouldBeProblem(409, "project-name-taken");
        (await person.PostAsync(path, new { name = "NO" })).ShouldBeProblem(422, "validation-failed");
    }

    [Fact]
    public async Task A_taken_name_points_at_its_holder()
    {
        using var person = await fixture.SignUpAsync();
        var taken = await person.PostAsync($"/v1/organizations/{person.OrganizationId}/projects", new { name = "default" });
        taken.Headers.Location?.OriginalString.ShouldBe($"/v1/projects/{person.ProjectId}");
    }

    [Fact]
    public async Task The_intent_of_a_mutation_and_its_outcome_are_recorded()
    {
        using var person = await fixture.SignUpAsync();
        var path = $"/v1/organizations/{person.OrganizationId}/projects";
        (await person.PostAsync(path, new { name = "audited" })).RequireSuccess();
        await person.PostAsync(path, new { name = "audited" });

        var events = (await person.GetAsync($"/v1/organizations/{person.OrganizationId}/auditEvents?filter=action%20%3D%20createProject"))
            .RequireSuccess().Body.GetProperty("items").EnumerateArray().ToList();
        events.Select(audited => (audited.GetProperty("outcome").GetString(), audited.GetProperty("status").GetInt32()))
            .ShouldBe([("succeeded", 201), ("refused", 409)]);
    }

    private async Task<bool> Waiting() => await fixture.QueryAsync<long>(
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()", "none") > 0;

    private static async Task<string[]> Names(ApiSession person) =>
        [.. (await person.GetAsync($"/v1/organizations/{person.OrganizationId}/projects")).Body.GetProperty("items")
            .EnumerateArray().Select(item => item.GetProperty("name").GetString()!)]; // a project has a name
}
