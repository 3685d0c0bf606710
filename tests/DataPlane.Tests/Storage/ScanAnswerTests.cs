using Cloud.Rpc.Client;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Rpc.Server;
using Cloud.Storage;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;
using static Cloud.DataPlane.Tests.Storage.TestStore;

namespace Cloud.DataPlane.Tests.Storage;

/// <summary>Clients take fewer pairs than they asked for as the end of the region.</summary>
public sealed class ScanAnswerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task An_answer_holds_the_pairs_asked_for_however_large_they_are()
    {
        await using var store = await OpenAsync();
        await FillAsync(store, 20, 1024 * 1024);
        var services = new RpcServices();
        store.Server.Register(services);
        await using var server = await RpcServer.StartAsync(
            services, new RpcServerOptions { Listen = new(System.Net.IPAddress.Loopback, 0) }, TimeProvider.System, NullLoggerFactory.Instance, default);
        await using var channel = new HttpRpcChannel($"127.0.0.1:{server.Port}", new RpcChannelOptions(), TimeProvider.System);
        var scan = new ScanRequest { Context = store.Context, StartKey = B("k"), Limit = 20, Version = store.Ts() };
        (await channel.CallAsync(TikvMethods.KvScan, scan, Patience, default)).Pairs.Count.ShouldBe(20);
        var raw = new RawScanRequest { Context = store.Context, StartKey = B("k"), Limit = 20 };
        (await channel.CallAsync(TikvMethods.RawScan, raw, Patience, default)).Kvs.Count.ShouldBe(20);
        var batch = new RawBatchScanRequest { Context = store.Context, EachLimit = 20, Ranges = { new KeyRange { StartKey = B("k") } } };
        (await channel.CallAsync(TikvMethods.RawBatchScan, batch, Patience, default)).Kvs.Count.ShouldBe(20);
    }

    [Theory, InlineData(3, int.MaxValue), InlineData(int.MaxValue, 250)]
    public async Task An_answer_that_cannot_hold_the_pairs_asked_for_is_refused_and_never_cut(int pairsMax, int bytesMax)
    {
        await using var store = await OpenAsync(limits: new StorageLimits { ScanLimitMax = pairsMax, ScanBytesMax = bytesMax });
        await FillAsync(store, 4, 100);
        foreach (var limit in new uint[] { 3, 4, uint.MaxValue })
        {
            var scan = await store.Call(
                TikvMethods.KvScan, new ScanRequest { Context = store.Context, StartKey = B("k"), Limit = limit, Version = store.Ts() });
            var raw = await store.Call(TikvMethods.RawScan, new RawScanRequest { Context = store.Context, StartKey = B("k"), Limit = limit });
            var batch = await store.Call(TikvMethods.RawBatchScan, new RawBatchScanRequest
            {
                Context = store.Context, EachLimit = limit == 3 ? 1u : 2u, Ranges = { Enumerable.Repeat(new KeyRange { StartKey = B("k") }, 3) },
            });
            if (limit == 3)
            {
                (scan.Pairs.Count, raw.Kvs.Count, batch.Kvs.Count).ShouldBe((3, 3, 3));
            }
            else
            {
                scan.RegionError.RaftEntryTooLarge.ShouldNotBeNull();
                raw.RegionError.Message.ShouldContain("fewer pairs");
                batch.RegionError.RaftEntryTooLarge.ShouldNotBeNull();
                (scan.Pairs.Count, raw.Kvs.Count, batch.Kvs.Count).ShouldBe((0, 0, 0));
            }
        }
    }

    private static async Task FillAsync(TestStore store, int pairs, int bytes)
    {
        var value = new string('v', bytes);
        for (var i = 0; i < pairs; i++)
        {
            await store.Put(($"k{i:D2}", value));
            await store.Call(
                TikvMethods.RawPut, new RawPutRequest { Context = store.Context, Key = B($"k{i:D2}"), Value = ByteString.CopyFromUtf8(value) });
        }
    }
}
