using Cloud.Rpc;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Health;
using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Rpc.Proto.Metapb;
using Cloud.Rpc.Proto.Tikvpb;
using Cloud.Storage;
using Shouldly;
using Xunit;
using static Cloud.DataPlane.Tests.Storage.TestStore;
using Error = Cloud.Rpc.Proto.Errorpb.Error;
using Request = Cloud.Rpc.Proto.Tikvpb.BatchCommandsRequest.Types.Request;

namespace Cloud.DataPlane.Tests.Storage;

public sealed class RegionErrorTests : IAsyncLifetime
{
    private TestStore _store = null!; // Set by InitializeAsync.

    public async Task InitializeAsync() => _store = await TestStore.OpenAsync();

    public async Task DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task The_store_is_checked_before_the_region_and_the_region_before_the_peer()
    {
        var wrong = _store.With(c =>
        {
            c.RegionId = 99;
            c.Peer = new Peer { Id = 98, StoreId = 97 };
            c.RegionEpoch = new RegionEpoch();
        });
        var store = await ErrorOf(wrong);
        (store.StoreNotMatch.RequestStoreId, store.StoreNotMatch.ActualStoreId).ShouldBe((97UL, _store.Server.StoreId));
        wrong.Peer.StoreId = _store.Server.StoreId;
        (await ErrorOf(wrong)).RegionNotFound.RegionId.ShouldBe(99UL);
        wrong.RegionId = _store.Context.RegionId;
        (await ErrorOf(wrong)).MismatchPeerId.RequestPeerId.ShouldBe(98UL);
        wrong.Peer = _store.Context.Peer;
        (await ErrorOf(wrong)).EpochNotMatch.CurrentRegions.ShouldHaveSingleItem().Id.ShouldBe(_store.Context.RegionId);
    }

    [Fact]
    public async Task A_request_without_a_context_is_for_no_store() =>
        (await _store.Call(TikvMethods.RawGet, new RawGetRequest { Key = B("a") })).RegionError.StoreNotMatch.RequestStoreId.ShouldBe(0UL);

    [Fact]
    public async Task An_old_epoch_gets_the_current_regions_and_writes_nothing()
    {
        var stale = _store.With(c => c.RegionEpoch = new RegionEpoch { ConfVer = 1, Version = 7 });
        var response = await _store.Call(
            TikvMethods.RawPut, new RawPutRequest { Context = stale, Key = B("a"), Value = B("1") });
        response.RegionError.EpochNotMatch.CurrentRegions[0].RegionEpoch.ShouldBe(_store.Context.RegionEpoch);
        (await _store.Call(
            TikvMethods.RawGet, new RawGetRequest { Context = _store.Context, Key = B("a") })).NotFound.ShouldBeTrue();
    }

    [Fact]
    public async Task A_command_of_an_old_term_is_stale_and_one_term_back_is_not()
    {
        await using var store = await RestartedAsync(times: 3);
        var term = 3UL;
        (await ErrorOf(store.With(c => c.Term = term - 2), store)).StaleCommand.ShouldNotBeNull();
        (await store.Get("a", context: store.With(c => c.Term = term - 1))).ShouldBe("-");
    }

    [Fact]
    public async Task A_stale_read_is_sent_to_the_leader() =>
        (await ErrorOf(_store.With(c => c.StaleRead = true))).DataIsNotReady.RegionId.ShouldBe(_store.Context.RegionId);

    [Fact]
    public async Task Too_many_commands_at_once_are_told_that_the_server_is_busy()
    {
        await using var small = await TestStore.OpenAsync(limits: new StorageLimits { PendingProposalsMax = 1 });
        var puts = await Task.WhenAll(Enumerable.Range(0, 64).Select(i => Task.Run(async () => await small.Call(
            TikvMethods.RawPut, new RawPutRequest { Context = small.Context, Key = B($"k{i}"), Value = B("v") }))));
        var busy = puts.Where(p => p.RegionError is not null).ToList();
        busy.ShouldNotBeEmpty();
        busy.ShouldAllBe(p => p.RegionError.ServerIsBusy.Reason.Length > 0);
        for (var i = 0; i < puts.Length; i++)
        {
            var read = await small.Call(
                TikvMethods.RawGet, new RawGetRequest { Context = small.Context, Key = B($"k{i}") });
            read.NotFound.ShouldBe(puts[i].RegionError is not null);
        }
    }

    [Fact]
    public async Task Batched_commands_are_answered_by_their_ids_in_any_order()
    {
        await using var call = _store.Channel.OpenDuplex(TikvMethods.BatchCommands, CancellationToken.None);
        var request = new BatchCommandsRequest();
        for (ulong id = 1; id <= 200; id++)
        {
            request.RequestIds.Add(id);
            request.Requests.Add(id % 2 == 0
                ? new Request { RawPut = new RawPutRequest { Context = _store.Context, Key = B($"k{id}"), Value = B($"v{id}") } }
                : new Request { Empty = new BatchCommandsEmptyRequest { TestId = id } });
        }

        await call.WriteAsync(request, CancellationToken.None);
        var answers = await ReadAnswers(call, 200);
        for (ulong id = 1; id <= 200; id++)
        {
            if (id % 2 == 0)
            {
                answers[id].RawPut.Error.ShouldBeEmpty();
            }
            else
            {
                answers[id].Empty.TestId.ShouldBe(id);
            }
        }

        request = new BatchCommandsRequest();
        request.RequestIds.AddRange([1, 2, 3]);
        request.Requests.Add(new Request { RawGet = new RawGetRequest { Context = _store.Context, Key = B("k200") } });
        request.Requests.Add(new Request { RawGet = new RawGetRequest { Key = B("k200") } });
        request.Requests.Add(new Request { Coprocessor = new Cloud.Rpc.Proto.Coprocessor.Request() });
        await call.WriteAsync(request, CancellationToken.None);
        answers = await ReadAnswers(call, 3);
        answers[1].RawGet.Value.ShouldBe(B("v200"));
        answers[2].RawGet.RegionError.StoreNotMatch.ShouldNotBeNull();
        answers[3].Coprocessor.OtherError.ShouldNotBeEmpty();
        await call.CompleteAsync(CancellationToken.None);
        (await call.ReadAsync(CancellationToken.None)).ShouldBeNull();
    }

    [Fact]
    public async Task What_is_not_offered_is_unimplemented_and_health_is_serving()
    {
        var error = await Should.ThrowAsync<RpcException>(
            async () => await _store.Call(TikvMethods.SplitRegion, new SplitRegionRequest()));
        error.Code.ShouldBe(RpcStatusCode.Unimplemented);
        (await _store.Call(HealthMethods.Check, new HealthCheckRequest())).Status.ShouldBe(
            HealthCheckResponse.Types.ServingStatus.Serving);
        (await _store.Call(TikvMethods.GetStoreSafeTs, new StoreSafeTSRequest())).SafeTs.ShouldBe(0UL);
    }

    [Fact]
    public async Task A_store_registers_itself_and_its_heartbeats_arrive()
    {
        _store.Pd.Store!.Address.ShouldBe(TestStore.Address);
        _store.Pd.Store.Id.ShouldBe(_store.Server.StoreId);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (_store.Pd.StoreHeartbeats == 0 || _store.Pd.RegionHeartbeats == 0)
        {
            limit.IsCancellationRequested.ShouldBeFalse(
                $"{_store.Pd.StoreHeartbeats} store and {_store.Pd.RegionHeartbeats} region heartbeats");
            await Task.Yield();
        }
    }

    private static async Task<Dictionary<ulong, BatchCommandsResponse.Types.Response>> ReadAnswers(
        IRpcDuplexCall<BatchCommandsRequest, BatchCommandsResponse> call, int count)
    {
        var answers = new Dictionary<ulong, BatchCommandsResponse.Types.Response>();
        while (answers.Count < count && await call.ReadAsync(CancellationToken.None) is { } response)
        {
            for (var i = 0; i < response.Responses.Count; i++)
            {
                answers.Add(response.RequestIds[i], response.Responses[i]);
            }
        }

        return answers;
    }

    private async Task<Error> ErrorOf(Context context, TestStore? store = null) =>
        (await (store ?? _store).Call(
            TikvMethods.KvGet, new GetRequest { Context = context, Key = B("a"), Version = 1 })).RegionError;

    private static async Task<TestStore> RestartedAsync(int times)
    {
        var directory = new Engine.TemporaryDirectory();
        var pd = new FakePd();
        var store = await TestStore.OpenAsync(directory, pd);
        for (var i = 1; i < times; i++)
        {
            await store.DisposeAsync();
            store = await TestStore.OpenAsync(directory, pd);
        }

        return store;
    }
}
