namespace Cloud.Engine;

/// <summary>The separate key spaces of a store. The numbers are part of the log's entry format.</summary>
public enum ColumnFamily : byte
{
    /// <summary>Long values of transactions, and raw values of API V2.</summary>
    Default = 0,

    /// <summary>Locks.</summary>
    Lock = 1,

    /// <summary>Commit and rollback records.</summary>
    Write = 2,

    /// <summary>Raw values of API V1.</summary>
    Raw = 3,

    /// <summary>The store's own state: applied indexes, regions.</summary>
    Local = 4,
}

/// <summary>Point and range reads. Thread-safe.</summary>
public interface IKvReader
{
    /// <summary>The value of a key; to be disposed, whether it exists or not.</summary>
    KvValue Get(ColumnFamily family, ReadOnlySpan<byte> key);

    /// <summary>
    /// An unpositioned iterator over [<paramref name="lower"/>, <paramref name="upper"/>), a consistent view of the
    /// moment it was made. The bounds are copied; an empty upper bound is the end of the family.
    /// </summary>
    IKvIterator Iterate(ColumnFamily family, ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper);
}

/// <summary>All families at one moment. Dispose it soon: it keeps old versions alive.</summary>
public interface IKvSnapshot : IKvReader, IDisposable;

/// <summary>
/// An ordered store of bytes with column families and atomic batches. Writes are visible to every read that begins
/// after
/// <see cref="Write"/> returned. What a crash keeps: a prefix of the sequence of batches, which contains at least those
/// before the last
/// <see cref="Sync"/>; batches are never torn. Thread-safe; disposing waits for open iterators and snapshots of other
/// threads to be disposed.
/// </summary>
public interface IKvEngine : IKvReader, IDisposable
{
    IKvSnapshot CreateSnapshot();

    /// <summary>An empty batch of this engine's kind, to be reused and disposed by one owner.</summary>
    IKvWriteBatch CreateBatch();

    /// <summary>Applies a batch atomically, in the order of its calls. Leaves the batch as it is.</summary>
    void Write(IKvWriteBatch batch);

    /// <summary>Makes every batch written so far durable.</summary>
    void Sync();

    /// <summary>Moves what is in memory into sorted files (and syncs); afterwards opening needs no recovery.</summary>
    void Flush();

    /// <summary>
    /// A durable, openable copy as of now in a folder that does not exist yet; cheap where files can be linked.
    /// </summary>
    void CreateCheckpoint(string directory);

    /// <summary>About how many bytes the range takes on disk and in memory.</summary>
    long ApproximateBytes(ColumnFamily family, ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper);
}

/// <summary>Writes to be applied together. Not thread-safe.</summary>
public interface IKvWriteBatch : IDisposable
{
    /// <summary>Calls since the last <see cref="Clear"/>.</summary>
    int Count { get; }

    void Put(ColumnFamily family, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    void Delete(ColumnFamily family, ReadOnlySpan<byte> key);

    /// <summary>Deletes [<paramref name="lower"/>, <paramref name="upper"/>); the upper bound is not empty.</summary>
    void DeleteRange(ColumnFamily family, ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper);

    void Clear();
}

/// <summary>
/// A cursor. Moves return whether it stands on an entry; <see cref="Key"/> and <see cref="Value"/> are valid until the
/// next move and only while it does. Not thread-safe.
/// </summary>
public interface IKvIterator : IDisposable
{
    bool IsValid { get; }

    ReadOnlySpan<byte> Key { get; }

    ReadOnlySpan<byte> Value { get; }

    /// <summary>To the first entry at or after <paramref name="key"/>.</summary>
    bool Seek(ReadOnlySpan<byte> key);

    /// <summary>To the last entry at or before <paramref name="key"/>.</summary>
    bool SeekForPrevious(ReadOnlySpan<byte> key);

    bool SeekToFirst();

    bool SeekToLast();

    bool Next();

    bool Previous();
}

/// <summary>
/// The engine failed: a full or broken disk, or damaged files. The message carries the engine's own words and the
/// folder.
/// </summary>
public sealed class EngineException(string message, Exception? inner = null) : Exception(message, inner);
