using System.Diagnostics;
using System.Globalization;
using Cloud.Pd.Meta;
using Cloud.Rpc;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Etcdserverpb;
using Cloud.Rpc.Proto.Health;
using Cloud.Rpc.Proto.Keyspacepb;
using Cloud.Rpc.Proto.Metapb;
using Cloud.Rpc.Proto.Pdpb;
using Google.Protobuf;
using Shouldly;
using Xunit;
using Xunit.Abstractions;
using Region = Cloud.Rpc.Proto.Metapb.Region;

namespace Cloud.DataPlane.Tests.Pd;

public sealed class PdServerTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_client_finds_the_leader_and_its_address()
    {
        await using var pd = await PdFixture.StartAsync();
        var members = await pd.CallAsync(PdMethods.GetMembers, new GetMembersRequest());
        members.Header.ClusterId.ShouldBe(PdFixture.ClusterId);
        members.Leader.ClientUrls.ShouldBe([$"http://127.0.0.1:{pd.Server.Port}"]);
        members.Members.ShouldBe([members.Leader]);

        var etcd = await pd.CallAsync(EtcdMethods.MemberList, new MemberListRequest());
        etcd.Members.ShouldHaveSingleItem().ID.ShouldBe(members.Leader.MemberId);
        (await pd.CallAsync(PdMethods.GetClusterInfo, new GetClusterInfoRequest())).ServiceModes.ShouldBe([ServiceMode.PdSvcMode]);
        (await pd.CallAsync(HealthMethods.Check, new HealthCheckRequest())).Status
            .ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
    }

    [Fact]
    public async Task A_client_of_another_cluster_is_refused()
    {
        await using var pd = await PdFixture.StartAsync();
        var stranger = new RequestHeader { ClusterId = 5 };
        var refused = await Should.ThrowAsync<RpcException>(
            async () => await pd.CallAsync(PdMethods.GetRegion, new GetRegionRequest { Header = stranger }));
        refused.Code.ShouldBe(RpcStatusCode.FailedPrecondition);
        refused.Detail.ShouldBe($"mismatch cluster id, need {PdFixture.ClusterId} but got 5");

        await using var tso = pd.Channel.OpenDuplex(PdMethods.Tso, CancellationToken.None);
        await tso.WriteAsync(new TsoRequest { Header = stranger, Count = 1 }, CancellationToken.None);
        (await Should.ThrowAsync<RpcException>(async () => await tso.ReadAsync(CancellationToken.None)))
            .Code.ShouldBe(RpcStatusCode.FailedPrecondition);
    }

    [Fact]
    public async Task The_folder_of_another_cluster_is_refused()
    {
        await using var pd = await PdFixture.StartAsync();
        await pd.CloseAsync();
        (await Should.ThrowAsync<PdStateException>(() => pd.OpenAsync(99))).Message.ShouldContain("belongs to cluster");
        await pd.OpenAsync(PdFixture.ClusterId);
    }

    [Fact]
    public async Task Nothing_is_known_before_a_store_bootstraps_the_cluster()
    {
        await using var pd = await PdFixture.StartAsync();
        (await pd.CallAsync(PdMethods.IsBootstrapped, new IsBootstrappedRequest { Header = PdFixture.Header })).Bootstrapped.ShouldBeFalse();
        (await pd.CallAsync(PdMethods.GetRegion, new GetRegionRequest { Header = PdFixture.Header })).Header.Error.Type
            .ShouldBe(ErrorType.NotBootstrapped);

        (await BootstrapAsync(pd)).Header.Error.ShouldBeNull();
        (await BootstrapAsync(pd)).Header.Error.Type.ShouldBe(ErrorType.AlreadyBootstrapped);
        var region = await pd.CallAsync(PdMethods.GetRegion, new GetRegionRequest { Header = PdFixture.Header, RegionKey = Key("any") });
        region.Region.Id.ShouldBe(2UL);
        region.Leader.Id.ShouldBe(3UL);
        (await pd.CallAsync(PdMethods.GetStore, new GetStoreRequest { Header = PdFixture.Header, StoreId = 1 })).Store.Address
            .ShouldBe("127.0.0.1:20160");
        (await pd.CallAsync(PdMethods.GetStore, new GetStoreRequest { Header = PdFixture.Header, StoreId = 9 })).Header.Error
            .ShouldNotBeNull();
    }

    [Fact]
    public async Task Ids_are_unique_and_ascend_across_restarts()
    {
        await using var pd = await PdFixture.StartAsync();
        var last = 0UL;
        for (var restart = 0; restart < 3; restart++)
        {
            foreach (var count in (uint[])[1, 5, 3000, 1])
            {
                var answer = await pd.CallAsync(PdMethods.AllocId, new AllocIDRequest { Header = PdFixture.Header, Count = count });
                (answer.Id - count).ShouldBeGreaterThanOrEqualTo(last);
                last = answer.Id;
            }

            await pd.RestartAsync();
        }
    }

    [Fact]
    public async Task Timestamps_ascend_on_every_stream_and_across_restarts()
    {
        await using var pd = await PdFixture.StartAsync();
        var newest = 0UL;
        for (var restart = 0; restart < 3; restart++)
        {
            await using var first = pd.Channel.OpenDuplex(PdMethods.Tso, CancellationToken.None);
            await using var second = pd.Channel.OpenDuplex(PdMethods.Tso, CancellationToken.None);
            for (var i = 0; i < 50; i++)
            {
                var stream = i % 2 == 0 ? first : second;
                await stream.WriteAsync(new TsoRequest { Header = PdFixture.Header, Count = 3 }, CancellationToken.None);
                var answer = (await stream.ReadAsync(CancellationToken.None)).ShouldNotBeNull();
                answer.Count.ShouldBe(3u);
                var last = Cloud.Codec.Tso.Compose(answer.Timestamp.Physical, answer.Timestamp.Logical);
                (last - 2).ShouldBeGreaterThan(newest);
                newest = last;
            }

            await pd.RestartAsync();
        }
    }

    [Fact]
    public async Task Timestamps_come_by_the_million_per_second_when_batched()
    {
        await using var pd = await PdFixture.StartAsync();
        await using var stream = pd.Channel.OpenDuplex(PdMethods.Tso, CancellationToken.None);
        var watch = Stopwatch.StartNew();
        const int rounds = 500;
        const uint batch = 10_000;
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < rounds; i++)
            {
                await stream.WriteAsync(new TsoRequest { Header = PdFixture.Header, Count = batch }, CancellationToken.None);
            }
        });
        for (var i = 0; i < rounds; i++)
        {
            (await stream.ReadAsync(CancellationToken.None)).ShouldNotBeNull();
        }

        await writing;
        var perSecond = rounds * batch / watch.Elapsed.TotalSeconds;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{perSecond:N0} timestamps/s in batches of {batch}"));
        perSecond.ShouldBeGreaterThan(1_000_000);
    }

    [Fact]
    public async Task Regions_follow_heartbeats_and_survive_a_restart()
    {
        await using var pd = await PdFixture.StartAsync();
        await BootstrapAsync(pd);
        var split = await pd.CallAsync(
            PdMethods.AskBatchSplit,
            new AskBatchSplitRequest { Header = PdFixture.Header, Region = PdFixture.FirstStore().Region, SplitCount = 1 });
        var ids = split.Ids.ShouldHaveSingleItem();
        ids.NewPeerIds.Count.ShouldBe(1);
        var left = Region(ids.NewRegionId, "", "m", ids.NewPeerIds[0]);
        var right = Region(2, "m", "", 3);
        (await pd.CallAsync(PdMethods.ReportBatchSplit, new ReportBatchSplitRequest { Header = PdFixture.Header, Regions = { left, right } }))
            .Header.Error.ShouldBeNull();

        for (var restart = 0; restart < 2; restart++)
        {
            var scan = await pd.CallAsync(PdMethods.ScanRegions, new ScanRegionsRequest { Header = PdFixture.Header });
            scan.Regions.Select(region => region.Region_).ShouldBe([left, right]);
            (await pd.CallAsync(PdMethods.GetPrevRegion, new GetRegionRequest { Header = PdFixture.Header, RegionKey = Key("x") }))
                .Region.ShouldBe(left);
            (await pd.CallAsync(PdMethods.GetRegionById, new GetRegionByIDRequest { Header = PdFixture.Header, RegionId = 2 }))
                .Region.ShouldBe(right);
            var covered = await pd.CallAsync(PdMethods.BatchScanRegions, new BatchScanRegionsRequest
            {
                Header = PdFixture.Header,
                ContainAllKeyRange = true,
                Ranges = { new KeyRange { StartKey = Key("a"), EndKey = Key("b") }, new KeyRange { StartKey = Key("c") } },
            });
            covered.Regions.Select(region => region.Region_).ShouldBe([left, right]);
            await pd.RestartAsync();
        }
    }

    [Fact]
    public async Task A_region_heartbeat_moves_the_leader_and_ignores_old_news()
    {
        await using var pd = await PdFixture.StartAsync();
        await BootstrapAsync(pd);
        await using var beats = pd.Channel.OpenDuplex(PdMethods.RegionHeartbeat, CancellationToken.None);
        var grown = Region(2, "", "", 3, version: 4);
        grown.Peers.Add(new Peer { Id = 9, StoreId = 1 });
        await beats.WriteAsync(
            new RegionHeartbeatRequest { Header = PdFixture.Header, Region = grown, Leader = grown.Peers[1], Term = 6 }, CancellationToken.None);
        await beats.WriteAsync(
            new RegionHeartbeatRequest { Header = PdFixture.Header, Region = Region(2, "", "", 3), Leader = grown.Peers[0], Term = 6 },
            CancellationToken.None);
        await beats.CompleteAsync(CancellationToken.None);
        (await beats.ReadAsync(CancellationToken.None)).ShouldBeNull();
        var known = await pd.CallAsync(PdMethods.GetRegion, new GetRegionRequest { Header = PdFixture.Header });
        known.Region.ShouldBe(grown);
        known.Leader.Id.ShouldBe(9UL);
    }

    [Fact]
    public async Task A_store_keeps_its_place_and_no_other_takes_its_address()
    {
        await using var pd = await PdFixture.StartAsync();
        await BootstrapAsync(pd);
        var moved = new Store { Id = 1, Address = "127.0.0.1:20170" };
        (await pd.CallAsync(PdMethods.PutStore, new PutStoreRequest { Header = PdFixture.Header, Store = moved })).Header.Error.ShouldBeNull();
        var twin = new Store { Id = 8, Address = "127.0.0.1:20170" };
        (await pd.CallAsync(PdMethods.PutStore, new PutStoreRequest { Header = PdFixture.Header, Store = twin })).Header.Error.Type
            .ShouldBe(ErrorType.InvalidValue);
        (await pd.CallAsync(
            PdMethods.StoreHeartbeat,
            new StoreHeartbeatRequest { Header = PdFixture.Header, Stats = new StoreStats { StoreId = 1, Capacity = 5 } })).Header.Error.ShouldBeNull();
        await pd.RestartAsync();
        var stores = await pd.CallAsync(PdMethods.GetAllStores, new GetAllStoresRequest { Header = PdFixture.Header });
        stores.Stores.ShouldHaveSingleItem().Address.ShouldBe("127.0.0.1:20170");
    }

    [Fact]
    public async Task The_default_keyspace_exists_and_others_do_not()
    {
        await using var pd = await PdFixture.StartAsync();
        var found = await pd.CallAsync(KeyspaceMethods.LoadKeyspace, new LoadKeyspaceRequest { Header = PdFixture.Header, Name = "DEFAULT" });
        found.Keyspace.State.ShouldBe(KeyspaceState.Enabled);
        var missing = await pd.CallAsync(KeyspaceMethods.LoadKeyspace, new LoadKeyspaceRequest { Header = PdFixture.Header, Name = "other" });
        missing.Header.Error.Type.ShouldBe(ErrorType.EntryNotFound);
    }

    private static async Task<BootstrapResponse> BootstrapAsync(PdFixture pd)
    {
        var (store, region) = PdFixture.FirstStore();
        return await pd.CallAsync(PdMethods.Bootstrap, new BootstrapRequest { Header = PdFixture.Header, Store = store, Region = region });
    }

    private static ByteString Key(string text) => ByteString.CopyFromUtf8(text);

    private static Region Region(ulong id, string start, string end, ulong peer, ulong version = 2) => new()
    {
        Id = id,
        StartKey = Key(start),
        EndKey = Key(end),
        RegionEpoch = new RegionEpoch { ConfVer = 1, Version = version },
        Peers = { new Peer { Id = peer, StoreId = 1 } },
    };
}
