using System.Runtime.CompilerServices;
using Cloud.Kernel;
using Cloud.KvClient;
using Cloud.KvClient.Transactions;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Cloud.DataPlane.Tests.KvClient;

public sealed class OverlaySnapshotTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Reads_see_own_writes_as_if_they_were_committed()
    {
        const ulong seed = 5;
        output.WriteLine($"seed {seed}");
        var random = new SeededRandom(seed);
        for (var round = 0; round < 300; round++)
        {
            var (below, model, writes) = Prepare(random);
            var view = new OverlaySnapshot(new ListSnapshot(below, random.Next(1, 6)), writes);
            await CompareScanAsync(view, model, random);
            var keys = Enumerable.Range(0, 30).Where(_ => random.Chance(0.3)).Select(number => (ReadOnlyMemory<byte>)Key(number)).ToList();
            Names(await view.BatchGetAsync(keys, CancellationToken.None))
                .ShouldBe(model.Where(pair => keys.Exists(key => key.Span[1] == pair.Key)).Select(pair => (pair.Key, pair.Value)));
            foreach (var key in keys)
            {
                var found = await view.GetAsync(key, CancellationToken.None);
                (found?[0]).ShouldBe(model.TryGetValue(key.Span[1], out var value) ? value : null);
            }
        }
    }

    private static async Task CompareScanAsync(OverlaySnapshot view, SortedDictionary<byte, byte> model, SeededRandom random)
    {
        var (low, high, limit, reverse) = (random.Next(30), random.Next(31), random.Next(8), random.Chance(0.5));
        var end = random.Chance(0.2) ? [] : Key(high);
        var expected = model.Where(pair => pair.Key >= low && (end.Length == 0 || pair.Key < high)).Select(pair => (pair.Key, pair.Value));
        expected = reverse ? expected.Reverse() : expected;
        expected = limit > 0 ? expected.Take(limit) : expected;
        var scanned = new List<KeyValue>();
        await foreach (var batch in view.ScanAsync(Key(low), end, limit, reverse, CancellationToken.None))
        {
            batch.Count.ShouldBeGreaterThan(0);
            scanned.AddRange(batch);
        }

        Names(scanned).ShouldBe(expected);
    }

    private static (List<KeyValue> Below, SortedDictionary<byte, byte> Model, WriteBuffer Writes) Prepare(SeededRandom random)
    {
        var model = new SortedDictionary<byte, byte>();
        foreach (var number in Enumerable.Range(0, 30).Where(_ => random.Chance(0.5)))
        {
            model[(byte)number] = 1;
        }

        var below = model.Select(pair => new KeyValue(Key(pair.Key), [pair.Value])).ToList();
        var writes = new WriteBuffer();
        for (var i = random.Next(12); i > 0; i--)
        {
            var number = (byte)random.Next(30);
            if (random.Chance(0.4))
            {
                writes.Delete(Key(number));
                model.Remove(number);
            }
            else if (random.Chance(0.2))
            {
                writes.Lock(Key(number));
            }
            else
            {
                writes.Put(Key(number), [2]);
                model[number] = 2;
            }
        }

        return (below, model, writes);
    }

    private static byte[] Key(int number) => [(byte)'k', (byte)number];

    private static IEnumerable<(byte, byte)> Names(IEnumerable<KeyValue> pairs) => pairs.Select(pair => (pair.Key[1], pair.Value[0]));

    /// <summary>Pairs that do not change, handed out in batches.</summary>
    private sealed class ListSnapshot(List<KeyValue> pairs, int batch) : IKvSnapshot
    {
        public ulong ReadTimestamp => 1;

        public ValueTask<byte[]?> GetAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken) =>
            new(pairs.Find(pair => pair.Key.AsSpan().SequenceEqual(key.Span)).Value);

        public ValueTask<IReadOnlyList<KeyValue>> BatchGetAsync(
            IReadOnlyList<ReadOnlyMemory<byte>> keys, CancellationToken cancellationToken) =>
            new(pairs.FindAll(pair => keys.Any(key => pair.Key.AsSpan().SequenceEqual(key.Span))));

        public async IAsyncEnumerable<IReadOnlyList<KeyValue>> ScanAsync(
            ReadOnlyMemory<byte> start,
            ReadOnlyMemory<byte> end,
            int limit,
            bool reverse,
            [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.Yield();
            var range = pairs.Where(pair =>
                pair.Key.AsSpan().SequenceCompareTo(start.Span) >= 0
                && (end.Length == 0 || pair.Key.AsSpan().SequenceCompareTo(end.Span) < 0));
            range = reverse ? range.Reverse() : range;
            foreach (var chunk in (limit > 0 ? range.Take(limit) : range).Chunk(batch))
            {
                yield return chunk;
            }
        }
    }
}
