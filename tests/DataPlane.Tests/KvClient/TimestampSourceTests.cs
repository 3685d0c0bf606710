using System.Collections.Concurrent;
using System.Diagnostics;
using Cloud.DataPlane.Tests.Pd;
using Cloud.KvClient;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Cloud.DataPlane.Tests.KvClient;

public sealed class TimestampSourceTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Concurrent_callers_share_requests_and_get_distinct_ascending_timestamps()
    {
        await using var pd = await PdFixture.StartAsync();
        await using var cluster = Connect(pd);
        const int callers = 64;
        const int rounds = 300;
        var all = new ConcurrentBag<ulong>();
        await cluster.GetTimestampAsync(CancellationToken.None);
        var callsBefore = pd.Server.Status.Calls.Calls;
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            var last = 0UL;
            for (var i = 0; i < rounds; i++)
            {
                var next = await cluster.GetTimestampAsync(CancellationToken.None);
                next.ShouldBeGreaterThan(last);
                all.Add(last = next);
            }
        })));
        output.WriteLine($"{callers * rounds / watch.Elapsed.TotalSeconds:N0} timestamps/s for {callers} callers of one at a time");
        all.Distinct().Count().ShouldBe(callers * rounds);
        (pd.Server.Status.Calls.Calls - callsBefore).ShouldBe(0, "they all went over the stream that was open");
    }

    [Fact]
    public async Task Timestamps_go_on_after_pd_restarted_elsewhere()
    {
        await using var pd = await PdFixture.StartAsync();
        await using var cluster = Connect(pd);
        var before = await cluster.GetTimestampAsync(CancellationToken.None);
        var port = pd.Server.Port;
        await pd.CloseAsync();
        await pd.OpenAsync(PdFixture.ClusterId, port);
        (await cluster.GetTimestampAsync(CancellationToken.None)).ShouldBeGreaterThan(before);
    }

    [Fact]
    public async Task Without_pd_a_timestamp_is_unavailable_within_the_budget()
    {
        var pd = await PdFixture.StartAsync();
        var options = new KvClientOptions { PdEndpoints = [$"127.0.0.1:{pd.Server.Port}"], RetryBudget = TimeSpan.FromMilliseconds(300) };
        await pd.DisposeAsync();
        await using var cluster = new KvCluster(options, NullLoggerFactory.Instance);
        (await Should.ThrowAsync<KvException>(async () => await cluster.GetTimestampAsync(CancellationToken.None)))
            .Code.ShouldBe(KvErrorCode.Unavailable);
    }

    private static KvCluster Connect(PdFixture pd) =>
        new(new KvClientOptions { PdEndpoints = [$"127.0.0.1:{pd.Server.Port}"] }, NullLoggerFactory.Instance);
}
