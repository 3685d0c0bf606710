using Cloud.KvClient;

namespace Cloud.DataPlane.Tests.Fakes;

/// <summary>A transaction of the fake: a sorted buffer with a journal for savepoints.</summary>
internal sealed class FakeTransaction : FakeSnapshot, IKvTransaction
{
    private readonly FakeKvTransactions _store;
    private readonly TransactionMode _mode;
    private readonly SortedList<byte[], FakeWrite> _writes;
    private readonly List<(byte[] Key, FakeWrite? Before)> _journal = [];
    private readonly HashSet<byte[]> _locked = new(ByteOrder.Instance);
    private bool _ended;

    public FakeTransaction(FakeKvTransactions store, ulong startTimestamp, TransactionMode mode)
        : this(store, startTimestamp, mode, new SortedList<byte[], FakeWrite>(ByteOrder.Instance))
    {
    }

    private FakeTransaction(FakeKvTransactions store, ulong startTimestamp, TransactionMode mode, SortedList<byte[], FakeWrite> writes)
        : base(store, startTimestamp, writes)
    {
        _store = store;
        _mode = mode;
        _writes = writes;
        StartTimestamp = ForUpdateTimestamp = startTimestamp;
    }

    public ulong StartTimestamp { get; }

    public bool IsPessimistic => _mode == TransactionMode.Pessimistic;

    public ulong ForUpdateTimestamp { get; private set; }

    public long BufferedBytes => _writes.Sum(write => write.Key.Length + (long)(write.Value.Value?.Length ?? 0));

    public void Set(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value)
    {
        if (value.IsEmpty)
        {
            throw new ArgumentException("empty values are not allowed", nameof(value));
        }

        Write(key, new FakeWrite(value.ToArray(), MustNotExist: false));
    }

    public void Insert(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value) =>
        Write(key, new FakeWrite(value.ToArray(), MustNotExist: true));

    public void Delete(ReadOnlyMemory<byte> key) => Write(key, new FakeWrite(null, MustNotExist: false));

    public async ValueTask<IReadOnlyList<KeyValue>> LockAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> keys, TimeSpan waitMax, CancellationToken cancellationToken)
    {
        var sorted = keys.Select(key => key.ToArray()).Order(ByteOrder.Instance).ToList();
        if (_mode == TransactionMode.Optimistic)
        {
            _locked.UnionWith(sorted);
            return await BatchGetAsync(keys, cancellationToken);
        }

        await _store.LockAsync(this, sorted, waitMax, cancellationToken);
        _locked.UnionWith(sorted);
        ForUpdateTimestamp = _store.Tick();
        return await new FakeSnapshot(_store, ForUpdateTimestamp, _writes).BatchGetAsync(keys, cancellationToken);
    }

    public ValueTask<IKvSnapshot> CurrentSnapshotAsync(CancellationToken cancellationToken) =>
        new(new FakeSnapshot(_store, _store.Tick(), _writes));

    public int Savepoint() => _journal.Count;

    public void RollbackTo(int savepoint)
    {
        for (var i = _journal.Count - 1; i >= savepoint; i--)
        {
            var (key, before) = _journal[i];
            _writes.Remove(key);
            if (before is { } write)
            {
                _writes.Add(key, write);
            }
        }

        _journal.RemoveRange(savepoint, _journal.Count - savepoint);
    }

    public ValueTask<ulong> CommitAsync(CancellationToken cancellationToken)
    {
        RequireOpen();
        _ended = true;
        try
        {
            return new ValueTask<ulong>(_store.Commit(this, _writes, _locked));
        }
        finally
        {
            _store.Release(this);
        }
    }

    public ValueTask RollbackAsync(CancellationToken cancellationToken)
    {
        _ended = true;
        _store.Release(this);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _ended ? ValueTask.CompletedTask : RollbackAsync(CancellationToken.None);

    private void Write(ReadOnlyMemory<byte> key, FakeWrite write)
    {
        RequireOpen();
        var bytes = key.ToArray();
        var existed = _writes.TryGetValue(bytes, out var before);
        _journal.Add((bytes, existed ? before : null));
        _writes[bytes] = existed && before.MustNotExist && write.Value is not null ? write with { MustNotExist = true } : write;
    }

    private void RequireOpen()
    {
        if (_ended)
        {
            throw new InvalidOperationException("the transaction has ended");
        }
    }
}
