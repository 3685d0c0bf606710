namespace Cloud.Engine;

/// <summary>
/// The result of a point read: a view of memory that the engine keeps in place until this is disposed.
/// </summary>
public readonly ref struct KvValue
{
    private readonly nint _pinned;

    private KvValue(ReadOnlySpan<byte> span, bool exists, nint pinned)
    {
        Span = span;
        Exists = exists;
        _pinned = pinned;
    }

    /// <summary>Empty when there is no value (and when the value is empty).</summary>
    public ReadOnlySpan<byte> Span { get; }

    public bool Exists { get; }

    internal static KvValue Missing => default;

    internal static KvValue Managed(ReadOnlySpan<byte> value) => new(value, exists: true, pinned: 0);

    internal static KvValue Pinned(ReadOnlySpan<byte> value, nint slice) => new(value, exists: true, slice);

    /// <summary>Gives the memory back; the span must not be used any more.</summary>
    public void Dispose()
    {
        if (_pinned != 0)
        {
            RocksDb.Native.PinnableSliceDestroy(_pinned);
        }
    }
}
