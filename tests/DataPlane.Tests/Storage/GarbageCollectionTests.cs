using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Kvrpcpb;
using Google.Protobuf;
using Shouldly;
using Xunit;
using static Cloud.DataPlane.Tests.Storage.TestStore;

namespace Cloud.DataPlane.Tests.Storage;

public sealed class GarbageCollectionTests : IAsyncLifetime
{
    private TestStore _store = null!; // Set by InitializeAsync.

    public async Task InitializeAsync() =>
        _store = await TestStore.OpenAsync(change: o => o with { GcInterval = TimeSpan.FromMilliseconds(20) });

    public async Task DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task Versions_that_no_snapshot_at_or_above_the_safe_point_sees_are_deleted()
    {
        var first = await _store.Put(("a", new string('1', 300)), ("b", "1"), ("c", "1"));
        var second = await _store.Put(("a", "2"), ("b", null));
        var safePoint = _store.Ts();
        var third = await _store.Put(("a", "3"), ("c", "3"));
        await CollectAsync(safePoint, deletedAtLeast: 3);
        (await _store.Get("a", safePoint)).ShouldBe("2");
        (await _store.Get("b", safePoint)).ShouldBe("-");
        (await _store.Get("c", safePoint)).ShouldBe("1");
        (await _store.Get("a", third)).ShouldBe("3");
        (await _store.Get("a", first)).ShouldBe("-", "the first version was collected");
        second.ShouldBeLessThan(safePoint);
    }

    [Fact]
    public async Task Many_versions_of_one_key_are_collected_and_a_deletion_goes_last()
    {
        for (var i = 0; i < 300; i++)
        {
            await OnePhase("k", $"{i}");
        }

        await OnePhase("k", null);
        await OnePhase("other", "stays");
        await CollectAsync(_store.Ts() + 1000, deletedAtLeast: 301);
        (await _store.Get("k", _store.Ts() + 2000)).ShouldBe("-");
        (await _store.Get("other", _store.Ts() + 2000)).ShouldBe("stays");
    }

    [Fact]
    public async Task Old_versions_of_raw_keys_with_versions_are_collected()
    {
        var key = B("r\0\0\u0001k");
        var gone = B("r\0\0\u0001gone");
        for (var i = 0; i < 5; i++)
        {
            await RawPut(key, B($"{i}"));
            await RawPut(gone, B($"{i}"));
        }

        await _store.Call(
            TikvMethods.RawDelete, new RawDeleteRequest { Context = _store.Api(APIVersion.V2), Key = gone });
        await CollectAsync(_store.Ts(), deletedAtLeast: 10);
        var all = await _store.Call(
            TikvMethods.RawScan, new RawScanRequest { Context = _store.Api(APIVersion.V2), Limit = 10 });
        all.Kvs.ShouldHaveSingleItem().Value.ShouldBe(B("4"));
    }

    [Fact]
    public async Task Destroying_a_range_removes_versions_and_locks()
    {
        await _store.Put(("a", "1"), ("b", "1"), ("c", "1"));
        await _store.Prewrite(_store.Ts(), ("b2", "locked"));
        var response = await _store.Call(TikvMethods.UnsafeDestroyRange, new UnsafeDestroyRangeRequest
        {
            Context = _store.Context, StartKey = B("b"), EndKey = B("c"),
        });
        response.Error.ShouldBeEmpty();
        (await _store.Scan("", "", _store.Ts())).ShouldBe("a=1 c=1");
        (await _store.Call(TikvMethods.UnsafeDestroyRange, new UnsafeDestroyRangeRequest())).Error.ShouldContain(
            "open range");
    }

    private async Task CollectAsync(ulong safePoint, long deletedAtLeast)
    {
        _store.Pd.SafePoint = safePoint;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (_store.Server.VersionsCollected < deletedAtLeast)
        {
            limit.IsCancellationRequested.ShouldBeFalse(
                $"{deletedAtLeast} versions were to be deleted, {_store.Server.VersionsCollected} were");
            await Task.Yield();
        }
    }

    private async Task OnePhase(string key, string? value)
    {
        var request = _store.PrewriteOf(_store.Ts(), (key, value));
        _store.Ts();
        request.TryOnePc = true;
        (await _store.Send(request)).OnePcCommitTs.ShouldBeGreaterThan(0UL);
    }

    private async Task RawPut(ByteString key, ByteString value) => (await _store.Call(
        TikvMethods.RawPut, new RawPutRequest { Context = _store.Api(APIVersion.V2), Key = key, Value = value })).Error.ShouldBeEmpty();
}
