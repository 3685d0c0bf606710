using Cloud.Kernel;

namespace Cloud.Engine.Memory;

/// <summary>
/// The in-memory twin of <see cref="RocksDb.RocksEngine"/>, under the same contract tests, for simulation and fast
/// tests. Keeps what was last synced, so that a test can let it lose the rest: see <see cref="Crash"/>.
/// </summary>
public sealed class MemoryEngine : IKvEngine
{
    private readonly Lock _gate = new();
    private volatile SortedTree?[] _roots = new SortedTree?[RocksDb.RocksEngine.FamilyCount];
    private SortedTree?[] _synced = new SortedTree?[RocksDb.RocksEngine.FamilyCount];

    public KvValue Get(ColumnFamily family, ReadOnlySpan<byte> key) => Get(_roots, family, key);

    public IKvIterator Iterate(ColumnFamily family, ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper) =>
        new MemoryIterator(_roots[(int)family], lower, upper);

    public IKvSnapshot CreateSnapshot() => new MemorySnapshot(_roots);

    public IKvWriteBatch CreateBatch() => new MemoryWriteBatch();

    public void Write(IKvWriteBatch batch)
    {
        Invariant.Require(batch is MemoryWriteBatch, "a batch belongs to the kind of engine that made it");
        lock (_gate)
        {
            _roots = ((MemoryWriteBatch)batch).Apply(_roots);
        }
    }

    public void Sync()
    {
        lock (_gate)
        {
            _synced = _roots;
        }
    }

    public void Flush() => Sync();

    public void CreateCheckpoint(string directory) =>
        throw new NotSupportedException("an engine in memory has no files to copy");

    public long ApproximateBytes(ColumnFamily family, ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper)
    {
        using var iterator = Iterate(family, lower, upper);
        long bytes = 0;
        for (var valid = iterator.SeekToFirst(); valid; valid = iterator.Next())
        {
            bytes += iterator.Key.Length + iterator.Value.Length;
        }

        return bytes;
    }

    /// <summary>What a machine failure leaves: the state of the last sync. The caller has stopped writing.</summary>
    public void Crash()
    {
        lock (_gate)
        {
            _roots = _synced;
        }
    }

    public void Dispose()
    {
    }

    private static KvValue Get(SortedTree?[] roots, ColumnFamily family, ReadOnlySpan<byte> key)
    {
        var node = SortedTree.Find(roots[(int)family], key);
        return node is null ? KvValue.Missing : KvValue.Managed(node.Value);
    }

    private sealed class MemorySnapshot(SortedTree?[] roots) : IKvSnapshot
    {
        public KvValue Get(ColumnFamily family, ReadOnlySpan<byte> key) => MemoryEngine.Get(roots, family, key);

        public IKvIterator Iterate(ColumnFamily family, ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper) =>
            new MemoryIterator(roots[(int)family], lower, upper);

        public void Dispose()
        {
        }
    }
}
