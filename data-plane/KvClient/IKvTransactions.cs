namespace Cloud.KvClient;

/// <summary>A key and its value; both owned by the receiver.</summary>
public readonly record struct KeyValue(byte[] Key, byte[] Value);

/// <summary>How a transaction locks.</summary>
public enum TransactionMode
{
    /// <summary>Locks are taken at commit; conflicts surface there.</summary>
    Optimistic,

    /// <summary>Locks are taken when <see cref="IKvTransaction.LockAsync"/> is called; commit then cannot conflict.</summary>
    Pessimistic,
}

/// <summary>The transactional side of a key-value cluster, as the SQL layer uses it. Thread-safe.</summary>
public interface IKvTransactions
{
    /// <summary>A fresh timestamp of PD: greater than every timestamp handed out before the call.</summary>
    ValueTask<ulong> GetTimestampAsync(CancellationToken cancellationToken);

    /// <summary>A consistent view at <paramref name="readTimestamp"/>; <see cref="ulong.MaxValue"/> reads the newest committed version of a single key.</summary>
    IKvSnapshot GetSnapshot(ulong readTimestamp);

    /// <summary>Begins a transaction whose snapshot is at <paramref name="startTimestamp"/>.</summary>
    IKvTransaction Begin(ulong startTimestamp, TransactionMode mode);
}

/// <summary>Reads at one timestamp. Locks of others in the way are waited for or resolved. Not thread-safe.</summary>
public interface IKvSnapshot
{
    ulong ReadTimestamp { get; }

    /// <summary>The value, or null when there is none.</summary>
    ValueTask<byte[]?> GetAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken);

    /// <summary>The pairs that exist, in ascending key order. Keys may come in any order, without duplicates.</summary>
    ValueTask<IReadOnlyList<KeyValue>> BatchGetAsync(IReadOnlyList<ReadOnlyMemory<byte>> keys, CancellationToken cancellationToken);

    /// <summary>
    /// The pairs of [<paramref name="start"/>, <paramref name="end"/>) in ascending (or, reversed, descending) order, in batches as the
    /// storage hands them out; batches are never empty. An empty end means the end of the key space.
    /// </summary>
    /// <param name="limit">Most pairs in all; 0 means no limit.</param>
    IAsyncEnumerable<IReadOnlyList<KeyValue>> ScanAsync(
        ReadOnlyMemory<byte> start, ReadOnlyMemory<byte> end, int limit, bool reverse, CancellationToken cancellationToken);
}

/// <summary>
/// A buffered read-write transaction with snapshot isolation: reads see its own writes, writes reach storage at commit.
/// Ends by exactly one of commit and rollback; disposing an open one rolls back. Not thread-safe.
/// </summary>
public interface IKvTransaction : IKvSnapshot, IAsyncDisposable
{
    ulong StartTimestamp { get; }

    /// <summary>Bytes of keys and values buffered.</summary>
    long BufferedBytes { get; }

    /// <summary>Buffers a write; empty values are not allowed.</summary>
    void Set(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value);

    /// <summary>Buffers a write of a key that must not exist at commit (checked by storage).</summary>
    void Insert(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value);

    void Delete(ReadOnlyMemory<byte> key);

    /// <summary>
    /// Pessimistic mode: locks the keys at a fresh for-update timestamp and returns the newest committed pairs among them, in ascending
    /// order, overlaid with this transaction's own writes. Optimistic mode: marks the keys to be locked at commit, returns the snapshot's pairs.
    /// </summary>
    /// <exception cref="KvException">LockWaitTimeout, Deadlock, or a connection error.</exception>
    ValueTask<IReadOnlyList<KeyValue>> LockAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> keys, TimeSpan waitMax, CancellationToken cancellationToken);

    /// <summary>The newest timestamp at which <see cref="LockAsync"/> read; <see cref="StartTimestamp"/> before the first call.</summary>
    ulong ForUpdateTimestamp { get; }

    /// <summary>A snapshot at a fresh timestamp overlaid with this transaction's writes, for statements that read current data.</summary>
    ValueTask<IKvSnapshot> CurrentSnapshotAsync(CancellationToken cancellationToken);

    /// <summary>A mark to return to when a statement fails inside a transaction.</summary>
    int Savepoint();

    /// <summary>Forgets the writes buffered after the mark; locks stay.</summary>
    void RollbackTo(int savepoint);

    /// <summary>Commits. On return the writes are durable and visible to every later timestamp.</summary>
    /// <returns>The commit timestamp; 0 when there was nothing to write.</returns>
    /// <exception cref="KvException">WriteConflict, AlreadyExists, or UndeterminedResult when storage could not say whether it committed.</exception>
    ValueTask<ulong> CommitAsync(CancellationToken cancellationToken);

    /// <summary>Gives up all writes and locks. Idempotent.</summary>
    ValueTask RollbackAsync(CancellationToken cancellationToken);
}
