using System.Net;
using Cloud.Local.Processes;
using Cloud.Local.Supervision;
using Cloud.TestKit;
using Shouldly;
using Xunit;

namespace Cloud.SystemTests.Faults;

[Collection(CloudCollection.Name)]
public sealed class KillTests(CloudFixture fixture)
{
    private readonly CloudUnderTest _cloud = fixture.Cloud;

    [Theory]
    [InlineData(0)]
    [InlineData(60)]
    [InlineData(400)]
    public async Task A_create_whose_control_plane_is_killed_completes_and_makes_exactly_one_cluster(int millisecondsAfterReply)
    {
        using var session = await ApiSession.SignUpAsync(_cloud.ApiUrl);
        var path = $"/v1/projects/{session.ProjectId}/clusters";
        var created = (await session.PostAsync(path, new { name = "survivor", tier = "starter" }, idempotencyKey: "create-survivor")).RequireSuccess();
        await Task.Delay(millisecondsAfterReply);

        await KillHostAsync();

        await session.WaitForOperationAsync(created);
        var again = await session.PostAsync(path, new { name = "survivor", tier = "starter" }, idempotencyKey: "create-survivor");
        again.Text.ShouldBe(created.Text);
        var listed = (await session.GetAsync(path)).RequireSuccess().Body.GetProperty("items");
        listed.GetArrayLength().ShouldBe(1);
        listed[0].GetProperty("state").GetString().ShouldBe("available");
        await session.WaitForOperationAsync((await session.DeleteAsync($"/v1/clusters/{created.String("id")}?purge=true")).RequireSuccess());
    }

    [Theory]
    [InlineData("sql")]
    [InlineData("storage")]
    [InlineData("pd")]
    public async Task Every_acknowledged_write_is_there_after_a_node_was_killed_under_load(string role)
    {
        using var session = await ApiSession.SignUpAsync(_cloud.ApiUrl);
        var cluster = await session.CreateClusterAsync($"kill-{role}");
        await using var load = new AcknowledgedWrites(cluster, clients: 4);
        await load.StartAsync();
        await Eventually.TrueAsync(() => load.Count > 200, "200 writes are acknowledged before the kill");

        Signals.Send(ProcessIdentity.Of(cluster.Pids(role).Single())!, Signals.Kill); // it serves the load

        var before = load.Count;
        await Eventually.TrueAsync(() => load.Count > before + 100, "writes go on after the kill", TimeSpan.FromSeconds(40));
        (await load.StopAndFindMissingAsync()).ShouldBeEmpty();
        await session.WaitForOperationAsync((await session.DeleteAsync($"/v1/clusters/{cluster.Id}?purge=true")).RequireSuccess());
    }

    [Fact]
    public async Task While_PostgreSQL_hangs_for_twenty_seconds_requests_fail_fast_and_then_everything_resumes()
    {
        using var session = await ApiSession.SignUpAsync(_cloud.ApiUrl);
        var path = $"/v1/projects/{session.ProjectId}/clusters";
        var outage = TimeProvider.System.GetTimestamp();
        var postgres = ProcessTree.Of(_cloud.FindService(CloudServices.Postgres)!); // the fixture's cloud is up
        var times = new List<TimeSpan>();
        try
        {
            postgres.SendToAll(ProcessTree.Stop);
            while (TimeProvider.System.GetElapsedTime(outage) < TimeSpan.FromSeconds(20))
            {
                var asked = TimeProvider.System.GetTimestamp();
                var reply = await session.GetAsync(path);
                times.Add(TimeProvider.System.GetElapsedTime(asked));
                reply.Status.ShouldBe(HttpStatusCode.ServiceUnavailable, reply.Text);
                reply.Headers.RetryAfter.ShouldNotBeNull();
            }
        }
        finally
        {
            postgres.SendToAll(ProcessTree.Continue);
        }

        // The first requests find out by a timeout that the database hangs; after that the answer is known.
        times.Max().ShouldBeLessThan(TimeSpan.FromSeconds(10));
        times.Order().ElementAt(times.Count / 2).ShouldBeLessThan(TimeSpan.FromSeconds(2));
        await Eventually.NotNullAsync<string>(async () => (await session.GetAsync(path)).Status == HttpStatusCode.OK ? "answers" : null);
        var cluster = await session.CreateClusterAsync("after-the-outage");
        await session.WaitForOperationAsync((await session.DeleteAsync($"/v1/clusters/{cluster.Id}?purge=true")).RequireSuccess());
    }

    /// <summary>Kills the host without warning and returns when its successor serves.</summary>
    private async Task KillHostAsync()
    {
        var killed = _cloud.FindService(CloudServices.Host)!; // the fixture's cloud is up
        Signals.Send(killed, Signals.Kill);
        using var client = new HttpClient();
        await Eventually.NotNullAsync<string>(async () =>
            killed.IsAlive || await Probe.AskAsync(client, $"{_cloud.ApiUrl}readyz", CancellationToken.None) is not null ? null : "ready");
    }
}
