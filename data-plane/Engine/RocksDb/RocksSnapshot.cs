namespace Cloud.Engine.RocksDb;

internal sealed class RocksSnapshot : IKvSnapshot
{
    private readonly RocksEngine _engine;
    private readonly nint _snapshot;
    private readonly nint _readOptions;
    private bool _disposed;

    internal RocksSnapshot(RocksEngine engine)
    {
        engine.Database.AddUser();
        _engine = engine;
        _snapshot = Native.SnapshotCreate(engine.Database.UserPointer);
        _readOptions = Native.ReadOptionsCreate();
        Native.ReadOptionsSetSnapshot(_readOptions, _snapshot);
    }

    public KvValue Get(ColumnFamily family, ReadOnlySpan<byte> key) => _engine.Get(_readOptions, family, key);

    public IKvIterator Iterate(ColumnFamily family, ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper) =>
        new RocksIterator(_engine, family, lower, upper, _snapshot);

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        Native.ReadOptionsDestroy(_readOptions);
        Native.SnapshotRelease(_engine.Database.UserPointer, _snapshot);
        _engine.Database.RemoveUser();
    }
}
