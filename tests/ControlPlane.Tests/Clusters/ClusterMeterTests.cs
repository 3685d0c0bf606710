using Cloud.Contracts;
using Cloud.TestKit;
using Shouldly;
using Xunit;

namespace Cloud.ControlPlane.Tests.Clusters;

/// <summary>What a cluster's life leaves in the allocation meter.</summary>
public sealed class ClusterMeterTests(LifecycleFixture fixture) : IClassFixture<LifecycleFixture>
{
    [Fact]
    public async Task A_create_that_is_cancelled_bills_nothing()
    {
        await using var agent = await fixture.Main.ConnectAgentAsync();
        using var session = await ApiSession.SignUpAsync(fixture.Main.Api);
        var created = await CreateWithoutSqlAsync(agent, session, "undone");
        var operation = created.Body.GetProperty("operation").GetProperty("id").GetString();

        (await session.PostAsync($"/v1/operations/{operation}:cancel")).RequireSuccess();

        (await session.GetAsync($"/v1/operations/{operation}?wait=15s")).String("state").ShouldBe("cancelled");
        (await SpansAsync(created)).ShouldBe(0);
    }

    [Fact]
    public async Task A_create_that_fails_bills_nothing_until_the_cluster_is_available_after_all()
    {
        await using var agent = await fixture.Main.ConnectAgentAsync();
        using var session = await ApiSession.SignUpAsync(fixture.Main.Api);
        var created = await CreateWithoutSqlAsync(agent, session, "late");
        var operation = created.Body.GetProperty("operation").GetProperty("id").GetString()!;
        var id = Modules.Operations.Public.OperationId.Parse(operation).Value;
        await fixture.QueryAsync<Guid>($"update cloud.operations set deadline = now() - interval '1 second' where id = '{id}' returning id");
        await fixture.Main.SweepAsync();
        (await session.GetAsync($"/v1/operations/{operation}?wait=15s")).String("state").ShouldBe("failed");
        (await SpansAsync(created)).ShouldBe(0);

        agent.OnRun = _ => new SimulatedOutcome(ObservedInstanceState.Ready);
        await agent.ActAsync();

        await UntilAsync(
            async () => (await session.GetAsync($"/v1/clusters/{created.String("id")}")).String("state") == "available", "it is available");
        (await SpansAsync(created, "upper_inf(span)")).ShouldBe(4, "three instances and a volume");
    }

    [Fact]
    public async Task A_delete_that_is_taken_back_before_it_took_effect_is_billed_again()
    {
        await using var agent = await fixture.Main.ConnectAgentAsync();
        using var session = await ApiSession.SignUpAsync(fixture.Main.Api);
        var created = (await session.PostAsync($"/v1/projects/{session.ProjectId}/clusters", new { name = "back" })).RequireSuccess();
        await session.WaitForOperationAsync(created);
        var path = $"/v1/clusters/{created.String("id")}";
        var open = await SpansAsync(created, "upper_inf(span)");
        agent.ObeysStops = false;
        (await session.DeleteAsync(path)).RequireSuccess();
        await UntilAsync(async () => await SpansAsync(created, "upper_inf(span)") == 0, "the delete ends all spans");

        await session.WaitForOperationAsync((await session.PostAsync($"{path}:undelete")).RequireSuccess());

        (await SpansAsync(created, "upper_inf(span)")).ShouldBe(open);
        (await SpansAsync(created)).ShouldBe(2 * open);
    }

    /// <summary>A create whose PD and storage are ready, while its SQL instance never starts.</summary>
    private static async Task<ApiReply> CreateWithoutSqlAsync(SimulatedAgent agent, ApiSession session, string name)
    {
        agent.OnRun = spec => spec.Role == InstanceRole.Sql ? null : new SimulatedOutcome(ObservedInstanceState.Ready);
        var created = (await session.PostAsync($"/v1/projects/{session.ProjectId}/clusters", new { name })).RequireSuccess();
        await UntilAsync(
            async () => (await session.GetAsync($"/v1/clusters/{created.String("id")}")).Body.GetProperty("instances").EnumerateArray()
                .Count(instance => instance.GetProperty("state").GetString() == "ready") == 2,
            "two of three instances are ready");
        return created;
    }

    private static Task UntilAsync(Func<Task<bool>> condition, string expected) =>
        Eventually.NotNullAsync(async () => await condition() ? string.Empty : null, expected: expected);

    private Task<long> SpansAsync(ApiReply cluster, string condition = "true") => fixture.QueryAsync<long>(
        $"select count(*) from cloud.allocation_spans where {condition} and cluster_id = '{Kernel.ClusterId.Parse(cluster.String("id")).Value}'");
}
