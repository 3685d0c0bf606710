using System.Text.Json;
using Cloud.DataPlane.Tests.Engine;
using Cloud.Engine;
using Cloud.Kernel;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Storage;
using Shouldly;
using Xunit;
using static Cloud.DataPlane.Tests.Storage.TestStore;

namespace Cloud.DataPlane.Tests.Storage;

/// <summary>What a crash leaves is opened again; what a client was told holds.</summary>
public sealed class RecoveryTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly FakePd _pd = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Acknowledged_writes_and_locks_are_there_after_a_clean_restart()
    {
        ulong start;
        ulong store;
        await using (var first = await TestStore.OpenAsync(_directory, _pd))
        {
            store = first.Server.StoreId;
            await first.Put(("a", "1"));
            start = first.Ts();
            await first.Prewrite(start, ("p", "2"), ("s", "2"));
        }

        await using var second = await TestStore.OpenAsync(_directory, _pd);
        second.Server.StoreId.ShouldBe(store);
        (await second.Get("a")).ShouldBe("1");
        (await second.Get("s")).ShouldBe("locked");
        (await second.Commit(start, second.Ts(), "p", "s")).Error.ShouldBeNull();
        (await second.Get("s")).ShouldBe("2");
    }

    [Fact]
    public async Task Whatever_a_crash_takes_from_the_engine_the_log_brings_back()
    {
        const ulong seed = 11;
        var random = new SeededRandom(seed);
        using var images = new TemporaryDirectory();
        await using (var store = await TestStore.OpenAsync(_directory, _pd))
        {
            for (var round = 0; round < 12; round++)
            {
                for (var i = 0; i < 20; i++)
                {
                    await RawPut(store, $"k{i}", $"{round}");
                }

                // A crash of the process, and of the machine: the engine's log was not synced, so any part of its end
                // may be missing.
                var image = Path.Combine(images.Path, $"{round}");
                TemporaryDirectory.Copy(_directory.Path, image);
                foreach (var log in Directory.GetFiles(Path.Combine(image, "kv"), "*.log"))
                {
                    await using var file = new FileStream(log, FileMode.Open);
                    file.SetLength(random.Next((int)file.Length + 1));
                }
            }
        }

        for (var round = 0; round < 12; round++)
        {
            using var image = new TemporaryDirectory();
            TemporaryDirectory.Copy(Path.Combine(images.Path, $"{round}"), image.Path + "/data");
            await using var store = await TestStore.OpenAsync(
                image, _pd, change: options => options with { DataDirectory = image.Path + "/data" });
            for (var i = 0; i < 20; i++)
            {
                (await RawGet(store, $"k{i}")).ShouldBe($"{round}", $"seed {seed}, round {round}, key {i}");
            }
        }
    }

    [Fact]
    public async Task A_torn_end_of_the_log_loses_only_what_was_never_acknowledged()
    {
        const ulong seed = 12;
        var random = new SeededRandom(seed);
        await using (var store = await TestStore.OpenAsync(_directory, _pd))
        {
            for (var i = 0; i < 10; i++)
            {
                await RawPut(store, $"k{i}", "kept");
            }
        }

        for (var round = 0; round < 10; round++)
        {
            // A frame that was being written when the machine stopped.
            var torn = new byte[random.Next(1, 300)];
            random.NextBytes(torn);
            var file = Directory.GetFiles(Path.Combine(_directory.Path, "raft")).Max(StringComparer.Ordinal)!;
            await File.AppendAllBytesAsync(file, torn);
            await using var store = await TestStore.OpenAsync(_directory, _pd);
            for (var i = 0; i < 10; i++)
            {
                (await RawGet(store, $"k{i}")).ShouldBe("kept", $"seed {seed}, round {round}");
            }

            await RawPut(store, $"new{round}", "1");
        }
    }

    [Fact]
    public async Task A_purged_log_and_its_engine_agree_after_a_crash()
    {
        var limits = new StorageLimits { LogBytesMax = ByteSize.FromKiB(64) };
        using var image = new TemporaryDirectory();
        await using (var store = await TestStore.OpenAsync(
            _directory, _pd, limits, o => o with { PurgeInterval = TimeSpan.FromMilliseconds(20) }))
        {
            var value = new string('x', 40_000);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            var first = Path.Combine(_directory.Path, "raft", "00000000000000000001.log");
            for (var i = 0; File.Exists(first); i++)
            {
                limit.IsCancellationRequested.ShouldBeFalse("the first log file was to be purged");
                await RawPut(store, $"k{i % 50}", value);
            }

            await RawPut(store, "last", "1");
            TemporaryDirectory.Copy(_directory.Path, image.Path + "/data");
        }

        await using var copy = await TestStore.OpenAsync(
            image, _pd, change: o => o with { DataDirectory = image.Path + "/data" });
        (await RawGet(copy, "last")).ShouldBe("1");
        (await RawGet(copy, "k0")).Length.ShouldBe(40_000);
    }

    [Fact]
    public async Task A_lost_log_is_refused()
    {
        await using (var store = await TestStore.OpenAsync(_directory, _pd))
        {
            await RawPut(store, "a", "1");
        }

        Directory.Delete(Path.Combine(_directory.Path, "raft"), recursive: true);
        var error = await Should.ThrowAsync<EngineException>(async () => await TestStore.OpenAsync(_directory, _pd));
        error.Message.ShouldContain("entries are missing");
    }

    [Fact]
    public async Task A_folder_of_another_cluster_or_format_is_refused_with_a_remedy()
    {
        await using (await TestStore.OpenAsync(_directory, _pd))
        {
        }

        var error = await Should.ThrowAsync<EngineException>(async () =>
            await TestStore.OpenAsync(_directory, _pd, change: o => o with { PdClusterId = 8 }));
        error.Message.ShouldContain("of cluster 7, not to cluster 8");
        var path = Path.Combine(_directory.Path, "store.json");
        var ident = JsonSerializer.Deserialize<Dictionary<string, ulong>>(await File.ReadAllTextAsync(path))!;
        ident["formatVersion"] = 9;
        await File.WriteAllTextAsync(path, JsonSerializer.Serialize(ident));
        (await Should.ThrowAsync<EngineException>(
            async () => await TestStore.OpenAsync(_directory, _pd))).Message.ShouldContain("has format 9");
    }

    [Fact]
    public async Task A_store_that_died_before_the_bootstrap_was_heard_offers_the_same_region_again()
    {
        await using (var store = await TestStore.OpenAsync(_directory, _pd))
        {
            _pd.Region!.Peers[0].StoreId.ShouldBe(store.Server.StoreId);
        }

        var region = _pd.Region;
        _pd.Region = null; // PD lost the answer, or never got the request.
        await using var again = await TestStore.OpenAsync(_directory, _pd);
        _pd.Region.ShouldBe(region);
    }

    [Fact]
    public async Task Every_life_has_a_higher_term_and_timestamps_above_the_last()
    {
        for (var life = 0; life < 3; life++)
        {
            await using var store = await TestStore.OpenAsync(_directory, _pd);
            var start = store.Ts();
            var request = store.PrewriteOf(start, ("k", $"{life}"));
            request.TryOnePc = true;
            (await store.Send(request)).OnePcCommitTs.ShouldBeGreaterThan(start);
            (await store.Get("k")).ShouldBe($"{life}");
        }
    }

    private static async Task RawPut(TestStore store, string key, string value)
    {
        var response = await store.Call(
            TikvMethods.RawPut, new RawPutRequest { Context = store.Context, Key = B(key), Value = B(value) });
        response.RegionError.ShouldBeNull();
        response.Error.ShouldBeEmpty();
    }

    private static async Task<string> RawGet(TestStore store, string key)
    {
        var response = await store.Call(
            TikvMethods.RawGet, new RawGetRequest { Context = store.Context, Key = B(key) });
        response.RegionError.ShouldBeNull();
        return response.NotFound ? "-" : response.Value.ToStringUtf8();
    }
}
