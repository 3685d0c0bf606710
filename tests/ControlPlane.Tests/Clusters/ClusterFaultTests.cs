using System.Net;
using System.Text.Json;
using Cloud.Contracts;
using Cloud.Modules.Platform.Messaging;
using Cloud.TestKit;
using Shouldly;
using Xunit;

namespace Cloud.ControlPlane.Tests.Clusters;

/// <summary>Workers die, messages come twice, agents vanish: nothing is lost and nothing is doubled.</summary>
public sealed class ClusterFaultTests(LifecycleFixture fixture) : IClassFixture<LifecycleFixture>
{
    public static TheoryData<string, int> Deaths()
    {
        var deaths = new TheoryData<string, int>();
        foreach (var point in Enum.GetNames<ReconcilePoint>())
        {
            for (var time = 1; time <= 3; time++)
            {
                deaths.Add(point, time);
            }
        }

        return deaths;
    }

    [Theory]
    [MemberData(nameof(Deaths))]
    public async Task A_worker_that_dies_anywhere_in_a_create_loses_and_doubles_nothing(string point, int time)
    {
        await using var agent = await fixture.Main.ConnectAgentAsync();
        using var session = await ApiSession.SignUpAsync(fixture.Main.Api);
        var killsBefore = fixture.Faults.Kills;
        fixture.Faults.KillAt(Enum.Parse<ReconcilePoint>(point), time);

        var created = (await session.PostAsync($"/v1/projects/{session.ProjectId}/clusters", new { name = "c" })).RequireSuccess();
        await SurviveAsync(session, created, killsBefore);

        var cluster = (await session.GetAsync($"/v1/clusters/{created.String("id")}")).RequireSuccess();
        cluster.String("state").ShouldBe("available");
        var mine = Mine(agent, created);
        mine.Count.ShouldBe(3);
        mine.ShouldAllBe(instance => instance.Starts == 1 && instance.State == ObservedInstanceState.Ready);
        (await CountAsync("blueprints", created)).ShouldBe(1);
        (await CountAsync("instances", created)).ShouldBe(3);
        (await CountAsync("pd_cluster_ids", created)).ShouldBe(1);
        (await CountAsync("allocation_spans", created)).ShouldBe(4);
    }

    [Theory]
    [MemberData(nameof(Deaths))]
    public async Task A_worker_that_dies_anywhere_in_a_purge_leaves_a_clean_slate(string point, int time)
    {
        await using var agent = await fixture.Main.ConnectAgentAsync();
        using var session = await ApiSession.SignUpAsync(fixture.Main.Api);
        var created = (await session.PostAsync($"/v1/projects/{session.ProjectId}/clusters", new { name = "c" })).RequireSuccess();
        await session.WaitForOperationAsync(created);
        var killsBefore = fixture.Faults.Kills;
        fixture.Faults.KillAt(Enum.Parse<ReconcilePoint>(point), time);

        var deleted = (await session.DeleteAsync($"/v1/clusters/{created.String("id")}?purge=true")).RequireSuccess();
        await SurviveAsync(session, deleted, killsBefore);

        Mine(agent, created).ShouldAllBe(instance => instance.State == ObservedInstanceState.Removed);
        (await CountAsync("blueprints", created)).ShouldBe(0);
        (await CountAsync("instances", created)).ShouldBe(0);
        var organization = Kernel.OrganizationId.Parse(session.OrganizationId).Value;
        (await fixture.QueryAsync<long>($"select sum(used)::bigint from cloud.quota_usages where organization_id = '{organization}'"))
            .ShouldBe(0);
    }

    [Fact]
    public async Task An_agent_that_is_lost_in_mid_create_and_comes_back_finishes_it()
    {
        await using var agent = await fixture.Main.ConnectAgentAsync();
        using var session = await ApiSession.SignUpAsync(fixture.Main.Api);
        agent.OnRun = _ => null;
        var created = (await session.PostAsync($"/v1/projects/{session.ProjectId}/clusters", new { name = "c" })).RequireSuccess();
        await Eventually.TrueAsync(() => Mine(agent, created).Count == 3, "the agent was told of three instances");

        await agent.DisconnectAsync();
        agent.OnRun = _ => new SimulatedOutcome(ObservedInstanceState.Ready);
        await agent.ConnectAsync();
        await agent.ActAsync();

        await session.WaitForOperationAsync(created);
        Mine(agent, created).ShouldAllBe(instance => instance.Starts == 1);
    }

    [Fact]
    public async Task A_silent_agent_freezes_automation_and_says_so_until_it_is_back()
    {
        await using var agent = await fixture.Main.ConnectAgentAsync();
        using var session = await ApiSession.SignUpAsync(fixture.Main.Api);
        var created = (await session.PostAsync($"/v1/projects/{session.ProjectId}/clusters", new { name = "c" })).RequireSuccess();
        await session.WaitForOperationAsync(created);
        var path = $"/v1/clusters/{created.String("id")}";
        await agent.DisconnectAsync();

        var host = agent.HostId!.Value.Value; // it has joined
        await fixture.QueryAsync<long>($"""
            with silent as (update cloud.hosts set silent_since = now() where id = '{host}' returning 1),
            hinted as (insert into cloud.outbox_messages (id, kind, subject)
                select gen_random_uuid(), 'cluster', cluster_id from cloud.instances where host_id = '{host}')
            select count(*) from silent
            """);
        await EventuallyConditionAsync(session, path, "AgentReachable", false);
        (await session.GetAsync(path)).String("state").ShouldBe("available");

        await agent.ConnectAsync();
        await EventuallyConditionAsync(session, path, "AgentReachable", true);
    }

    [Fact]
    public async Task Hints_that_come_twice_or_out_of_order_are_harmless()
    {
        await using var agent = await fixture.Main.ConnectAgentAsync();
        using var session = await ApiSession.SignUpAsync(fixture.Main.Api);
        var created = (await session.PostAsync($"/v1/projects/{session.ProjectId}/clusters", new { name = "c" })).RequireSuccess();
        var id = IdOf(created);
        for (var i = 0; i < 20; i++)
        {
            await fixture.QueryAsync<Guid>(
                $"insert into cloud.outbox_messages (id, kind, subject) values (gen_random_uuid(), 'cluster', '{id}') returning id");
        }

        await session.WaitForOperationAsync(created);
        var deleted = (await session.DeleteAsync($"/v1/clusters/{created.String("id")}")).RequireSuccess();
        await fixture.QueryAsync<Guid>(
            $"insert into cloud.outbox_messages (id, kind, subject) values (gen_random_uuid(), 'cluster', '{id}') returning id");
        await session.WaitForOperationAsync(deleted);

        Mine(agent, created).ShouldAllBe(instance => instance.Starts == 1 && instance.State == ObservedInstanceState.Stopped);
        (await CountAsync("blueprints", created)).ShouldBe(2);
    }

    [Fact]
    public async Task Two_control_planes_on_one_database_do_each_thing_once()
    {
        var second = await fixture.StartHostAsync();
        await using var agent = await fixture.Main.ConnectAgentAsync();
        using var session = await ApiSession.SignUpAsync(second.Api);

        var replies = await Task.WhenAll(Enumerable.Range(0, 12).Select(i =>
            session.PostAsync($"/v1/projects/{session.ProjectId}/clusters", new { name = $"c{i}" })));
        foreach (var reply in replies)
        {
            await session.WaitForOperationAsync(reply.RequireSuccess());
        }

        foreach (var reply in replies)
        {
            Mine(agent, reply).Count.ShouldBe(3);
            Mine(agent, reply).ShouldAllBe(instance => instance.Starts == 1);
            (await CountAsync("blueprints", reply)).ShouldBe(1);
        }

        var ports = replies.SelectMany(reply => Mine(agent, reply))
            .SelectMany(instance => new[] { instance.Spec.Config.ClientPort, instance.Spec.Config.StatusPort }).ToList();
        ports.Distinct().Count().ShouldBe(ports.Count);
        replies.SelectMany(reply => Mine(agent, reply)).Select(instance => instance.Spec.Config.PdClusterId).Distinct().Count().ShouldBe(12);
    }

    [Fact]
    public async Task A_port_that_another_program_holds_is_replaced_before_the_first_readiness()
    {
        await using var agent = await fixture.Main.ConnectAgentAsync();
        using var session = await ApiSession.SignUpAsync(fixture.Main.Api);
        agent.OnRun = spec => spec is { Role: InstanceRole.Pd, Blueprint: 1 }
            ? new SimulatedOutcome(ObservedInstanceState.Refused, InstanceErrorCodes.PortTaken, "Port is taken.")
            : new SimulatedOutcome(ObservedInstanceState.Ready);

        var created = (await session.PostAsync($"/v1/projects/{session.ProjectId}/clusters", new { name = "c" })).RequireSuccess();
        await session.WaitForOperationAsync(created);

        var first = agent.Received.SelectMany(state => state.Instances)
            .First(spec => spec.Role == InstanceRole.Pd && spec.ClusterId.ToString() == created.String("id"));
        var pd = Mine(agent, created).Single(instance => instance.Spec.Role == InstanceRole.Pd);
        pd.Spec.Blueprint.ShouldBe(2);
        pd.Spec.Config.ClientPort.ShouldNotBe(first.Config.ClientPort);
        var sql = Mine(agent, created).Single(instance => instance.Spec.Role == InstanceRole.Sql);
        sql.Spec.Config.PdEndpoints.ShouldBe([$"127.0.0.1:{pd.Spec.Config.ClientPort}"]);
        var cluster = await session.GetAsync($"/v1/clusters/{created.String("id")}");
        cluster.Body.GetProperty("endpoints").GetProperty("kv").GetProperty("pd")[0].GetString()
            .ShouldBe($"127.0.0.1:{pd.Spec.Config.ClientPort}");
    }

    /// <summary>Waits for the end of the work, letting the leases of dead workers run out meanwhile.</summary>
    private async Task SurviveAsync(ApiSession session, ApiReply reply, int killsBefore)
    {
        var operation = reply.Body.GetProperty("operation").GetProperty("id").GetString();
        long? expiredAt = null;
        await Eventually.NotNullAsync(
            async () =>
            {
                var now = (await session.GetAsync($"/v1/operations/{operation}")).RequireSuccess();
                if (now.String("state") == "succeeded")
                {
                    return now;
                }

                // Not at every look: leases that run out faster than a pass takes would keep any worker from finishing one.
                if (fixture.Faults.Kills > killsBefore
                    && (expiredAt is not { } last || TimeProvider.System.GetElapsedTime(last) > TimeSpan.FromSeconds(1)))
                {
                    await fixture.LetLeasesRunOutAsync();
                    expiredAt = TimeProvider.System.GetTimestamp();
                }

                return null;
            },
            expected: "the operation succeeds although a worker died");
    }

    private static async Task EventuallyConditionAsync(ApiSession session, string path, string type, bool status) =>
        await Eventually.NotNullAsync(
            async () =>
            {
                var cluster = (await session.GetAsync(path)).RequireSuccess();
                return cluster.Body.GetProperty("conditions").EnumerateArray().Any(condition =>
                    condition.GetProperty("type").GetString() == type && condition.GetProperty("status").GetBoolean() == status)
                    ? cluster
                    : null;
            },
            expected: $"condition {type} is {status}");

    private static List<SimulatedInstance> Mine(SimulatedAgent agent, ApiReply cluster) =>
        [.. agent.Instances.Where(instance => instance.Spec.ClusterId.ToString() == cluster.String("id"))];

    private static Guid IdOf(ApiReply cluster) => Kernel.ClusterId.Parse(cluster.String("id")).Value;

    private Task<long> CountAsync(string table, ApiReply cluster) =>
        fixture.QueryAsync<long>($"select count(*) from cloud.{table} where cluster_id = '{IdOf(cluster)}'");
}
