using Cloud.Codec;
using Cloud.Engine;
using Google.Protobuf;

namespace Cloud.Storage.Mvcc;

/// <summary>
/// Walks the keys of a range at one timestamp, merging locks and versions of one snapshot. After <see cref="MoveNext"/>
/// the current key either has a value or is blocked by a lock. Not thread-safe.
/// </summary>
internal sealed class MvccScanner : IDisposable
{
    private readonly IKvSnapshot _snapshot;
    private readonly MvccReader _reader;
    private readonly IKvIterator _writes;
    private readonly LockCursor _locks;
    private readonly ReadView _view;
    private readonly bool _reverse;
    private readonly bool _keyOnly;
    private byte[] _key = [];

    /// <param name="engine">A snapshot is taken of it.</param>
    /// <param name="locks">Where its locks are.</param>
    /// <param name="view">Timestamp and passable locks.</param>
    /// <param name="lower">First data key.</param>
    /// <param name="upper">Exclusive end; not empty, since a key space ends where the next begins.</param>
    /// <param name="reverse">From the end to the start.</param>
    /// <param name="keyOnly">Values are not read.</param>
    internal MvccScanner(
        IKvEngine engine, PersistedLocks locks, in ReadView view, byte[] lower, byte[] upper, bool reverse, bool keyOnly)
    {
        _locks = LockCursor.Open(engine, locks, lower, upper, reverse, out _snapshot);
        _reader = new MvccReader(_snapshot);
        _writes = _snapshot.Iterate(ColumnFamily.Write, lower, upper);
        _view = view;
        _reverse = reverse;
        _keyOnly = keyOnly;
        if (reverse)
        {
            _writes.SeekToLast();
        }
        else
        {
            _writes.SeekToFirst();
        }
    }

    /// <summary>The current data key; a new array for each.</summary>
    internal byte[] Key => _key;

    /// <summary>Empty when only keys are asked for.</summary>
    internal ByteString Value { get; private set; } = ByteString.Empty;

    /// <summary>The lock in the way, or null.</summary>
    internal LockRecord? Blocker { get; private set; }

    /// <summary>
    /// With isolation RCCheckTS: the commit timestamp of a newer version, which fails the read; otherwise 0.
    /// </summary>
    internal ulong NewerCommit { get; private set; }

    /// <summary>Moves to the next key that the reader sees or is blocked at.</summary>
    internal bool MoveNext()
    {
        while (_writes.IsValid || _locks.IsValid)
        {
            var (hasWrite, hasLock) = TakeNextKey();
            Blocker = null;
            Value = ByteString.Empty;
            var found = hasLock ? VisitLocked(hasWrite) : VisitVersions();
            if (hasWrite)
            {
                SkipVersions();
            }

            if (found)
            {
                return true;
            }
        }

        return false;
    }

    public void Dispose()
    {
        _locks.Dispose();
        _writes.Dispose();
        _reader.Dispose();
        _snapshot.Dispose();
    }

    /// <summary>Chooses the nearer of the two cursors' keys, and says which cursors stand on it.</summary>
    private (bool HasWrite, bool HasLock) TakeNextKey()
    {
        var order = !_writes.IsValid ? 1 : !_locks.IsValid ? -1
            : DataKey.WithoutTimestamp(_writes.Key).SequenceCompareTo(_locks.Key) * (_reverse ? -1 : 1);
        _key = order <= 0 ? DataKey.WithoutTimestamp(_writes.Key).ToArray() : _locks.Key.ToArray();
        return (order <= 0, order >= 0);
    }

    private bool VisitLocked(bool hasWrite)
    {
        var record = _locks.Record;
        _locks.MoveNext();
        switch (_view.EffectOf(record, _key))
        {
            case LockEffect.Blocks:
                Blocker = record;
                return true;
            case LockEffect.ReadThrough when record.Kind == LockKind.Put:
                Value = _keyOnly ? ByteString.Empty
                    : record.ShortValue is { } inline ? ByteString.CopyFrom(inline) : _reader.LongValue(_key, record.StartTimestamp);
                return true;
            case LockEffect.ReadThrough when record.Kind == LockKind.Delete:
                return false;
            default:
                return hasWrite && VisitVersions();
        }
    }

    private bool VisitVersions()
    {
        if (TryNewest())
        {
            return true;
        }

        if (_view.Isolation == Rpc.Proto.Kvrpcpb.IsolationLevel.RcCheckTs
            && _reader.SeekWrite(_key, Tso.Max, out var newest) && newest > _view.Timestamp)
        {
            NewerCommit = newest;
        }

        if (!_reader.SeekVisible(_key, _view.Timestamp, out _))
        {
            return NewerCommit != 0;
        }

        Value = _keyOnly ? ByteString.Empty : _reader.CurrentValue(_key);
        return true;
    }

    /// <summary>
    /// The common case going forward: the cursor stands on the newest version, which is a put that the reader sees.
    /// </summary>
    private bool TryNewest()
    {
        if (_reverse || Tso.ReadSuffix(_writes.Key) > _view.Timestamp)
        {
            return false;
        }

        var write = WriteRecord.Parse(_writes.Value);
        if (write.Kind != WriteKind.Put || !write.IsNewestFor(_view.Timestamp))
        {
            return false;
        }

        Value = _keyOnly ? ByteString.Empty
            : write.HasShortValue ? ByteString.CopyFrom(write.ShortValue) : _reader.LongValue(_key, write.StartTimestamp);
        return true;
    }

    private void SkipVersions()
    {
        const int stepsMax = 8;
        for (var step = 0; step < stepsMax; step++)
        {
            _ = _reverse ? _writes.Previous() : _writes.Next();
            if (!_writes.IsValid || !DataKey.WithoutTimestamp(_writes.Key).SequenceEqual(_key))
            {
                return;
            }
        }

        // Many versions: jump over them. The newest possible version sorts first, the oldest last.
        var edge = DataKey.WithTimestamp(_key, _reverse ? Tso.Max : 0);
        if (_reverse)
        {
            if (_writes.SeekForPrevious(edge) && _writes.Key.SequenceEqual(edge))
            {
                _writes.Previous();
            }
        }
        else if (_writes.Seek(edge) && _writes.Key.SequenceEqual(edge))
        {
            _writes.Next();
        }
    }
}
