using Cloud.Codec;

namespace Cloud.Storage.Mvcc;

/// <summary>
/// The largest timestamp that anyone has read at, and the locks of transactions that choose their commit timestamp here
/// (asynchronous and one-phase commit) while they are on their way to the engine.
/// <para>Invariant. A reader at ts first raises the maximum, then looks at the locks; a writer first publishes its
/// lock, then takes its commit timestamp above the maximum. Whatever the interleaving, either the reader sees the lock
/// or the writer commits above ts, so no snapshot changes after it was read. The lock is removed only after the engine
/// has the data.</para>
/// Thread-safe. Source: TiKV's concurrency manager; "Async Commit, the Accelerator for Transaction Commit in TiDB 5.0".
/// </summary>
internal sealed class LockTable
{
    private readonly Lock _gate = new();
    private readonly List<Entry> _entries = [];
    private ulong _maxTimestamp;
    private int _count;

    internal ulong MaxTimestamp => Interlocked.Read(ref _maxTimestamp);

    /// <summary>
    /// Whether the maximum covers what an earlier life of this store may have served; until then commit timestamps are
    /// not chosen here.
    /// </summary>
    internal bool IsSynced { get; private set; }

    /// <summary>Raises the maximum. <see cref="Tso.Max"/> is not a timestamp and changes nothing.</summary>
    internal void Observe(ulong timestamp)
    {
        if (timestamp != Tso.Max)
        {
            var seen = Volatile.Read(ref _maxTimestamp);
            while (seen < timestamp)
            {
                var before = Interlocked.CompareExchange(ref _maxTimestamp, timestamp, seen);
                if (before == seen)
                {
                    break;
                }

                seen = before;
            }
        }

        Interlocked.MemoryBarrier();
    }

    /// <summary>Takes over a fresh timestamp of PD, which is above all that were read at before.</summary>
    internal void Sync(ulong timestamp)
    {
        Observe(timestamp);
        IsSynced = true;
    }

    /// <summary>Publishes a lock and chooses the timestamp below which its transaction cannot commit.</summary>
    /// <param name="floor">The timestamp is at least this.</param>
    /// <returns>The lock with that timestamp.</returns>
    internal LockRecord Publish(byte[] dataKey, LockRecord record, ulong floor)
    {
        lock (_gate)
        {
            var at = Find(dataKey);
            if (at < 0)
            {
                at = ~at;
                _entries.Insert(at, new Entry(dataKey, record));
            }

            Interlocked.Exchange(ref _count, _entries.Count);
            var published = record with { MinCommitTimestamp = Math.Max(floor, Interlocked.Read(ref _maxTimestamp) + 1) };
            _entries[at] = new Entry(dataKey, published);
            return published;
        }
    }

    internal void Remove(byte[] dataKey)
    {
        lock (_gate)
        {
            var at = Find(dataKey);
            if (at >= 0)
            {
                _entries.RemoveAt(at);
                Volatile.Write(ref _count, _entries.Count);
            }
        }
    }

    /// <summary>The published lock of a key, or null. To be called after <see cref="Observe"/>.</summary>
    internal LockRecord? Get(ReadOnlySpan<byte> dataKey)
    {
        if (Volatile.Read(ref _count) == 0)
        {
            return null;
        }

        lock (_gate)
        {
            var at = Find(dataKey);
            return at < 0 ? null : _entries[at].Record;
        }
    }

    /// <summary>
    /// The first published lock in [lower, upper) that blocks a reader; null when none does. An empty upper bound is
    /// the end.
    /// </summary>
    internal (byte[] DataKey, LockRecord Record)? FirstBlocking(
        ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper, in ReadView view)
    {
        if (Volatile.Read(ref _count) == 0)
        {
            return null;
        }

        lock (_gate)
        {
            var at = Find(lower);
            for (at = at < 0 ? ~at : at; at < _entries.Count; at++)
            {
                var entry = _entries[at];
                if (!upper.IsEmpty && upper.SequenceCompareTo(entry.DataKey) <= 0)
                {
                    break;
                }

                if (view.EffectOf(entry.Record, entry.DataKey) == LockEffect.Blocks)
                {
                    return (entry.DataKey, entry.Record);
                }
            }
        }

        return null;
    }

    private int Find(ReadOnlySpan<byte> dataKey)
    {
        var low = 0;
        var high = _entries.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >> 1;
            var order = dataKey.SequenceCompareTo(_entries[middle].DataKey);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (low, middle - 1) : (middle + 1, high);
        }

        return ~low;
    }

    private readonly record struct Entry(byte[] DataKey, LockRecord Record);
}
