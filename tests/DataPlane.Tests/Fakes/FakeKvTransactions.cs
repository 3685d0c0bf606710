using Cloud.KvClient;

namespace Cloud.DataPlane.Tests.Fakes;

/// <summary>
/// The key-value layer in memory: versions of keys by commit timestamp, snapshot isolation with write conflicts, pessimistic locks with
/// waiting and deadlock detection. Commits are atomic. Thread-safe; one lock guards everything.
/// </summary>
internal sealed class FakeKvTransactions : IKvTransactions
{
    private readonly Lock _gate = new();
    private readonly SortedList<byte[], List<Version>> _versions = new(ByteOrder.Instance);
    private readonly Dictionary<byte[], FakeTransaction> _locks = new(ByteOrder.Instance);
    private readonly Dictionary<FakeTransaction, FakeTransaction> _waitsFor = [];
    private TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong _timestamp = 1000;

    private readonly record struct Version(ulong CommitTimestamp, byte[]? Value);

    /// <summary>Requests for single keys and batches, to prove how a statement reads.</summary>
    public int Reads;

    public int Scans;

    public int Commits;

    /// <summary>Called before each commit takes effect; may throw to make it fail.</summary>
    public Action? BeforeCommit { get; set; }

    /// <summary>Keys that exist now.</summary>
    public int LiveKeys
    {
        get
        {
            lock (_gate)
            {
                return _versions.Values.Count(versions => versions[^1].Value is not null);
            }
        }
    }

    public ValueTask<ulong> GetTimestampAsync(CancellationToken cancellationToken) => new(Tick());

    public IKvSnapshot GetSnapshot(ulong readTimestamp) => new FakeSnapshot(this, readTimestamp);

    public IKvTransaction Begin(ulong startTimestamp, TransactionMode mode) => new FakeTransaction(this, startTimestamp, mode);

    /// <summary>All live pairs that begin with a prefix, for tests that look at storage itself.</summary>
    public List<KeyValue> Dump(ReadOnlySpan<byte> prefix)
    {
        var start = prefix.ToArray();
        return Range(start, [], ulong.MaxValue).Where(pair => pair.Key.AsSpan().StartsWith(start)).ToList();
    }

    internal ulong Tick()
    {
        lock (_gate)
        {
            return ++_timestamp;
        }
    }

    internal byte[]? Read(ReadOnlySpan<byte> key, ulong timestamp)
    {
        lock (_gate)
        {
            return _versions.TryGetValue(key.ToArray(), out var versions) ? At(versions, timestamp) : null;
        }
    }

    /// <summary>The pairs of [start, end) at a timestamp; copied under the lock.</summary>
    internal List<KeyValue> Range(byte[] start, byte[] end, ulong timestamp)
    {
        lock (_gate)
        {
            var pairs = new List<KeyValue>();
            for (var i = LowerBound(start); i < _versions.Count; i++)
            {
                var key = _versions.GetKeyAtIndex(i);
                if (end.Length > 0 && ByteOrder.Instance.Compare(key, end) >= 0)
                {
                    break;
                }

                if (At(_versions.GetValueAtIndex(i), timestamp) is { } value)
                {
                    pairs.Add(new KeyValue(key, value));
                }
            }

            return pairs;
        }
    }

    internal async ValueTask LockAsync(FakeTransaction owner, IEnumerable<byte[]> keys, TimeSpan waitMax, CancellationToken cancellationToken)
    {
        var started = Environment.TickCount64;
        foreach (var key in keys)
        {
            while (true)
            {
                Task released;
                lock (_gate)
                {
                    if (!_locks.TryGetValue(key, out var holder) || holder == owner)
                    {
                        _locks[key] = owner;
                        _waitsFor.Remove(owner);
                        break;
                    }

                    RefuseDeadlock(owner, holder, key);
                    _waitsFor[owner] = holder;
                    released = _released.Task;
                }

                var left = waitMax - TimeSpan.FromMilliseconds(Environment.TickCount64 - started);
                if (left <= TimeSpan.Zero || await Task.WhenAny(released, Task.Delay(left, cancellationToken)) != released)
                {
                    lock (_gate)
                    {
                        _waitsFor.Remove(owner);
                    }

                    cancellationToken.ThrowIfCancellationRequested();
                    throw new KvException(KvErrorCode.LockWaitTimeout, "the lock was not released in time") { Key = key };
                }
            }
        }
    }

    internal void Release(FakeTransaction owner)
    {
        lock (_gate)
        {
            foreach (var key in _locks.Where(held => held.Value == owner).Select(held => held.Key).ToList())
            {
                _locks.Remove(key);
            }

            _waitsFor.Remove(owner);
            var released = _released;
            _released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            released.SetResult();
        }
    }

    internal ulong Commit(FakeTransaction owner, SortedList<byte[], FakeWrite> writes, IEnumerable<byte[]> locked)
    {
        BeforeCommit?.Invoke();
        lock (_gate)
        {
            foreach (var key in writes.Keys.Concat(locked))
            {
                Check(owner, key);
            }

            foreach (var (key, write) in writes)
            {
                if (write.MustNotExist && _versions.TryGetValue(key, out var versions) && versions[^1].Value is not null)
                {
                    throw new KvException(KvErrorCode.AlreadyExists, "the key exists") { Key = key };
                }
            }

            if (writes.Count == 0)
            {
                return 0;
            }

            Commits++;
            var commit = ++_timestamp;
            foreach (var (key, write) in writes)
            {
                if (!_versions.TryGetValue(key, out var versions))
                {
                    _versions.Add(key, versions = []);
                }

                versions.Add(new Version(commit, write.Value));
            }

            return commit;
        }
    }

    private void Check(FakeTransaction owner, byte[] key)
    {
        if (_locks.TryGetValue(key, out var holder))
        {
            if (holder == owner)
            {
                return;
            }

            throw new KvException(KvErrorCode.WriteConflict, "the key is locked by another transaction") { Key = key };
        }

        // Keys that a pessimistic transaction did not lock are guarded by those that it did, as in TiKV.
        if (!owner.IsPessimistic && _versions.TryGetValue(key, out var versions) && versions[^1].CommitTimestamp > owner.StartTimestamp)
        {
            throw new KvException(KvErrorCode.WriteConflict, "a newer version was committed") { Key = key };
        }
    }

    private void RefuseDeadlock(FakeTransaction owner, FakeTransaction holder, byte[] key)
    {
        for (var next = holder; next is not null; next = _waitsFor.GetValueOrDefault(next))
        {
            if (next == owner)
            {
                throw new KvException(KvErrorCode.Deadlock, "waiting would close a circle") { Key = key };
            }
        }
    }

    private static byte[]? At(List<Version> versions, ulong timestamp)
    {
        for (var i = versions.Count - 1; i >= 0; i--)
        {
            if (versions[i].CommitTimestamp <= timestamp)
            {
                return versions[i].Value;
            }
        }

        return null;
    }

    private int LowerBound(byte[] key)
    {
        var low = 0;
        var high = _versions.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (ByteOrder.Instance.Compare(_versions.GetKeyAtIndex(middle), key) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}

/// <summary>A buffered write; null deletes.</summary>
internal readonly record struct FakeWrite(byte[]? Value, bool MustNotExist);

/// <summary>Keys by unsigned bytes.</summary>
internal sealed class ByteOrder : IComparer<byte[]>, IEqualityComparer<byte[]>
{
    public static readonly ByteOrder Instance = new();

    public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode(byte[] obj)
    {
        var hash = default(HashCode);
        hash.AddBytes(obj);
        return hash.ToHashCode();
    }
}
