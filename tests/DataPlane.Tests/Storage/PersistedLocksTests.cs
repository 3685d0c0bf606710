using System.Text;
using Cloud.Engine;
using Cloud.Engine.Memory;
using Cloud.Kernel;
using Cloud.Storage.Mvcc;
using Shouldly;
using Xunit;
using static Cloud.DataPlane.Tests.Storage.TestStore;

namespace Cloud.DataPlane.Tests.Storage;

public sealed class PersistedLocksTests
{
    [Theory, InlineData(int.MaxValue), InlineData(8)]
    public void The_set_names_every_lock_of_the_family_or_says_that_it_does_not_know(int keysMax)
    {
        const ulong seed = 7;
        var random = new SeededRandom(seed);
        using var engine = new MemoryEngine();
        using var batch = engine.CreateBatch();
        var locks = new PersistedLocks(engine, keysMax);
        var (knew, didNotKnow) = (0, 0);
        for (var round = 0; round < 2000; round++)
        {
            // Waves of puts and of deletions, so that the bound is passed again and again in both directions.
            var changes = Enumerable.Range(0, random.Next(1, 5)).Select(_ => Change(random, putOdds: round / 50 % 2 == 0 ? 8 : 2)).ToList();
            Write(locks, batch, changes);
            var names = new List<byte[]>();
            if (locks.TryList(Key(5), Key(35), 100, names, out _))
            {
                knew++;
                names.Select(Text).ShouldBe(Family(engine, Key(5), Key(35)), $"seed {seed}, round {round}");
            }
            else
            {
                didNotKnow++;
            }
        }

        knew.ShouldBeGreaterThan(100);
        (didNotKnow > 100).ShouldBe(keysMax == 8);
        new PersistedLocks(engine).TryList(Key(0), Key(99), 100, [], out _).ShouldBeTrue();
    }

    [Fact]
    public void A_batch_that_adds_locks_moves_the_version()
    {
        using var engine = new MemoryEngine();
        using var batch = engine.CreateBatch();
        var locks = new PersistedLocks(engine);
        locks.TryList(Key(0), Key(9), 10, [], out var before).ShouldBeTrue();
        Write(locks, batch, [new LockChange(Key(1), IsPut: true)]);
        locks.Version.ShouldNotBe(before);
    }

    [Fact]
    public async Task Scans_meet_locks_of_an_earlier_life_few_and_many()
    {
        using var directory = new Cloud.DataPlane.Tests.Engine.TemporaryDirectory();
        var pd = new FakePd();
        await using (var first = await OpenAsync(directory, pd))
        {
            await first.Put(("a", "1"), ("b", "2"), ("c", "3"));
            (await first.Prewrite(first.Ts(), ("b", "locked"))).Errors.Count.ShouldBe(0);
        }

        await using var store = await OpenAsync(directory, pd);
        (await store.Scan("a", "z", store.Ts())).ShouldBe("a=1 !b c=3");
        (await store.Scan("z", "a", store.Ts(), reverse: true)).ShouldBe("c=3 !b a=1");
        var many = Enumerable.Range(0, 50).Select(i => ($"d{i:D2}", (string?)"x")).ToArray();
        (await store.Prewrite(store.Ts(), many)).Errors.Count.ShouldBe(0);
        (await store.Scan("a", "z", store.Ts())).ShouldBe("a=1 !b c=3 " + string.Join(' ', many.Select(write => "!" + write.Item1)));
        (await store.Scan("z", "d", store.Ts(), limit: 2, reverse: true)).ShouldBe("!d49 !d48");
    }

    [Fact]
    public async Task A_scan_does_not_walk_the_tombstones_of_released_locks()
    {
        await using var store = await OpenAsync();
        var writes = Enumerable.Range(0, 3000).Select(i => ($"k{i:D5}", (string?)"v")).ToArray();
        await store.Put(writes[..10]);
        var clean = await MeasureAsync(store, store.Ts());
        for (var i = 0; i < 5; i++)
        {
            await store.Put(writes);
        }

        // Fifteen thousand tombstones: walked, they would cost milliseconds; the limit is far from both.
        var after = await MeasureAsync(store, store.Ts());
        after.ShouldBeLessThan((clean * 3) + TimeSpan.FromMilliseconds(0.5));
    }

    /// <summary>The fastest of many scans, which is what the machine's other work disturbs least.</summary>
    private static async Task<TimeSpan> MeasureAsync(TestStore store, ulong ts)
    {
        var fastest = TimeSpan.MaxValue;
        for (var i = 0; i < 30; i++)
        {
            var begun = TimeProvider.System.GetTimestamp();
            await store.Scan("k", "l", ts, limit: 10);
            var taken = TimeProvider.System.GetElapsedTime(begun);
            fastest = taken < fastest ? taken : fastest;
        }

        return fastest;
    }

    private static LockChange Change(SeededRandom random, int putOdds) => random.Next(10) < putOdds
        ? new LockChange(Key(random.Next(40)), IsPut: true)
        : random.Next(6) == 0
            ? new LockChange(Key(random.Next(40)), IsPut: false, Upper: Key(random.Next(40)))
            : new LockChange(Key(random.Next(40)), IsPut: false);

    private static void Write(PersistedLocks locks, IKvWriteBatch batch, List<LockChange> changes)
    {
        batch.Clear();
        foreach (var change in changes)
        {
            if (change.IsPut)
            {
                batch.Put(ColumnFamily.Lock, change.Key, "lock"u8);
            }
            else if (change.Upper is null)
            {
                batch.Delete(ColumnFamily.Lock, change.Key);
            }
            else
            {
                batch.DeleteRange(ColumnFamily.Lock, change.Key, change.Upper);
            }
        }

        locks.Write(batch, changes);
    }

    private static List<string> Family(MemoryEngine engine, byte[] lower, byte[] upper)
    {
        var keys = new List<string>();
        using var iterator = engine.Iterate(ColumnFamily.Lock, lower, upper);
        for (var valid = iterator.SeekToFirst(); valid; valid = iterator.Next())
        {
            keys.Add(Text(iterator.Key.ToArray()));
        }

        return keys;
    }

    private static byte[] Key(int number) => Encoding.UTF8.GetBytes($"{number:D2}");

    private static string Text(byte[] key) => Encoding.UTF8.GetString(key);
}
