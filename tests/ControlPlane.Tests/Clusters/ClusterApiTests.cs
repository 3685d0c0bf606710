using System.Net;
using System.Text.Json;
using Cloud.Contracts;
using Cloud.TestKit;
using Shouldly;
using Xunit;

namespace Cloud.ControlPlane.Tests.Clusters;

/// <summary>What a caller of the cluster calls can see, on a real host with a simulated agent.</summary>
public sealed class ClusterApiTests(LifecycleFixture fixture) : IClassFixture<LifecycleFixture>, IAsyncLifetime
{
    private ApiSession? _session;
    private SimulatedAgent? _agent;

    private ApiSession Session => _session ?? throw new InvalidOperationException("Not initialized.");

    private SimulatedAgent Agent => _agent ?? throw new InvalidOperationException("Not initialized.");

    private string Clusters => $"/v1/projects/{Session.ProjectId}/clusters";

    public async Task InitializeAsync()
    {
        _agent = await fixture.Main.ConnectAgentAsync();
        _session = await ApiSession.SignUpAsync(fixture.Main.Api);
    }

    public async Task DisposeAsync()
    {
        Session.Dispose();
        await Agent.DisposeAsync();
    }

    [Fact]
    public async Task Fifty_creates_at_once_stop_exactly_at_the_quota()
    {
        var replies = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Session.PostAsync(Clusters, new { name = $"c{i}" })));

        replies.Count(reply => reply.Status == HttpStatusCode.Accepted).ShouldBe(20);
        var refused = replies.Where(reply => reply.Status != HttpStatusCode.Accepted).ToList();
        refused.ShouldAllBe(reply => reply.Status == HttpStatusCode.Forbidden);
        refused.ShouldAllBe(reply => reply.String("code") == "quota-exceeded");
        var limits = await Session.GetAsync($"/v1/limits?organization={Session.OrganizationId}");
        var clusters = limits.Body.GetProperty("items").EnumerateArray().Single(limit => limit.GetProperty("name").GetString() == "clusters");
        clusters.GetProperty("used").GetInt64().ShouldBe(20);
        (await Session.GetAsync($"{Clusters}?pageSize=200")).Body.GetProperty("items").GetArrayLength().ShouldBe(20);
    }

    [Fact]
    public async Task Of_twenty_creates_of_one_name_one_wins_and_the_others_are_shown_the_winner()
    {
        var replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Session.PostAsync(Clusters, new { name = "same" })));

        var winner = replies.Single(reply => reply.Status == HttpStatusCode.Accepted);
        foreach (var loser in replies.Where(reply => reply != winner))
        {
            loser.Status.ShouldBe(HttpStatusCode.Conflict, loser.Text);
            loser.String("code").ShouldBe("name-taken");
            loser.Headers.Location!.ToString().ShouldBe($"/v1/clusters/{winner.String("id")}");
        }
    }

    [Fact]
    public async Task A_deleted_clusters_name_is_free_and_it_comes_back_only_under_a_free_name()
    {
        var first = await AvailableAsync("name");
        await Session.WaitForOperationAsync((await Session.DeleteAsync(first)).RequireSuccess());
        var second = await AvailableAsync("name");

        var refused = await Session.PostAsync($"{first}:undelete");
        refused.Status.ShouldBe(HttpStatusCode.Conflict);
        refused.Headers.Location!.ToString().ShouldBe(second);

        await Session.WaitForOperationAsync((await Session.DeleteAsync(second)).RequireSuccess());
        await Session.WaitForOperationAsync((await Session.PostAsync($"{first}:undelete")).RequireSuccess());
        var back = await Session.GetAsync(first);
        back.String("state").ShouldBe("available");
        back.Body.GetProperty("purgeTime").ValueKind.ShouldBe(JsonValueKind.Null);
        (await Session.PostAsync($"{first}:undelete")).String("code").ShouldBe("not-restorable");
    }

    [Fact]
    public async Task An_undeleted_cluster_keeps_its_ports_and_counts_against_the_quota_again()
    {
        var path = await AvailableAsync("back");
        var before = (await Session.GetAsync(path)).Body.GetProperty("endpoints").ToString();
        (await UsedAsync("clusters")).ShouldBe(1);
        await Session.WaitForOperationAsync((await Session.DeleteAsync(path)).RequireSuccess());
        (await UsedAsync("clusters")).ShouldBe(0);
        (await UsedAsync("storageGiB")).ShouldBe(10);

        await Session.WaitForOperationAsync((await Session.PostAsync($"{path}:undelete")).RequireSuccess());

        (await Session.GetAsync(path)).Body.GetProperty("endpoints").ToString().ShouldBe(before);
        (await UsedAsync("clusters")).ShouldBe(1);
    }

    [Fact]
    public async Task A_protected_cluster_is_not_deleted()
    {
        var path = await AvailableAsync("guarded", new { name = "guarded", deletionProtection = true });
        var refused = await Session.DeleteAsync(path);
        refused.Status.ShouldBe(HttpStatusCode.Conflict);
        refused.String("code").ShouldBe("deletion-protected");
        (await Session.GetAsync(path)).String("state").ShouldBe("available");

        (await PatchAsync(path, new { deletionProtection = false })).Status.ShouldBe(HttpStatusCode.OK);
        (await Session.DeleteAsync(path)).Status.ShouldBe(HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task What_people_call_a_cluster_changes_at_once()
    {
        var path = await AvailableAsync("old");
        var changed = await PatchAsync(path, new { name = "new", labels = new { team = "shop" } });

        changed.Status.ShouldBe(HttpStatusCode.OK, changed.Text);
        changed.String("name").ShouldBe("new");
        changed.String("state").ShouldBe("available");
        changed.Body.GetProperty("labels").GetProperty("team").GetString().ShouldBe("shop");
        changed.Body.GetProperty("generation").GetInt64().ShouldBe(2);
        changed.Headers.ETag!.Tag.ShouldBe("\"2\"");
        (await PatchAsync(path, new { name = "new" })).Body.GetProperty("generation").GetInt64().ShouldBe(2);
        await Eventually.NotNullAsync(
            async () => (await Session.GetAsync(path)).Body.GetProperty("observedGeneration").GetInt64() == 2 ? "" : null,
            expected: "the new generation is observed");
    }

    [Fact]
    public async Task A_new_allow_list_reaches_the_sql_instance()
    {
        var path = await AvailableAsync("allow");
        var changed = await PatchAsync(path, new { allowList = new[] { "203.0.113.7" } });
        changed.Status.ShouldBe(HttpStatusCode.Accepted, changed.Text);
        changed.String("state").ShouldBe("updating");
        await Session.WaitForOperationAsync(changed);

        var sql = Agent.Instances.Single(instance =>
            instance.Spec.Role == InstanceRole.Sql && path.EndsWith(instance.Spec.ClusterId.ToString(), StringComparison.Ordinal));
        sql.Spec.Config.AllowList.ShouldBe(["203.0.113.7/32"]);
        sql.Starts.ShouldBe(1);
        (await Session.GetAsync(path)).String("state").ShouldBe("available");
    }

    [Fact]
    public async Task What_cannot_be_changed_is_refused_with_the_reason()
    {
        var path = await AvailableAsync("fixed");
        var refused = await PatchAsync(path, new { storage = new { count = 3 }, sql = new { size = "large" } });
        refused.Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        refused.String("code").ShouldBe("not-available");
        refused.Body.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("pointer").GetString())
            .ShouldBe(["/sql/size", "/storage/count"]);
        (await PatchAsync(path, new { storage = new { count = 1 }, tier = "starter" })).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Every_wrong_field_of_a_create_is_named()
    {
        var refused = await Session.PostAsync(
            Clusters, new { name = "BAD NAME", tier = "dedicated", sql = new { size = "huge" }, allowList = new[] { "x" } });
        refused.Status.ShouldBe(HttpStatusCode.UnprocessableEntity, refused.Text);
        refused.String("code").ShouldBe("validation-failed");
        refused.Body.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("pointer").GetString())
            .ShouldBe(["/name", "/tier", "/sql/size", "/allowList/0"]);

        var dedicated = await Session.PostAsync(Clusters, new { name = "d", tier = "dedicated" });
        dedicated.Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        dedicated.String("code").ShouldBe("not-available");
    }

    [Fact]
    public async Task A_dry_run_tells_price_and_quota_and_writes_nothing()
    {
        var plan = await Session.PostAsync($"{Clusters}?validateOnly=true", new { name = "dry" });
        plan.Status.ShouldBe(HttpStatusCode.OK, plan.Text);
        plan.Body.GetProperty("price").GetProperty("unit").GetString().ShouldBe("month");
        decimal.Parse(plan.Body.GetProperty("price").GetProperty("after").GetProperty("amount").GetString()!).ShouldBeGreaterThan(0);
        plan.Body.GetProperty("quota").EnumerateArray().Single(quota => quota.GetProperty("name").GetString() == "clusters")
            .GetProperty("after").GetInt64().ShouldBe(1);
        plan.Text.ShouldNotContain("password");
        (await Session.GetAsync(Clusters)).Body.GetProperty("items").GetArrayLength().ShouldBe(0);
        (await UsedAsync("clusters")).ShouldBe(0);
    }

    [Fact]
    public async Task Deleting_in_mid_create_wins()
    {
        Agent.OnRun = _ => null;
        var created = (await Session.PostAsync(Clusters, new { name = "hasty" })).RequireSuccess();
        var path = $"/v1/clusters/{created.String("id")}";
        await Eventually.TrueAsync(() => Agent.Instances.Count == 3, "three instances are wished for");

        var deleted = (await Session.DeleteAsync(path)).RequireSuccess();
        await Session.WaitForOperationAsync(deleted);

        (await Session.GetAsync(path)).String("state").ShouldBe("deleted");
        var create = created.Body.GetProperty("operation").GetProperty("id").GetString();
        (await Session.GetAsync($"/v1/operations/{create}")).String("state").ShouldBe("cancelled");
        (await Session.DeleteAsync(path)).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Cancelling_a_create_leaves_a_clean_slate()
    {
        Agent.OnRun = spec => spec.Role == InstanceRole.Pd ? new SimulatedOutcome(ObservedInstanceState.Ready) : null;
        var created = (await Session.PostAsync(Clusters, new { name = "undone" })).RequireSuccess();
        var operation = created.Body.GetProperty("operation").GetProperty("id").GetString();

        var cancelled = await Session.PostAsync($"/v1/operations/{operation}:cancel");
        cancelled.Status.ShouldBe(HttpStatusCode.Accepted, cancelled.Text);
        var end = await Session.GetAsync($"/v1/operations/{operation}?wait=15s");

        end.String("state").ShouldBe("cancelled", end.Text);
        var id = Kernel.ClusterId.Parse(created.String("id")).Value;
        (await fixture.QueryAsync<long>($"select count(*) from cloud.instances where cluster_id = '{id}'")).ShouldBe(0);
        (await UsedAsync("clusters")).ShouldBe(0);
        (await UsedAsync("storageGiB")).ShouldBe(0);
        Agent.Instances.ShouldAllBe(instance => instance.State == ObservedInstanceState.Removed);
        (await Session.PostAsync($"/v1/operations/{operation}:cancel")).String("code").ShouldBe("not-cancellable");
        (await Session.PostAsync($"/v1/operations/{operation}:retry")).String("code").ShouldBe("not-retryable");
    }

    [Fact]
    public async Task A_missed_deadline_alerts_once_and_a_retry_finishes_the_work()
    {
        Agent.OnRun = spec => new SimulatedOutcome(ObservedInstanceState.Refused, InstanceErrorCodes.InsufficientResources, "Too little memory.");
        var created = (await Session.PostAsync(Clusters, new { name = "late" })).RequireSuccess();
        var path = $"/v1/clusters/{created.String("id")}";
        var operation = created.Body.GetProperty("operation").GetProperty("id").GetString()!;
        await Eventually.TrueAsync(() => Agent.Instances.Count == 3, "three instances are refused");
        var id = Modules.Operations.Public.OperationId.Parse(operation).Value;
        await fixture.QueryAsync<Guid>($"update cloud.operations set deadline = now() - interval '1 second' where id = '{id}' returning id");
        await fixture.Main.SweepAsync();

        var failed = await Session.GetAsync($"/v1/operations/{operation}?wait=15s");
        failed.String("state").ShouldBe("failed", failed.Text);
        failed.Text.ShouldContain("Too little memory.");
        (await Session.GetAsync(path)).String("state").ShouldBe("failed");
        await fixture.Main.SweepAsync();
        (await fixture.QueryAsync<long>(
            $"select count(*) from cloud.events where target = '{created.String("id")}' and severity = 'alert'")).ShouldBe(1);

        Agent.OnRun = _ => new SimulatedOutcome(ObservedInstanceState.Ready);
        (await Session.PostAsync($"/v1/operations/{operation}:retry")).Status.ShouldBe(HttpStatusCode.Accepted);
        await Agent.ActAsync();
        (await Session.GetAsync($"/v1/operations/{operation}?wait=15s")).String("state").ShouldBe("succeeded");
        (await Session.GetAsync(path)).String("state").ShouldBe("available");
    }

    [Fact]
    public async Task A_long_poll_answers_within_the_moment_of_the_end()
    {
        Agent.OnRun = _ => null;
        var created = (await Session.PostAsync(Clusters, new { name = "poll" })).RequireSuccess();
        var operation = created.Body.GetProperty("operation").GetProperty("id").GetString();
        (await Session.GetAsync($"/v1/operations/{operation}?wait=0s")).String("state").ShouldBeOneOf("pending", "running");
        (await Session.GetAsync($"/v1/operations/{operation}?wait=61s")).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await Session.GetAsync($"/v1/operations/{operation}?wait=soon")).Status.ShouldBe(HttpStatusCode.BadRequest);

        var waiting = Session.GetAsync($"/v1/operations/{operation}?wait=30s");
        Agent.OnRun = _ => new SimulatedOutcome(ObservedInstanceState.Ready);
        await Eventually.TrueAsync(() => Agent.Instances.Count == 3, "three instances are wished for");
        await Agent.ActAsync();

        (await waiting.WaitAsync(TimeSpan.FromSeconds(10))).String("state").ShouldBe("succeeded");
    }

    [Fact]
    public async Task Operations_are_listed_by_their_target()
    {
        var path = await AvailableAsync("history");
        await Session.WaitForOperationAsync((await Session.DeleteAsync(path)).RequireSuccess());
        var list = (await Session.GetAsync($"/v1/operations?target={path[13..]}")).RequireSuccess();
        list.Body.GetProperty("items").EnumerateArray().Select(operation => operation.GetProperty("kind").GetString())
            .ShouldBe(["cluster.create", "cluster.delete"]);
        using var stranger = await ApiSession.SignUpAsync(fixture.Main.Api);
        (await stranger.GetAsync($"/v1/operations?target={path[13..]}")).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task No_step_of_a_create_waits_for_a_timer()
    {
        var times = new List<TimeSpan>();
        for (var i = 0; i < 5; i++)
        {
            var began = TimeProvider.System.GetTimestamp();
            await AvailableAsync($"fast{i}");
            times.Add(TimeProvider.System.GetElapsedTime(began));
        }

        // The shortest timer on the way is the dispatcher's 2 s; the machine's load is in these figures, a timer would be in all.
        times.Min().ShouldBeLessThan(TimeSpan.FromSeconds(1), string.Join(", ", times));
    }

    private async Task<string> AvailableAsync(string name, object? body = null)
    {
        var created = (await Session.PostAsync(Clusters, body ?? new { name })).RequireSuccess();
        await Session.WaitForOperationAsync(created);
        return $"/v1/clusters/{created.String("id")}";
    }

    private Task<ApiReply> PatchAsync(string path, object body) => Session.SendAsync(HttpMethod.Patch, path, body, ifMatch: "*");

    private async Task<long> UsedAsync(string quota) =>
        (await Session.GetAsync($"/v1/limits?organization={Session.OrganizationId}")).RequireSuccess()
            .Body.GetProperty("items").EnumerateArray().Single(limit => limit.GetProperty("name").GetString() == quota)
            .GetProperty("used").GetInt64();
}
