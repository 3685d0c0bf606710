using Cloud.Kernel;
using Cloud.KvClient;
using Cloud.Rpc.Methods;
using Cloud.Storage;
using Shouldly;
using Xunit;
using static Cloud.DataPlane.Tests.KvClient.KvFixture;

namespace Cloud.DataPlane.Tests.KvClient;

public sealed class RawClientTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory, InlineData(true), InlineData(false)]
    public async Task Single_pairs_are_written_read_and_deleted(bool overSocket)
    {
        await using var fixture = await StartAsync();
        var raw = fixture.Connect(overSocket).Raw;
        (await raw.GetAsync(Key("k"), None)).ShouldBeNull();
        await raw.PutAsync(Key("k"), Key("v"), null, None);
        Text(await raw.GetAsync(Key("k"), None)).ShouldBe("v");
        (await raw.GetTimeToLiveAsync(Key("k"), None)).ShouldBe(TimeSpan.MaxValue);
        await raw.DeleteAsync(Key("k"), None);
        (await raw.GetAsync(Key("k"), None)).ShouldBeNull();
        (await raw.GetTimeToLiveAsync(Key("k"), None)).ShouldBeNull();
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Batches_scans_and_range_deletes_agree_with_a_sorted_map(bool overSocket)
    {
        await using var fixture = await StartAsync();
        var raw = fixture.Connect(overSocket).Raw;
        var names = Enumerable.Range(0, 2500).Select(i => $"raw{i:D5}").ToList();
        await raw.BatchPutAsync(names.ConvertAll(name => new KeyValue(Key(name), Key(name))), null, None);
        (await raw.BatchGetAsync([Key("raw00007"), Key("absent"), Key("raw00003")], None)).Select(pair => Text(pair.Key))
            .ShouldBe(["raw00003", "raw00007"]);
        (await raw.ScanAsync(Key("raw01000"), Key("raw02000"), 5000, false, None)).Select(pair => Text(pair.Key))
            .ShouldBe(names.Skip(1000).Take(1000));
        (await raw.ScanAsync(Key("raw01000"), Key("raw02000"), 3, true, None)).Select(pair => Text(pair.Key))
            .ShouldBe(["raw01999", "raw01998", "raw01997"]);
        (await raw.ScanAsync(default, default, 2, true, None)).Select(pair => Text(pair.Key)).ShouldBe(["raw02499", "raw02498"]);
        await raw.DeleteRangeAsync(Key("raw00100"), Key("raw02400"), None);
        await raw.BatchDeleteAsync([Key("raw00000"), Key("raw00001")], None);
        (await raw.ScanAsync(default, default, 5000, false, None)).Select(pair => Text(pair.Key))
            .ShouldBe([.. names.Skip(2).Take(98), .. names.Skip(2400)]);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Scans_of_large_values_miss_nothing_whatever_fits_into_one_answer(bool overSocket)
    {
        await using var fixture = await StartAsync(limits: new StorageLimits { ScanBytesMax = 5 * 1024 * 1024 });
        var cluster = fixture.Connect(overSocket);
        var names = Enumerable.Range(0, 20).Select(i => $"k{i:D2}").ToList();
        await using var transaction = cluster.Begin(await cluster.GetTimestampAsync(None), TransactionMode.Optimistic);
        foreach (var name in names)
        {
            await cluster.Raw.PutAsync(Key(name), new byte[1024 * 1024], null, None);
            transaction.Set(Key(name), new byte[1024 * 1024]);
        }

        await transaction.CommitAsync(None);
        foreach (var reverse in new[] { false, true })
        {
            var expected = reverse ? Enumerable.Reverse(names) : names;
            (await cluster.Raw.ScanAsync(default, default, 100, reverse, None)).Select(pair => Text(pair.Key)).ShouldBe(expected);
            (await TransactionTests.ScanAsync(cluster.GetSnapshot(await cluster.GetTimestampAsync(None)), "", "", reverse: reverse))
                .Select(pair => pair[..3]).ShouldBe(expected);
        }
    }

    [Fact]
    public async Task A_swap_happens_only_where_the_expected_value_is()
    {
        await using var fixture = await StartAsync();
        var raw = fixture.Connect().Raw;
        (await raw.CompareAndSwapAsync(Key("k"), null, Key("1"), null, None)).Swapped.ShouldBeTrue();
        var (swapped, previous) = await raw.CompareAndSwapAsync(Key("k"), null, Key("2"), null, None);
        (swapped, Text(previous)).ShouldBe((false, "1"));
        (await raw.CompareAndSwapAsync(Key("k"), Key("1"), Key("2"), null, None)).Swapped.ShouldBeTrue();
        Text(await raw.GetAsync(Key("k"), None)).ShouldBe("2");
    }

    [Fact]
    public async Task A_swap_whose_answer_is_lost_is_undetermined()
    {
        await using var fixture = await StartAsync();
        var raw = fixture.Connect(faults: new ChannelFaults(new SeededRandom(1)) { MutePaths = [TikvMethods.RawCompareAndSwap.Path] }).Raw;
        (await Should.ThrowAsync<KvException>(async () => await raw.CompareAndSwapAsync(Key("k"), null, Key("1"), null, None)))
            .Code.ShouldBe(KvErrorCode.UndeterminedResult);
    }

    [Fact]
    public async Task A_pair_with_a_time_to_live_tells_what_is_left()
    {
        await using var fixture = await StartAsync();
        var cluster = fixture.Connect();
        var raw = cluster.ExpiringRaw;
        await raw.PutAsync(Key("k"), Key("v"), TimeSpan.FromSeconds(100), None);
        (await cluster.Raw.GetAsync(Key("k"), None)).ShouldBeNull("it is a key space of its own");
        (await Should.ThrowAsync<KvException>(async () => await cluster.Raw.PutAsync(Key("k"), Key("v"), TimeSpan.FromSeconds(1), None)))
            .Code.ShouldBe(KvErrorCode.Fatal);
        (await raw.GetTimeToLiveAsync(Key("k"), None)).ShouldNotBeNull().TotalSeconds.ShouldBeInRange(90, 100);
    }

    [Fact]
    public async Task Raw_and_transactional_keys_do_not_meet()
    {
        await using var fixture = await StartAsync();
        var cluster = fixture.Connect();
        await cluster.Raw.PutAsync(Key("same"), Key("raw"), null, None);
        await TransactionTests.PutAsync(cluster, "same", "transactional");
        Text(await cluster.Raw.GetAsync(Key("same"), None)).ShouldBe("raw");
        var now = cluster.GetSnapshot(await cluster.GetTimestampAsync(None));
        (await TransactionTests.ScanAsync(now, "", "")).ShouldBe(["same=transactional"]);
        (await cluster.Raw.ScanAsync(default, default, 10, false, None)).Count.ShouldBe(1);
    }
}
