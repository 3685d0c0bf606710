using System.Net;
using Cloud.Contracts;
using Cloud.TestKit;
using Shouldly;
using Xunit;

namespace Cloud.ControlPlane.Tests.Clusters;

public sealed class ClusterLifecycleTests(LifecycleFixture fixture) : IClassFixture<LifecycleFixture>
{
    [Fact]
    public async Task A_cluster_is_created_runs_and_is_deleted_and_purged()
    {
        await using var agent = await fixture.Main.ConnectAgentAsync();
        using var session = await ApiSession.SignUpAsync(fixture.Main.Api);

        var created = await session.PostAsync($"/v1/projects/{session.ProjectId}/clusters", new { name = "first" });

        created.Status.ShouldBe(HttpStatusCode.Accepted, created.Text);
        created.String("state").ShouldBe("creating");
        created.Body.GetProperty("credentials").GetProperty("password").GetString()!.Length.ShouldBe(24);
        var path = $"/v1/clusters/{created.String("id")}";
        var operation = await session.WaitForOperationAsync(created);
        operation.GetProperty("percent").GetInt32().ShouldBe(100);
        operation.GetProperty("steps").EnumerateArray().Select(step => step.GetProperty("name").GetString())
            .ShouldBe(["place", "start-pd", "start-storage", "start-sql"]);

        var available = await session.GetAsync(path);
        available.String("state").ShouldBe("available", available.Text);
        available.Body.GetProperty("observedGeneration").GetInt64().ShouldBe(1);
        available.Body.TryGetProperty("credentials", out _).ShouldBeFalse();
        available.Body.GetProperty("instances").GetArrayLength().ShouldBe(3);
        available.Text.ShouldContain("One replica, no backup");
        var port = available.Body.GetProperty("endpoints").GetProperty("mysql").GetProperty("port").GetInt32();
        port.ShouldBeLessThan(32_768);
        var sql = agent.Instances.Single(instance => instance.Spec.Role == InstanceRole.Sql);
        sql.Spec.Config.ClientPort.ShouldBe(port);
        sql.Spec.Config.SqlUsers.ShouldHaveSingleItem().Name.ShouldBe("root");

        var deleted = await session.DeleteAsync(path);
        deleted.Status.ShouldBe(HttpStatusCode.Accepted, deleted.Text);
        await session.WaitForOperationAsync(deleted);
        (await session.GetAsync(path)).String("state").ShouldBe("deleted");
        agent.Instances.ShouldAllBe(instance => instance.State == ObservedInstanceState.Stopped && instance.Pid == null);

        var purged = await session.PostAsync($"{path}:purge");
        purged.Status.ShouldBe(HttpStatusCode.Accepted, purged.Text);
        await session.WaitForOperationAsync(purged);
        var gone = await session.GetAsync(path);
        gone.Status.ShouldBe(HttpStatusCode.OK);
        gone.String("state").ShouldBe("deleted");
        gone.Body.GetProperty("instances").GetArrayLength().ShouldBe(0);
        agent.Instances.ShouldAllBe(instance => instance.State == ObservedInstanceState.Removed);
        var id = $"'{Kernel.ClusterId.Parse(created.String("id")).Value}'";
        (await fixture.QueryAsync<long>($"select count(*) from cloud.instances where cluster_id = {id}")).ShouldBe(0);
        (await fixture.QueryAsync<long>("select count(*) from cloud.host_ports")).ShouldBe(0);
        (await fixture.QueryAsync<long>($"select sum(used)::bigint from cloud.quota_usages")).ShouldBe(0);
    }
}
