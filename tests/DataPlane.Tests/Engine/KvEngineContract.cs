using Cloud.Engine;
using Cloud.Engine.Memory;
using Cloud.Engine.RocksDb;
using Cloud.Kernel;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Engine;

/// <summary>What every engine must do.</summary>
public abstract class KvEngineContract : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private IKvEngine? _engine;

    protected IKvEngine Engine
    {
        get => _engine ??= Open(_directory.Path);
        set => _engine = value;
    }

    protected string DirectoryPath => _directory.Path;

    public void Dispose()
    {
        Engine.Dispose();
        _directory.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void A_missing_key_is_told_from_an_empty_value()
    {
        Put(ColumnFamily.Default, "k", "");
        using var empty = Engine.Get(ColumnFamily.Default, "k"u8);
        empty.Exists.ShouldBeTrue();
        empty.Span.Length.ShouldBe(0);
        using var missing = Engine.Get(ColumnFamily.Default, "x"u8);
        missing.Exists.ShouldBeFalse();
    }

    [Fact]
    public void Families_do_not_see_each_other()
    {
        foreach (var family in Enum.GetValues<ColumnFamily>())
        {
            Put(family, "k", family.ToString());
        }

        foreach (var family in Enum.GetValues<ColumnFamily>())
        {
            Get(Engine, family, "k").ShouldBe(family.ToString());
        }
    }

    [Fact]
    public void A_batch_applies_in_the_order_of_its_calls()
    {
        using var batch = Engine.CreateBatch();
        batch.Put(ColumnFamily.Default, "a"u8, "1"u8);
        batch.DeleteRange(ColumnFamily.Default, "a"u8, "b"u8);
        batch.Put(ColumnFamily.Default, "aa"u8, "2"u8);
        batch.Put(ColumnFamily.Default, "c"u8, "3"u8);
        batch.Delete(ColumnFamily.Default, "c"u8);
        batch.Count.ShouldBe(5);
        Engine.Write(batch);
        Scan(Engine, ColumnFamily.Default, "", "").ShouldBe("aa=2");
        batch.Clear();
        batch.Count.ShouldBe(0);
        Engine.Write(batch);
        Scan(Engine, ColumnFamily.Default, "", "").ShouldBe("aa=2");
    }

    [Fact]
    public void A_snapshot_and_an_iterator_do_not_see_later_writes()
    {
        Put(ColumnFamily.Write, "a", "1");
        using var snapshot = Engine.CreateSnapshot();
        using var iterator = Engine.Iterate(ColumnFamily.Write, default, default);
        Put(ColumnFamily.Write, "a", "2");
        Put(ColumnFamily.Write, "b", "2");
        Get(snapshot, ColumnFamily.Write, "a").ShouldBe("1");
        Scan(snapshot, ColumnFamily.Write, "", "").ShouldBe("a=1");
        iterator.SeekToFirst().ShouldBeTrue();
        iterator.Value.SequenceEqual("1"u8).ShouldBeTrue();
        iterator.Next().ShouldBeFalse();
        Scan(Engine, ColumnFamily.Write, "", "").ShouldBe("a=2 b=2");
    }

    [Fact]
    public void Iterators_keep_to_their_bounds_in_both_directions()
    {
        foreach (var key in new[] { "a", "b", "c", "d" })
        {
            Put(ColumnFamily.Raw, key, key);
        }

        Scan(Engine, ColumnFamily.Raw, "b", "d").ShouldBe("b=b c=c");
        using var iterator = Engine.Iterate(ColumnFamily.Raw, "b"u8, "d"u8);
        iterator.Seek("a"u8).ShouldBeTrue();
        iterator.Key.SequenceEqual("b"u8).ShouldBeTrue();
        iterator.SeekForPrevious("z"u8).ShouldBeTrue();
        iterator.Key.SequenceEqual("c"u8).ShouldBeTrue();
        iterator.Previous().ShouldBeTrue();
        iterator.Previous().ShouldBeFalse();
        iterator.IsValid.ShouldBeFalse();
        iterator.SeekToLast().ShouldBeTrue();
        iterator.Key.SequenceEqual("c"u8).ShouldBeTrue();
        iterator.Seek("d"u8).ShouldBeFalse();
        iterator.SeekForPrevious("a"u8).ShouldBeFalse();
    }

    [Fact]
    public void Random_batches_match_a_sorted_dictionary()
    {
        const ulong seed = 42;
        var random = new SeededRandom(seed);
        var model = new SortedDictionary<string, string>(StringComparer.Ordinal);
        using var batch = Engine.CreateBatch();
        for (var round = 0; round < 300; round++)
        {
            batch.Clear();
            for (var i = random.Next(1, 6); i > 0; i--)
            {
                var key = $"{random.Next(60):D2}";
                switch (random.Next(5))
                {
                    case 0:
                        var upper = $"{random.Next(60):D2}";
                        batch.DeleteRange(ColumnFamily.Default, Bytes(key), Bytes(upper));
                        foreach (var dead in model.Keys.Where(k =>
                            string.CompareOrdinal(k, key) >= 0 && string.CompareOrdinal(k, upper) < 0).ToList())
                        {
                            model.Remove(dead);
                        }

                        break;
                    case 1:
                        batch.Delete(ColumnFamily.Default, Bytes(key));
                        model.Remove(key);
                        break;
                    default:
                        batch.Put(ColumnFamily.Default, Bytes(key), Bytes($"{round}"));
                        model[key] = $"{round}";
                        break;
                }
            }

            Engine.Write(batch);
            Scan(Engine, ColumnFamily.Default, "", "")
                .ShouldBe(string.Join(' ', model.Select(p => $"{p.Key}={p.Value}")), $"seed {seed}, round {round}");
            var probe = $"{random.Next(60):D2}";
            using var iterator = Engine.Iterate(ColumnFamily.Default, default, default);
            var expected = model.Keys.LastOrDefault(k => string.CompareOrdinal(k, probe) <= 0);
            (iterator.SeekForPrevious(Bytes(probe)) ? Text(iterator.Key) : null).ShouldBe(expected, $"seed {seed}, round {round}");
        }
    }

    [Fact]
    public void Sizes_grow_with_the_data()
    {
        var value = new byte[4096];
        new SeededRandom(1).NextBytes(value);
        using var batch = Engine.CreateBatch();
        for (var i = 0; i < 200; i++)
        {
            batch.Put(ColumnFamily.Default, Bytes($"k{i:D4}"), value);
        }

        Engine.Write(batch);
        Engine.Flush();
        Engine.ApproximateBytes(ColumnFamily.Default, default, default).ShouldBeGreaterThan(500_000);
        Engine.ApproximateBytes(ColumnFamily.Lock, default, default).ShouldBeLessThan(100_000);
    }

    internal static byte[] Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    internal static string Text(ReadOnlySpan<byte> bytes) => System.Text.Encoding.UTF8.GetString(bytes);

    internal static string? Get(IKvReader reader, ColumnFamily family, string key)
    {
        using var value = reader.Get(family, Bytes(key));
        return value.Exists ? Text(value.Span) : null;
    }

    internal static string Scan(IKvReader reader, ColumnFamily family, string lower, string upper)
    {
        using var iterator = reader.Iterate(family, Bytes(lower), Bytes(upper));
        var pairs = new List<string>();
        for (var valid = iterator.SeekToFirst(); valid; valid = iterator.Next())
        {
            pairs.Add($"{Text(iterator.Key)}={Text(iterator.Value)}");
        }

        return string.Join(' ', pairs);
    }

    protected abstract IKvEngine Open(string directory);

    protected void Put(ColumnFamily family, string key, string value)
    {
        using var batch = Engine.CreateBatch();
        batch.Put(family, Bytes(key), Bytes(value));
        Engine.Write(batch);
    }
}

public sealed class MemoryEngineTests : KvEngineContract
{
    [Fact]
    public void A_crash_leaves_the_last_synced_state()
    {
        Put(ColumnFamily.Default, "a", "1");
        Engine.Sync();
        Put(ColumnFamily.Default, "b", "2");
        ((MemoryEngine)Engine).Crash();
        Scan(Engine, ColumnFamily.Default, "", "").ShouldBe("a=1");
    }

    protected override IKvEngine Open(string directory) => new MemoryEngine();
}

public sealed class RocksEngineTests : KvEngineContract
{
    [Fact]
    public void Everything_written_is_there_after_reopening()
    {
        Put(ColumnFamily.Raw, "a", "1");
        Engine.Sync();
        Put(ColumnFamily.Write, "b", "2");
        Engine.Dispose();
        Engine = Open(DirectoryPath);
        Scan(Engine, ColumnFamily.Raw, "", "").ShouldBe("a=1");
        Scan(Engine, ColumnFamily.Write, "", "").ShouldBe("b=2");
    }

    [Fact]
    public void A_folder_in_use_is_refused_with_its_name()
    {
        Put(ColumnFamily.Default, "a", "1");
        var error = Should.Throw<EngineException>(() => Open(DirectoryPath));
        error.Message.ShouldContain(DirectoryPath);
        error.Message.ShouldContain("lock");
    }

    [Fact]
    public void A_checkpoint_is_an_openable_copy_of_its_moment()
    {
        Put(ColumnFamily.Default, "a", "1");
        using var folder = new TemporaryDirectory();
        var copy = Path.Combine(folder.Path, "copy");
        Engine.CreateCheckpoint(copy);
        Put(ColumnFamily.Default, "a", "2");
        using var opened = Open(copy);
        Get(opened, ColumnFamily.Default, "a").ShouldBe("1");
    }

    [Fact]
    public void Closing_waits_for_open_iterators()
    {
        Put(ColumnFamily.Default, "a", "1");
        using var iterator = Engine.Iterate(ColumnFamily.Default, default, default);
        Engine.Dispose();
        iterator.SeekToFirst().ShouldBeTrue();
        iterator.Value.SequenceEqual("1"u8).ShouldBeTrue();
    }

    [Fact]
    public void A_missing_library_is_named_with_its_remedy()
    {
        var error = Should.Throw<EngineException>(() => RocksLibrary.Find("/nowhere/librocksdb.so"));
        error.Message.ShouldContain("/nowhere/librocksdb.so");
        RocksLibrary.Candidates().ShouldContain("librocksdb.so.7.8");
        RocksLibrary.Candidates().ShouldContain("librocksdb.so.9.10");
    }

    protected override IKvEngine Open(string directory) => RocksEngine.Open(directory, new RocksOptions());
}
