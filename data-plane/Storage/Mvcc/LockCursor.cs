using Cloud.Codec;
using Cloud.Engine;

namespace Cloud.Storage.Mvcc;

/// <summary>
/// The locks of a range in a snapshot, in order: the few that <see cref="PersistedLocks"/> names, or, when there are
/// many, those of the lock family. Not thread-safe.
/// </summary>
internal sealed class LockCursor : IDisposable
{
    /// <summary>
    /// Locks above which the family is walked. Chosen here: a walk over the tombstones of a small transaction costs as
    /// much as this many reads.
    /// </summary>
    private const int NamedMax = 32;

    /// <summary>Attempts to take keys and snapshot without a batch of locks in between, each a few microseconds.</summary>
    private const int AttemptsMax = 4;

    private readonly bool _reverse;
    private readonly IKvIterator? _family;
    private readonly List<KeyValuePair<byte[], LockRecord>> _named = [];
    private int _at;

    private LockCursor(IKvIterator family, bool reverse)
    {
        _reverse = reverse;
        _family = family;
        _ = reverse ? family.SeekToLast() : family.SeekToFirst();
    }

    private LockCursor(IKvReader snapshot, List<byte[]> keys, bool reverse)
    {
        foreach (var key in keys)
        {
            using var value = snapshot.Get(ColumnFamily.Lock, key);
            if (value.Exists)
            {
                _named.Add(new(key, LockRecord.Parse(value.Span)));
            }
        }

        if (reverse)
        {
            _named.Reverse();
        }
    }

    internal bool IsValid => _family?.IsValid ?? _at < _named.Count;

    internal ReadOnlySpan<byte> Key => _family is null ? _named[_at].Key : _family.Key;

    internal LockRecord Record => _family is null ? _named[_at].Value : LockRecord.Parse(_family.Value);

    /// <summary>Takes a snapshot and finds its locks.</summary>
    internal static LockCursor Open(
        IKvEngine engine, PersistedLocks locks, byte[] lower, byte[] upper, bool reverse, out IKvSnapshot snapshot)
    {
        var keys = new List<byte[]>();
        for (var attempt = 0; attempt < AttemptsMax && locks.TryList(lower, upper, NamedMax, keys, out var version); attempt++)
        {
            snapshot = engine.CreateSnapshot();
            if (locks.Version == version)
            {
                return new LockCursor(snapshot, keys, reverse);
            }

            snapshot.Dispose();
        }

        snapshot = engine.CreateSnapshot();
        return new LockCursor(snapshot.Iterate(ColumnFamily.Lock, lower, upper), reverse);
    }

    internal void MoveNext()
    {
        if (_family is null)
        {
            _at++;
        }
        else
        {
            _ = _reverse ? _family.Previous() : _family.Next();
        }
    }

    public void Dispose() => _family?.Dispose();
}
