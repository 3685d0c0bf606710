using System.Runtime.CompilerServices;
using Cloud.KvClient;

namespace Cloud.DataPlane.Tests.Fakes;

/// <summary>Reads of the fake at one timestamp, seen through the writes of a transaction where there is one.</summary>
internal class FakeSnapshot(FakeKvTransactions store, ulong readTimestamp, SortedList<byte[], FakeWrite>? overlay = null) : IKvSnapshot
{
    private const int BatchRows = 64;

    public ulong ReadTimestamp => readTimestamp;

    public ValueTask<byte[]?> GetAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Interlocked.Increment(ref store.Reads);
        return new ValueTask<byte[]?>(Value(key.ToArray()));
    }

    public ValueTask<IReadOnlyList<KeyValue>> BatchGetAsync(IReadOnlyList<ReadOnlyMemory<byte>> keys, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Interlocked.Increment(ref store.Reads);
        var pairs = new List<KeyValue>();
        foreach (var key in keys.Select(key => key.ToArray()).Order(ByteOrder.Instance))
        {
            if (Value(key) is { } value)
            {
                pairs.Add(new KeyValue(key, value));
            }
        }

        return new ValueTask<IReadOnlyList<KeyValue>>(pairs);
    }

    public async IAsyncEnumerable<IReadOnlyList<KeyValue>> ScanAsync(
        ReadOnlyMemory<byte> start,
        ReadOnlyMemory<byte> end,
        int limit,
        bool reverse,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        Interlocked.Increment(ref store.Scans);
        var pairs = Merge(store.Range(start.ToArray(), end.ToArray(), readTimestamp), start.ToArray(), end.ToArray());
        if (reverse)
        {
            pairs.Reverse();
        }

        foreach (var batch in pairs.Take(limit == 0 ? int.MaxValue : limit).Chunk(BatchRows))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return batch;
        }
    }

    private byte[]? Value(byte[] key) =>
        overlay is not null && overlay.TryGetValue(key, out var write) ? write.Value : store.Read(key, readTimestamp);

    private List<KeyValue> Merge(List<KeyValue> committed, byte[] start, byte[] end)
    {
        if (overlay is null || overlay.Count == 0)
        {
            return committed;
        }

        var merged = new SortedList<byte[], byte[]>(ByteOrder.Instance);
        foreach (var pair in committed)
        {
            merged.Add(pair.Key, pair.Value);
        }

        foreach (var (key, write) in overlay)
        {
            if (ByteOrder.Instance.Compare(key, start) < 0 || (end.Length > 0 && ByteOrder.Instance.Compare(key, end) >= 0))
            {
                continue;
            }

            merged.Remove(key);
            if (write.Value is not null)
            {
                merged.Add(key, write.Value);
            }
        }

        return merged.Select(pair => new KeyValue(pair.Key, pair.Value)).ToList();
    }
}
