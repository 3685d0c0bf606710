using System.Runtime.InteropServices;

namespace Cloud.Engine.RocksDb;

/// <summary>
/// A cursor of RocksDB. The bounds live in native memory, because RocksDB keeps pointers to them until the iterator is
/// destroyed.
/// </summary>
internal sealed unsafe class RocksIterator : IKvIterator
{
    private readonly RocksEngine _engine;
    private readonly nint _options;
    private readonly byte* _bounds;
    private readonly nint _iterator;
    private bool _disposed;

    internal RocksIterator(
        RocksEngine engine, ColumnFamily family, ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper, nint snapshot)
    {
        engine.Database.AddUser();
        _engine = engine;
        _options = Native.ReadOptionsCreate();
        if (snapshot != 0)
        {
            Native.ReadOptionsSetSnapshot(_options, snapshot);
        }

        if (lower.Length + upper.Length > 0)
        {
            _bounds = (byte*)NativeMemory.Alloc((nuint)(lower.Length + upper.Length));
            lower.CopyTo(new Span<byte>(_bounds, lower.Length));
            upper.CopyTo(new Span<byte>(_bounds + lower.Length, upper.Length));
            if (!lower.IsEmpty)
            {
                Native.ReadOptionsSetLowerBound(_options, _bounds, (nuint)lower.Length);
            }

            if (!upper.IsEmpty)
            {
                Native.ReadOptionsSetUpperBound(_options, _bounds + lower.Length, (nuint)upper.Length);
            }
        }

        _iterator = Native.IteratorCreate(engine.Database.UserPointer, _options, engine.Database.Families[(int)family]);
    }

    public bool IsValid { get; private set; }

    public ReadOnlySpan<byte> Key
    {
        get
        {
            var key = Native.IteratorKey(_iterator, out var length);
            return new ReadOnlySpan<byte>(key, (int)length);
        }
    }

    public ReadOnlySpan<byte> Value
    {
        get
        {
            var value = Native.IteratorValue(_iterator, out var length);
            return new ReadOnlySpan<byte>(value, (int)length);
        }
    }

    public bool Seek(ReadOnlySpan<byte> key)
    {
        fixed (byte* bytes = key)
        {
            Native.IteratorSeek(_iterator, bytes, (nuint)key.Length);
        }

        return Moved();
    }

    public bool SeekForPrevious(ReadOnlySpan<byte> key)
    {
        fixed (byte* bytes = key)
        {
            Native.IteratorSeekForPrevious(_iterator, bytes, (nuint)key.Length);
        }

        return Moved();
    }

    public bool SeekToFirst()
    {
        Native.IteratorSeekToFirst(_iterator);
        return Moved();
    }

    public bool SeekToLast()
    {
        Native.IteratorSeekToLast(_iterator);
        return Moved();
    }

    public bool Next()
    {
        Native.IteratorNext(_iterator);
        return Moved();
    }

    public bool Previous()
    {
        Native.IteratorPrevious(_iterator);
        return Moved();
    }

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        IsValid = false;
        Native.IteratorDestroy(_iterator);
        Native.ReadOptionsDestroy(_options);
        NativeMemory.Free(_bounds);
        _engine.Database.RemoveUser();
    }

    private bool Moved()
    {
        IsValid = Native.IteratorValid(_iterator) != 0;
        if (!IsValid)
        {
            Native.IteratorGetError(_iterator, out var error);
            Native.ThrowOnError(error, "iterate", _engine.Path);
        }

        return IsValid;
    }
}
