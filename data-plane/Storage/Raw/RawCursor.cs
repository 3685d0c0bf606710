using Cloud.Codec;
using Cloud.Engine;

namespace Cloud.Storage.Raw;

/// <summary>Walks the live raw pairs of a physical range, the newest version of each. Not thread-safe.</summary>
internal sealed class RawCursor : IDisposable
{
    private readonly IKvIterator _iterator;
    private readonly RawMode _mode;
    private readonly bool _reverse;
    private readonly ulong _nowSeconds;
    private byte[] _key = [];
    private byte[] _stored = [];

    internal RawCursor(IKvReader reader, RawMode mode, byte[] lower, byte[] upper, bool reverse, ulong nowSeconds)
    {
        _mode = mode;
        _reverse = reverse;
        _nowSeconds = nowSeconds;
        _iterator = reader.Iterate(mode.Family, lower, upper);
        _ = reverse ? _iterator.SeekToLast() : _iterator.SeekToFirst();
    }

    /// <summary>Without a timestamp.</summary>
    internal ReadOnlySpan<byte> DataKey => _key;

    /// <summary>The user's value; valid until the next move.</summary>
    internal ReadOnlySpan<byte> Value => _mode.Parse(_stored).UserValue;

    internal bool MoveNext()
    {
        while (_iterator.IsValid)
        {
            TakeKey();
            if (_mode.Parse(_stored).ExistsAt(_nowSeconds))
            {
                return true;
            }
        }

        return false;
    }

    public void Dispose() => _iterator.Dispose();

    /// <summary>Takes the newest version under the cursor, and moves to the next key.</summary>
    private void TakeKey()
    {
        _key = KeyPart(_iterator.Key).ToArray();
        _stored = _iterator.Value.ToArray();
        while (_reverse ? _iterator.Previous() : _iterator.Next())
        {
            if (!_mode.IsVersioned || !KeyPart(_iterator.Key).SequenceEqual(_key))
            {
                return;
            }

            if (_reverse)
            {
                _stored = _iterator.Value.ToArray(); // Versions come oldest first.
            }
        }
    }

    private ReadOnlySpan<byte> KeyPart(ReadOnlySpan<byte> key) =>
        _mode.IsVersioned ? Codec.DataKey.WithoutTimestamp(key) : key;
}
