using System.Text;
using Cloud.Kernel;
using Cloud.Pd.Meta;
using Cloud.TestKit;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Cloud.DataPlane.Tests.Pd;

public sealed class MetaStoreTests(ITestOutputHelper output)
{
    [Fact]
    public async Task What_was_acknowledged_is_there_after_reopening_with_its_revisions()
    {
        using var folder = new TemporaryFolder();
        await using (var store = MetaStore.Open(folder.Path))
        {
            (await ProposeAsync(store, Put("a", "1").Put("b", Bytes("2")))).ShouldBe(1);
            (await ProposeAsync(store, Put("a", "3"))).ShouldBe(2);
            (await ProposeAsync(store, new MetaTransaction().Delete("b"))).ShouldBe(3);
        }

        await using var again = MetaStore.Open(folder.Path);
        again.Revision.ShouldBe(3);
        Dump(again).ShouldBe("a=3 created 1 modified 2 version 2");
        (await ProposeAsync(again, Put("b", "4"))).ShouldBe(4);
        Dump(again).ShouldBe("a=3 created 1 modified 2 version 2; b=4 created 4 modified 4 version 1");
    }

    [Fact]
    public async Task A_torn_append_is_cut_off_wherever_it_was_torn()
    {
        using var folder = new TemporaryFolder();
        string whole;
        await using (var store = MetaStore.Open(folder.Path))
        {
            await ProposeAsync(store, Put("kept", "1"));
            whole = Dump(store);
        }

        var path = Path.Combine(folder.Path, "meta.log");
        var before = await File.ReadAllBytesAsync(path);
        await using (var store = MetaStore.Open(folder.Path))
        {
            await ProposeAsync(store, Put("torn", "2"));
        }

        var after = await File.ReadAllBytesAsync(path);
        for (var length = before.Length; length < after.Length; length++)
        {
            await File.WriteAllBytesAsync(path, after[..length]);
            await using var store = MetaStore.Open(folder.Path);
            Dump(store).ShouldBe(whole);
            new FileInfo(path).Length.ShouldBe(before.Length);
        }
    }

    [Fact]
    public async Task Damage_before_the_last_append_is_refused()
    {
        using var folder = new TemporaryFolder();
        await using (var store = MetaStore.Open(folder.Path))
        {
            await ProposeAsync(store, Put("first", "1"));
            await ProposeAsync(store, Put("second", "2"));
        }

        var path = Path.Combine(folder.Path, "meta.log");
        var bytes = await File.ReadAllBytesAsync(path);
        bytes[MetaFiles.HeadBytes + MetaFiles.FrameHeadBytes + 3] ^= 1;
        await File.WriteAllBytesAsync(path, bytes);
        Should.Throw<PdStateException>(() => MetaStore.Open(folder.Path)).Message.ShouldContain("damaged");
    }

    [Theory, InlineData("meta.log"), InlineData("meta.snapshot")]
    public async Task A_file_of_another_version_is_refused(string name)
    {
        using var folder = new TemporaryFolder();
        await WriteUntilCompactedAsync(folder.Path);
        var path = Path.Combine(folder.Path, name);
        var bytes = await File.ReadAllBytesAsync(path);
        bytes[4] = 99;
        await File.WriteAllBytesAsync(path, bytes);
        Should.Throw<PdStateException>(() => MetaStore.Open(folder.Path)).Message.ShouldContain("version 99");
    }

    [Fact]
    public async Task A_crash_between_the_snapshot_and_the_new_log_loses_and_repeats_nothing()
    {
        using var folder = new TemporaryFolder();
        var log = Path.Combine(folder.Path, "meta.log");
        await WriteUntilCompactedAsync(folder.Path, beforeLast: () => File.Copy(log, log + ".kept"));
        string expected;
        await using (var store = MetaStore.Open(folder.Path))
        {
            expected = Dump(store);
        }

        File.Move(log + ".kept", log, overwrite: true); // The old log, whose transactions the snapshot already holds.
        await using var again = MetaStore.Open(folder.Path);
        Dump(again).ShouldBe(expected);
    }

    [Fact]
    public async Task Concurrent_proposals_all_become_durable()
    {
        using var folder = new TemporaryFolder();
        await using (var store = MetaStore.Open(folder.Path))
        {
            await Task.WhenAll(Enumerable.Range(0, 200).Select(i => ProposeAsync(store, Put($"k{i:D3}", "v")).AsTask()));
        }

        await using var again = MetaStore.Open(folder.Path);
        again.Revision.ShouldBe(200);
        again.Read(static map => map.Count).ShouldBe(200);
    }

    [Fact]
    public void Ranges_agree_with_a_sorted_list()
    {
        const ulong seed = 3;
        output.WriteLine($"seed {seed}");
        var random = new SeededRandom(seed);
        var map = new MetaMap();
        var model = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (var step = 0; step < 2000; step++)
        {
            var key = $"{(char)('a' + random.Next(5))}{random.Next(10)}";
            if (random.Chance(0.3))
            {
                map.Apply(new MetaTransaction().Delete(key));
                model.Remove(key);
            }
            else
            {
                map.Apply(Put(key, step.ToString(System.Globalization.CultureInfo.InvariantCulture)));
                model[key] = step.ToString(System.Globalization.CultureInfo.InvariantCulture);
            }

            var (start, end) = ($"{(char)('a' + random.Next(5))}", random.Chance(0.2) ? null : $"{(char)('a' + random.Next(5))}{random.Next(10)}");
            var found = map.Range(Bytes(start), end is null ? null : Bytes(end)).Select(entry => Encoding.UTF8.GetString(entry.Key));
            found.ShouldBe(model.Keys.Where(k =>
                string.CompareOrdinal(k, start) >= 0 && (end is null || string.CompareOrdinal(k, end) < 0)));
        }
    }

    private static async Task WriteUntilCompactedAsync(string folder, Action? beforeLast = null)
    {
        var value = new byte[1_000_000];
        await using var store = MetaStore.Open(folder);
        for (var i = 0; i < 5; i++)
        {
            if (i == 4)
            {
                beforeLast?.Invoke();
            }

            await store.ProposeAsync(new MetaTransaction().Put($"large{i}", value), CancellationToken.None);
        }

        await Eventually.TrueAsync(
            () => File.Exists(Path.Combine(folder, "meta.snapshot")) && new FileInfo(Path.Combine(folder, "meta.log")).Length < 1000,
            "a snapshot and a new log");
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static MetaTransaction Put(string key, string value) => new MetaTransaction().Put(key, Bytes(value));

    private static ValueTask<long> ProposeAsync(MetaStore store, MetaTransaction transaction) =>
        store.ProposeAsync(transaction, CancellationToken.None);

    private static string Dump(MetaStore store) => store.Read(map => string.Join("; ", map.All().Select(entry =>
        $"{Encoding.UTF8.GetString(entry.Key)}={(entry.Value.Length < 10 ? Encoding.UTF8.GetString(entry.Value) : $"{entry.Value.Length} bytes")}"
        + $" created {entry.CreateRevision} modified {entry.ModRevision} version {entry.Version}")));
}
