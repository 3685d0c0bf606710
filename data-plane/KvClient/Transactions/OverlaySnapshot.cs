using System.Runtime.CompilerServices;

namespace Cloud.KvClient.Transactions;

/// <summary>A snapshot with a transaction's own writes on top.</summary>
internal sealed class OverlaySnapshot(IKvSnapshot below, WriteBuffer writes) : IKvSnapshot
{
    public ulong ReadTimestamp => below.ReadTimestamp;

    public ValueTask<byte[]?> GetAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken) =>
        writes.Count > 0 && writes.TryGet(key.ToArray(), out var own) && own.Decides
            ? new(own.HasValue ? own.Value : null)
            : below.GetAsync(key, cancellationToken);

    public async ValueTask<IReadOnlyList<KeyValue>> BatchGetAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> keys, CancellationToken cancellationToken)
    {
        var own = new List<KeyValue>();
        var others = new List<ReadOnlyMemory<byte>>(keys.Count);
        foreach (var key in keys)
        {
            if (!writes.TryGet(key.ToArray(), out var write) || !write.Decides)
            {
                others.Add(key);
            }
            else if (write.HasValue)
            {
                own.Add(new KeyValue(write.Key, write.Value));
            }
        }

        var found = others.Count == 0 ? [] : await below.BatchGetAsync(others, cancellationToken);
        if (own.Count == 0)
        {
            return found;
        }

        own.AddRange(found);
        own.Sort(static (left, right) => left.Key.AsSpan().SequenceCompareTo(right.Key));
        return own;
    }

    public async IAsyncEnumerable<IReadOnlyList<KeyValue>> ScanAsync(
        ReadOnlyMemory<byte> start,
        ReadOnlyMemory<byte> end,
        int limit,
        bool reverse,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var own = writes.Range(start.ToArray(), end.ToArray());
        if (reverse)
        {
            own.Reverse();
        }

        // Own deletes may swallow as many pairs of the snapshot.
        var left = limit > 0 ? limit : int.MaxValue;
        var snapshotLimit = limit > 0 ? (int)Math.Min(int.MaxValue, limit + (long)own.Count(static write => !write.HasValue)) : 0;
        var merge = new ScanMerge(own, reverse);
        await foreach (var batch in below.ScanAsync(start, end, snapshotLimit, reverse, cancellationToken))
        {
            var merged = merge.Merge(batch, left);
            if (merged.Count > 0)
            {
                left -= merged.Count;
                yield return merged;
            }

            if (left == 0)
            {
                yield break;
            }
        }

        var rest = merge.Rest(left);
        if (rest.Count > 0)
        {
            yield return rest;
        }
    }

    /// <summary>Merges ordered pairs with ordered writes; where both have a key, the write decides.</summary>
    private sealed class ScanMerge(List<BufferedWrite> own, bool reverse)
    {
        private int _next;

        public List<KeyValue> Merge(IReadOnlyList<KeyValue> batch, int limit)
        {
            var merged = new List<KeyValue>(batch.Count);
            foreach (var pair in batch)
            {
                TakeBefore(pair.Key, merged, limit);
                if (merged.Count == limit)
                {
                    return merged;
                }

                if (_next < own.Count && Compare(own[_next].Key, pair.Key) == 0)
                {
                    Take(merged);
                }
                else
                {
                    merged.Add(pair);
                }

                if (merged.Count == limit)
                {
                    return merged;
                }
            }

            return merged;
        }

        public List<KeyValue> Rest(int limit)
        {
            var merged = new List<KeyValue>();
            while (_next < own.Count && merged.Count < limit)
            {
                Take(merged);
            }

            return merged;
        }

        private void TakeBefore(byte[] key, List<KeyValue> merged, int limit)
        {
            while (_next < own.Count && merged.Count < limit && Compare(own[_next].Key, key) < 0)
            {
                Take(merged);
            }
        }

        private void Take(List<KeyValue> merged)
        {
            var write = own[_next++];
            if (write.HasValue)
            {
                merged.Add(new KeyValue(write.Key, write.Value));
            }
        }

        private int Compare(byte[] left, byte[] right)
        {
            var order = left.AsSpan().SequenceCompareTo(right);
            return reverse ? -order : order;
        }
    }
}
