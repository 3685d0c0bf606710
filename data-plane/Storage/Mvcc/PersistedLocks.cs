using Cloud.Engine;

namespace Cloud.Storage.Mvcc;

/// <summary>
/// The keys that have a lock in the engine, so that a scan looks only at them instead of walking the lock family, where
/// every lock of a committed transaction has left a tombstone.
/// <para>Invariant. Whatever has a lock in the engine is in the set: a key is added before the batch that writes its
/// lock, and removed after the batch that deletes it; such batches are written one at a time, here. The set may hold
/// more, hence a reader asks its snapshot for every key that it was given.</para>
/// <para>Why a reader misses nothing. It takes keys and version, then a snapshot, then the version again, and starts
/// over when the version moved. A lock in the snapshot was added before the snapshot was taken. As adding moves the
/// version, it was added before the keys were taken; and it was not removed before, since removal follows a deletion
/// that the snapshot does not have.</para>
/// <para>Memory is bounded: with more than <see cref="KeysMax"/> locks nothing is known and readers walk the family.
/// After as many deletions as it takes to hide that many locks the set is read again, so that reading it costs a
/// constant per deletion.</para>
/// Thread-safe. The set is not durable: it is read when the store opens.
/// </summary>
internal sealed class PersistedLocks
{
    /// <summary>Most keys remembered. Chosen here: about 30 MB, a transaction of a quarter of a million rows.</summary>
    internal const int KeysMax = 256 * 1024;

    private readonly IKvEngine _engine;
    private readonly int _keysMax;
    private readonly Lock _writing = new();
    private readonly Lock _gate = new();
    private readonly SortedSet<byte[]> _keys = new(Comparer<byte[]>.Create(static (x, y) => x.AsSpan().SequenceCompareTo(y)));
    private bool _isKnown;
    private long _version;
    private int _deletedWhileUnknown;

    /// <param name="engine">Its lock family is read now, and changed by nobody else from now on.</param>
    /// <param name="keysMax">Most keys remembered.</param>
    internal PersistedLocks(IKvEngine engine, int keysMax = KeysMax)
    {
        _engine = engine;
        _keysMax = keysMax;
        Load();
    }

    /// <summary>Moves before every batch that adds locks.</summary>
    internal long Version => Interlocked.Read(ref _version);

    /// <summary>The keys in [lower, upper) that may have a lock, ascending.</summary>
    /// <returns>False when there are more than <paramref name="most"/>, or it is not known.</returns>
    internal bool TryList(byte[] lower, byte[] upper, int most, List<byte[]> keys, out long version)
    {
        keys.Clear();
        lock (_gate)
        {
            version = _version;
            if (!_isKnown)
            {
                return false;
            }

            if (_keys.Count == 0 || lower.AsSpan().SequenceCompareTo(upper) >= 0)
            {
                return true;
            }

            foreach (var key in _keys.GetViewBetween(lower, upper))
            {
                if (keys.Count == most)
                {
                    return false;
                }

                if (!key.AsSpan().SequenceEqual(upper))
                {
                    keys.Add(key);
                }
            }

            return true;
        }
    }

    /// <summary>Writes a batch that makes these changes to the lock family.</summary>
    internal void Write(IKvWriteBatch batch, List<LockChange> changes)
    {
        if (changes.Count == 0)
        {
            _engine.Write(batch);
            return;
        }

        lock (_writing)
        {
            Before(changes);
            _engine.Write(batch);
            After(changes);
            if (!_isKnown && _deletedWhileUnknown > _keysMax)
            {
                Load();
            }
        }
    }

    private void Before(List<LockChange> changes)
    {
        lock (_gate)
        {
            _version++;
            foreach (var change in changes)
            {
                if (change.IsPut)
                {
                    Add(change.Key);
                }
            }
        }
    }

    private void After(List<LockChange> changes)
    {
        lock (_gate)
        {
            foreach (var change in changes)
            {
                if (change.IsPut)
                {
                    Add(change.Key); // A deletion before it in the batch has just removed it.
                }
                else if (!_isKnown)
                {
                    _deletedWhileUnknown++;
                }
                else if (change.Upper is null)
                {
                    _keys.Remove(change.Key);
                }
                else
                {
                    _keys.RemoveWhere(key => change.Key.AsSpan().SequenceCompareTo(key) <= 0 && key.AsSpan().SequenceCompareTo(change.Upper) < 0);
                }
            }
        }
    }

    private void Add(byte[] key)
    {
        if (_isKnown && _keys.Add(key) && _keys.Count > _keysMax)
        {
            _isKnown = false;
            _keys.Clear();
            _deletedWhileUnknown = 0;
        }
    }

    /// <summary>Reads the family while nobody changes it.</summary>
    private void Load()
    {
        var keys = new List<byte[]>();
        using var iterator = _engine.Iterate(ColumnFamily.Lock, default, default);
        for (var valid = iterator.SeekToFirst(); valid && keys.Count <= _keysMax; valid = iterator.Next())
        {
            keys.Add(iterator.Key.ToArray());
        }

        lock (_gate)
        {
            _deletedWhileUnknown = 0;
            _isKnown = keys.Count <= _keysMax;
            _keys.Clear();
            if (_isKnown)
            {
                _keys.UnionWith(keys);
            }
        }
    }
}

/// <summary>A write of a replicated command to the lock family.</summary>
/// <param name="Key">The data key, or the first of a range.</param>
/// <param name="IsPut">A lock was written; otherwise deleted.</param>
/// <param name="Upper">The exclusive end of a range deleted; null for one key.</param>
internal readonly record struct LockChange(byte[] Key, bool IsPut, byte[]? Upper = null);
