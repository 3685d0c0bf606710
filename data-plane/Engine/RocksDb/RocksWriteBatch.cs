namespace Cloud.Engine.RocksDb;

internal sealed unsafe class RocksWriteBatch(RocksEngine.DatabaseHandle database) : IKvWriteBatch
{
    private nint _batch = Native.BatchCreate();

    public int Count { get; private set; }

    internal nint Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_batch == 0, this);
            return _batch;
        }
    }

    public void Put(ColumnFamily family, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        fixed (byte* keyBytes = key, valueBytes = value)
        {
            Native.BatchPut(
                Pointer, database.Families[(int)family], keyBytes, (nuint)key.Length, valueBytes, (nuint)value.Length);
        }

        Count++;
    }

    public void Delete(ColumnFamily family, ReadOnlySpan<byte> key)
    {
        fixed (byte* keyBytes = key)
        {
            Native.BatchDelete(Pointer, database.Families[(int)family], keyBytes, (nuint)key.Length);
        }

        Count++;
    }

    public void DeleteRange(ColumnFamily family, ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper)
    {
        if (lower.SequenceCompareTo(upper) < 0)
        {
            fixed (byte* lowerBytes = lower, upperBytes = upper)
            {
                Native.BatchDeleteRange(
                    Pointer, database.Families[(int)family], lowerBytes, (nuint)lower.Length, upperBytes, (nuint)upper.Length);
            }
        }

        Count++;
    }

    public void Clear()
    {
        Native.BatchClear(Pointer);
        Count = 0;
    }

    public void Dispose()
    {
        if (_batch != 0)
        {
            Native.BatchDestroy(_batch);
            _batch = 0;
        }
    }
}
