using Cloud.Kernel;
using Cloud.Rpc.Proto.Kvrpcpb;
using PessimisticAction = Cloud.Rpc.Proto.Kvrpcpb.PrewriteRequest.Types.PessimisticAction;

namespace Cloud.KvClient.Transactions;

/// <summary>A transaction: a snapshot, a buffer of writes over it, the locks it holds, and its one end.</summary>
internal sealed class Transaction : IKvTransaction
{
    private readonly TransactionServices _services;
    private readonly TransactionMode _mode;
    private readonly WriteBuffer _writes = new();
    private readonly OverlaySnapshot _view;
    private readonly PessimisticLocks _locks;
    private Committer? _committer;
    private bool _ended;

    public Transaction(TransactionServices services, ulong startTimestamp, TransactionMode mode)
    {
        _services = services;
        _mode = mode;
        StartTimestamp = startTimestamp;
        _locks = new PessimisticLocks(services, startTimestamp);
        _view = new OverlaySnapshot(new Snapshot(services, startTimestamp), _writes);
    }

    public ulong StartTimestamp { get; }

    public ulong ReadTimestamp => StartTimestamp;

    public ulong ForUpdateTimestamp => _locks.ForUpdateTimestamp;

    public long BufferedBytes => _writes.Bytes;

    public ValueTask<byte[]?> GetAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken) => _view.GetAsync(key, cancellationToken);

    public ValueTask<IReadOnlyList<KeyValue>> BatchGetAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> keys, CancellationToken cancellationToken) => _view.BatchGetAsync(keys, cancellationToken);

    public IAsyncEnumerable<IReadOnlyList<KeyValue>> ScanAsync(
        ReadOnlyMemory<byte> start, ReadOnlyMemory<byte> end, int limit, bool reverse, CancellationToken cancellationToken) =>
        _view.ScanAsync(start, end, limit, reverse, cancellationToken);

    public async ValueTask<IKvSnapshot> CurrentSnapshotAsync(CancellationToken cancellationToken) =>
        new OverlaySnapshot(new Snapshot(_services, await _services.GetTimestampAsync(cancellationToken)), _writes);

    public void Set(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value)
    {
        RequireRoom(key.Length, value.Length);
        _writes.Put(key.ToArray(), value.ToArray());
    }

    public void Insert(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value)
    {
        RequireRoom(key.Length, value.Length);
        var keyBytes = key.ToArray();
        if (!_writes.TryInsert(keyBytes, value.ToArray()))
        {
            throw Exists(keyBytes);
        }
    }

    public void Delete(ReadOnlyMemory<byte> key)
    {
        RequireOpen();
        _writes.Delete(key.ToArray());
    }

    public async ValueTask<IReadOnlyList<KeyValue>> LockAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> keys, TimeSpan waitMax, CancellationToken cancellationToken)
    {
        RequireOpen();
        if (keys.Count == 0)
        {
            return [];
        }

        if (_mode == TransactionMode.Optimistic)
        {
            foreach (var key in keys)
            {
                _writes.Lock(key.ToArray());
            }

            return await _view.BatchGetAsync(keys, cancellationToken);
        }

        var distinct = keys.Select(static key => key.ToArray()).Distinct(ByteArrayComparer.Instance).ToList();
        return Overlay(distinct, await _locks.LockAsync(distinct, waitMax, cancellationToken));
    }

    public int Savepoint() => _writes.Savepoint();

    public void RollbackTo(int savepoint)
    {
        RequireOpen();
        _writes.RollbackTo(savepoint);
    }

    public async ValueTask<ulong> CommitAsync(CancellationToken cancellationToken)
    {
        RequireOpen();
        _ended = true;
        if (_writes.Count == 0)
        {
            await _locks.ReleaseAllAsync(CancellationToken.None);
            return 0;
        }

        var started = false;
        try
        {
            var mutations = await PrepareAsync(cancellationToken);
            var primary = _locks.Primary ?? mutations.FirstOrDefault(static mutation => mutation.Locks)?.Key ?? mutations[0].Key;
            _committer = new Committer(
                _services, StartTimestamp, mutations, new CommitMode(primary, _locks.Primary is null ? 0 : _locks.ForUpdateTimestamp));
            started = true;
            return await _committer.CommitAsync(cancellationToken);
        }
        finally
        {
            await (started ? _locks.DisposeAsync().AsTask() : _locks.ReleaseAllAsync(CancellationToken.None));
        }
    }

    public async ValueTask RollbackAsync(CancellationToken cancellationToken)
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        _writes.Clear();
        await _locks.ReleaseAllAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await RollbackAsync(CancellationToken.None);
        if (_committer is not null)
        {
            await _committer.Background;
        }
    }

    private static KvException Exists(byte[] key) => new(KvErrorCode.AlreadyExists, "a key to be inserted exists") { Key = key };

    /// <summary>
    /// The mutations of the commit, ascending by key: the writes, and in pessimistic mode also the keys that are locked only. Inserts that
    /// are not locked are locked first, which tells whether they exist.
    /// </summary>
    private async Task<List<CommitMutation>> PrepareAsync(CancellationToken cancellationToken)
    {
        if (_locks.Primary is null)
        {
            // Without a lock, a pessimistic transaction commits as an optimistic one: storage checks every key.
            return [.. _writes.All.Select(static write => ToMutation(write, PessimisticAction.SkipPessimisticCheck))];
        }

        var unlocked = _writes.All
            .Where(write => write.Kind is WriteKind.Insert or WriteKind.MustNotExist && !_locks.IsHeld(write.Key))
            .Select(static write => write.Key)
            .ToList();
        if (unlocked.Count > 0)
        {
            await _locks.LockAsync(unlocked, _services.Options.RetryBudget, cancellationToken);
        }

        var mutations = new SortedDictionary<byte[], CommitMutation>(Comparer<byte[]>.Create(
            static (left, right) => left.AsSpan().SequenceCompareTo(right)));
        foreach (var key in _locks.Held)
        {
            mutations[key] = new CommitMutation(key, Op.Lock, [], PessimisticAction.DoPessimisticCheck);
        }

        foreach (var write in _writes.All)
        {
            if (write.Kind is WriteKind.Insert or WriteKind.MustNotExist && _locks.Existed(write.Key))
            {
                throw Exists(write.Key);
            }

            var held = _locks.IsHeld(write.Key);
            var mutation = ToMutation(write, held ? PessimisticAction.DoPessimisticCheck : PessimisticAction.SkipPessimisticCheck);

            // A locked key is known not to exist: the check is done, and what remains is a put, or a lock.
            mutations[write.Key] = mutation.Op switch
            {
                Op.Insert => mutation with { Op = Op.Put },
                Op.CheckNotExists => mutation with { Op = Op.Lock },
                _ => mutation,
            };
        }

        return [.. mutations.Values];
    }

    private static CommitMutation ToMutation(BufferedWrite write, PessimisticAction action)
    {
        var op = write.Kind switch
        {
            WriteKind.Put => Op.Put,
            WriteKind.Insert => Op.Insert,
            WriteKind.Delete => Op.Del,
            WriteKind.MustNotExist => Op.CheckNotExists,
            _ => Op.Lock,
        };
        return new CommitMutation(write.Key, op, write.Value, action);
    }

    /// <summary>Puts own writes in the place of what was read, ascending.</summary>
    private List<KeyValue> Overlay(List<byte[]> keys, List<KeyValue> read)
    {
        if (_writes.Count == 0)
        {
            return read;
        }

        var pairs = read.FindAll(pair => !_writes.TryGet(pair.Key, out var own) || !own.Decides);
        foreach (var key in keys)
        {
            if (_writes.TryGet(key, out var own) && own.HasValue)
            {
                pairs.Add(new KeyValue(own.Key, own.Value));
            }
        }

        pairs.Sort(static (left, right) => left.Key.AsSpan().SequenceCompareTo(right.Key));
        return pairs;
    }

    private void RequireOpen() => Invariant.Require(!_ended, "a transaction is not used after its end");

    private void RequireRoom(int keyBytes, int valueBytes)
    {
        RequireOpen();
        var entryMax = _services.Options.EntryMax;
        if (keyBytes == 0 || valueBytes == 0 || keyBytes + (long)valueBytes > entryMax.Bytes)
        {
            throw new KvException(
                KvErrorCode.TooLarge,
                $"a key and a value have at least one byte each and at most {entryMax} together, not {keyBytes} + {valueBytes} bytes");
        }

        var transactionMax = _services.Options.TransactionMax;
        if (_writes.Bytes + keyBytes + valueBytes > transactionMax.Bytes)
        {
            throw new KvException(
                KvErrorCode.TooLarge, $"the transaction would be larger than {transactionMax}; commit in parts, or raise the client's TransactionMax");
        }
    }
}
