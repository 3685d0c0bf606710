using Cloud.Rpc;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Etcdserverpb;
using Cloud.Rpc.Proto.Pdpb;
using Google.Protobuf;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Pd;

public sealed class GcAndEtcdTests
{
    [Fact]
    public async Task Safe_points_only_grow_and_collection_stays_behind_transactions()
    {
        await using var pd = await PdFixture.StartAsync();
        (await AdvanceTxnAsync(pd, 100)).NewTxnSafePoint.ShouldBe(100UL);
        (await AdvanceTxnAsync(pd, 90)).Header.Error.Type.ShouldBe(ErrorType.InvalidValue);
        (await AdvanceGcAsync(pd, 101)).Header.Error.Type.ShouldBe(ErrorType.InvalidValue);
        (await AdvanceGcAsync(pd, 80)).NewGcSafePoint.ShouldBe(80UL);
        (await AdvanceGcAsync(pd, 70)).Header.Error.Type.ShouldBe(ErrorType.InvalidValue);
        await pd.RestartAsync();
        var state = await StateAsync(pd);
        (state.TxnSafePoint, state.GcSafePoint).ShouldBe((100UL, 80UL));
    }

    [Fact]
    public async Task A_barrier_holds_the_transaction_safe_point_back()
    {
        await using var pd = await PdFixture.StartAsync();
        var set = await pd.CallAsync(PdMethods.SetGcBarrier, new SetGCBarrierRequest
        {
            Header = PdFixture.Header, BarrierId = "backup", BarrierTs = 50, TtlSeconds = long.MaxValue,
        });
        set.NewBarrierInfo.TtlSeconds.ShouldBe(long.MaxValue);
        var blocked = await AdvanceTxnAsync(pd, 100);
        blocked.NewTxnSafePoint.ShouldBe(50UL);
        blocked.BlockerDescription.ShouldContain("backup");
        (await StateAsync(pd)).GcBarriers.ShouldHaveSingleItem().BarrierTs.ShouldBe(50UL);
        var late = await pd.CallAsync(PdMethods.SetGcBarrier, new SetGCBarrierRequest
        {
            Header = PdFixture.Header, BarrierId = "late", BarrierTs = 40, TtlSeconds = 60,
        });
        late.Header.Error.Type.ShouldBe(ErrorType.InvalidValue);
        var deleted = await pd.CallAsync(
            PdMethods.DeleteGcBarrier, new DeleteGCBarrierRequest { Header = PdFixture.Header, BarrierId = "backup" });
        deleted.DeletedBarrierInfo.BarrierTs.ShouldBe(50UL);
        (await AdvanceTxnAsync(pd, 100)).NewTxnSafePoint.ShouldBe(100UL);
    }

    [Fact]
    public async Task Older_clients_move_both_safe_points_and_find_them_through_etcd()
    {
        await using var pd = await PdFixture.StartAsync();
        var moved = await pd.CallAsync(
            PdMethods.UpdateGcSafePoint, new UpdateGCSafePointRequest { Header = PdFixture.Header, SafePoint = 444 });
        moved.NewSafePoint.ShouldBe(444UL);
        (await pd.CallAsync(PdMethods.UpdateGcSafePoint, new UpdateGCSafePointRequest { Header = PdFixture.Header, SafePoint = 0 }))
            .NewSafePoint.ShouldBe(444UL);
        (await pd.CallAsync(PdMethods.GetGcSafePoint, new GetGCSafePointRequest { Header = PdFixture.Header })).SafePoint.ShouldBe(444UL);
        var saved = await pd.CallAsync(EtcdMethods.Range, new RangeRequest { Key = Key("/tidb/store/gcworker/saved_safe_point") });
        saved.Kvs.ShouldHaveSingleItem().Value.ToStringUtf8().ShouldBe("444");
    }

    [Fact]
    public async Task A_service_safe_point_is_a_barrier_with_a_name()
    {
        await using var pd = await PdFixture.StartAsync();
        await ServiceAsync(pd, "cdc", 30, 60);
        var lowest = await ServiceAsync(pd, "gc_worker", 100, long.MaxValue);
        (lowest.ServiceId.ToStringUtf8(), lowest.MinSafePoint).ShouldBe(("cdc", 30UL));
        lowest = await ServiceAsync(pd, "cdc", 0, -1);
        (lowest.ServiceId.ToStringUtf8(), lowest.MinSafePoint).ShouldBe(("gc_worker", 30UL));
        (await ServiceAsync(pd, "late", 10, 60)).MinSafePoint.ShouldBe(30UL);
    }

    [Fact]
    public async Task Foreign_keys_can_be_put_read_and_deleted_and_pds_own_can_not_be_written()
    {
        await using var pd = await PdFixture.StartAsync();
        foreach (var name in (string[])["/app/a", "/app/b", "/app/c", "/other"])
        {
            await pd.CallAsync(EtcdMethods.Put, new PutRequest { Key = Key(name), Value = Key("v" + name) });
        }

        var prefix = await pd.CallAsync(EtcdMethods.Range, new RangeRequest { Key = Key("/app/"), RangeEnd = Key("/app0"), Limit = 2 });
        prefix.Kvs.Select(pair => pair.Key.ToStringUtf8()).ShouldBe(["/app/a", "/app/b"]);
        (prefix.More, prefix.Count).ShouldBe((true, 3));
        var descending = await pd.CallAsync(EtcdMethods.Range, new RangeRequest
        {
            Key = Key("/app/"), RangeEnd = Key("/app0"), SortOrder = RangeRequest.Types.SortOrder.Descend, KeysOnly = true,
        });
        descending.Kvs.Select(pair => pair.Key.ToStringUtf8()).ShouldBe(["/app/c", "/app/b", "/app/a"]);
        (await pd.CallAsync(EtcdMethods.DeleteRange, new DeleteRangeRequest { Key = Key("/app/"), RangeEnd = Key("/app0") })).Deleted.ShouldBe(3);

        foreach (var (key, end) in ((string, string)[])[("/pd/x", ""), ("/a", "\0"), ("/pd", "/pz")])
        {
            var refused = await Should.ThrowAsync<RpcException>(async () => await pd.CallAsync(
                EtcdMethods.DeleteRange, new DeleteRangeRequest { Key = Key(key), RangeEnd = Key(end) }));
            refused.Code.ShouldBe(RpcStatusCode.PermissionDenied);
        }

        var id = await pd.CallAsync(EtcdMethods.Range, new RangeRequest { Key = Key("/pd/cluster_id") });
        id.Kvs.ShouldHaveSingleItem().Value.Length.ShouldBe(8);
    }

    private static ByteString Key(string text) => ByteString.CopyFromUtf8(text);

    private static async Task<AdvanceTxnSafePointResponse> AdvanceTxnAsync(PdFixture pd, ulong target) =>
        await pd.CallAsync(PdMethods.AdvanceTxnSafePoint, new AdvanceTxnSafePointRequest { Header = PdFixture.Header, Target = target });

    private static async Task<AdvanceGCSafePointResponse> AdvanceGcAsync(PdFixture pd, ulong target) =>
        await pd.CallAsync(PdMethods.AdvanceGcSafePoint, new AdvanceGCSafePointRequest { Header = PdFixture.Header, Target = target });

    private static async Task<GCState> StateAsync(PdFixture pd) =>
        (await pd.CallAsync(PdMethods.GetGcState, new GetGCStateRequest { Header = PdFixture.Header })).GcState;

    private static async Task<UpdateServiceGCSafePointResponse> ServiceAsync(PdFixture pd, string name, ulong safePoint, long ttl) =>
        await pd.CallAsync(PdMethods.UpdateServiceGcSafePoint, new UpdateServiceGCSafePointRequest
        {
            Header = PdFixture.Header, ServiceId = Key(name), SafePoint = safePoint, TTL = ttl,
        });
}
