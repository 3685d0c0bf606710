using System.Diagnostics.CodeAnalysis;
using Cloud.Kernel;

namespace Cloud.KvClient.Transactions;

/// <summary>
/// The writes of a transaction, ordered by key, with savepoints: every change notes what it replaced, and returning to a savepoint replays
/// the notes backwards. Pure. Not thread-safe.
/// </summary>
internal sealed class WriteBuffer
{
    private readonly SortedSet<BufferedWrite> _writes = new(KeyOrder.Instance);
    private readonly List<(byte[] Key, BufferedWrite? Before)> _undo = [];

    /// <summary>Keys with a write.</summary>
    public int Count => _writes.Count;

    /// <summary>Bytes of keys and values.</summary>
    public long Bytes { get; private set; }

    /// <summary>All writes, ascending by key.</summary>
    public IEnumerable<BufferedWrite> All => _writes;

    public bool TryGet(byte[] key, [NotNullWhen(true)] out BufferedWrite? write) =>
        _writes.TryGetValue(new BufferedWrite(key, WriteKind.Lock, []), out write);

    public void Put(byte[] key, byte[] value)
    {
        // An insert stays one: that there was no value before is still to be checked.
        var kind = TryGet(key, out var before) && before.Kind is WriteKind.Insert or WriteKind.MustNotExist ? WriteKind.Insert : WriteKind.Put;
        Replace(new BufferedWrite(key, kind, value));
    }

    /// <returns>False when this transaction itself wrote a value there, which nothing changes.</returns>
    public bool TryInsert(byte[] key, byte[] value)
    {
        TryGet(key, out var before);
        if (before is { HasValue: true })
        {
            return false;
        }

        // Where this transaction deleted, there may have been a value.
        var kind = before?.Kind == WriteKind.Delete ? WriteKind.Put : WriteKind.Insert;
        Replace(new BufferedWrite(key, kind, value));
        return true;
    }

    public void Delete(byte[] key)
    {
        var kind = TryGet(key, out var before) && before.Kind is WriteKind.Insert or WriteKind.MustNotExist
            ? WriteKind.MustNotExist
            : WriteKind.Delete;
        Replace(new BufferedWrite(key, kind, []));
    }

    /// <summary>Marks a key to be locked, unless it is written anyway.</summary>
    public void Lock(byte[] key)
    {
        if (!TryGet(key, out _))
        {
            Replace(new BufferedWrite(key, WriteKind.Lock, []));
        }
    }

    /// <summary>A mark to return to.</summary>
    public int Savepoint() => _undo.Count;

    public void RollbackTo(int savepoint)
    {
        Invariant.Require(savepoint >= 0 && savepoint <= _undo.Count, $"savepoint {savepoint} of {_undo.Count} is behind us");
        for (var i = _undo.Count - 1; i >= savepoint; i--)
        {
            var (key, before) = _undo[i];
            Exchange(key, before);
        }

        _undo.RemoveRange(savepoint, _undo.Count - savepoint);
    }

    public void Clear()
    {
        _writes.Clear();
        _undo.Clear();
        Bytes = 0;
    }

    /// <summary>The writes of [<paramref name="start"/>, <paramref name="end"/>) that decide reads, ascending; an empty end is the end of all keys.</summary>
    public List<BufferedWrite> Range(byte[] start, byte[] end)
    {
        var found = new List<BufferedWrite>();
        if (_writes.Count == 0 || _writes.Max is not { } last || last.Key.AsSpan().SequenceCompareTo(start) < 0)
        {
            return found;
        }

        foreach (var write in _writes.GetViewBetween(new BufferedWrite(start, WriteKind.Lock, []), last))
        {
            if (end.Length > 0 && write.Key.AsSpan().SequenceCompareTo(end) >= 0)
            {
                break;
            }

            if (write.Decides)
            {
                found.Add(write);
            }
        }

        return found;
    }

    private void Replace(BufferedWrite write) => _undo.Add((write.Key, Exchange(write.Key, write)));

    private BufferedWrite? Exchange(byte[] key, BufferedWrite? after)
    {
        if (TryGet(key, out var before))
        {
            _writes.Remove(before);
            Bytes -= before.Bytes;
        }

        if (after is not null)
        {
            _writes.Add(after);
            Bytes += after.Bytes;
        }

        return before;
    }

    private sealed class KeyOrder : IComparer<BufferedWrite>
    {
        public static readonly KeyOrder Instance = new();

        public int Compare(BufferedWrite? x, BufferedWrite? y) => x!.Key.AsSpan().SequenceCompareTo(y!.Key); // The set holds no nulls.
    }
}
