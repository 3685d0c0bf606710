using System.Runtime.InteropServices;
using Cloud.Kernel;
using Microsoft.Win32.SafeHandles;

namespace Cloud.Engine.RocksDb;

/// <summary>
/// <see cref="IKvEngine"/> over the system's RocksDB. Its write-ahead log is written but not synced per batch: after
/// the machine stops, a prefix of the batches is there (point-in-time recovery, RocksDB's default), and after only the
/// process stops, all of them. RocksDB syncs closed logs before it installs the flush of one family among several, so
/// families never disagree about the prefix.
/// </summary>
public sealed unsafe class RocksEngine : IKvEngine
{
    internal const int FamilyCount = 5;

    private static readonly string[] FamilyNames = ["default", "lock", "write", "raw", "local"];

    private readonly DatabaseHandle _database;
    private readonly nint _readOptions = Native.ReadOptionsCreate();
    private readonly nint _writeOptions = Native.WriteOptionsCreate();
    private bool _disposed;

    private RocksEngine(string path, DatabaseHandle database)
    {
        Path = path;
        _database = database;
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    internal DatabaseHandle Database => _database;

    /// <summary>Opens the database in a folder, which is created when missing.</summary>
    /// <exception cref="EngineException">RocksDB is not installed, another process has the folder open, or the files
    /// are damaged.</exception>
    public static RocksEngine Open(string path, RocksOptions options)
    {
        RocksLibrary.Load();
        Directory.CreateDirectory(path);
        var settings = CreateSettings(options);
        var names = stackalloc nint[FamilyCount];
        var familySettings = stackalloc nint[FamilyCount];
        var handles = stackalloc nint[FamilyCount];
        for (var i = 0; i < FamilyCount; i++)
        {
            names[i] = Marshal.StringToCoTaskMemUTF8(FamilyNames[i]);
            familySettings[i] = settings;
        }

        try
        {
            var db = Native.Open(settings, path, FamilyCount, names, familySettings, handles, out var error);
            Native.ThrowOnError(error, "open the database", path);
            return new RocksEngine(path, new DatabaseHandle(db, new ReadOnlySpan<nint>(handles, FamilyCount)));
        }
        finally
        {
            Native.OptionsDestroy(settings);
            for (var i = 0; i < FamilyCount; i++)
            {
                Marshal.FreeCoTaskMem(names[i]);
            }
        }
    }

    public KvValue Get(ColumnFamily family, ReadOnlySpan<byte> key) => Get(_readOptions, family, key);

    public IKvIterator Iterate(ColumnFamily family, ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper) =>
        new RocksIterator(this, family, lower, upper, snapshot: 0);

    public IKvSnapshot CreateSnapshot() => new RocksSnapshot(this);

    public IKvWriteBatch CreateBatch() => new RocksWriteBatch(_database);

    public void Write(IKvWriteBatch batch)
    {
        Invariant.Require(batch is RocksWriteBatch, "a batch belongs to the kind of engine that made it");
        Native.Write(_database.Pointer, _writeOptions, ((RocksWriteBatch)batch).Pointer, out var error);
        Native.ThrowOnError(error, "write", Path);
    }

    public void Sync()
    {
        Native.FlushWal(_database.Pointer, sync: 1, out var error);
        Native.ThrowOnError(error, "sync its log", Path);
    }

    public void Flush()
    {
        var options = Native.FlushOptionsCreate();
        Native.FlushOptionsSetWait(options, 1);
        try
        {
            for (var i = 0; i < FamilyCount; i++)
            {
                Native.Flush(_database.Pointer, options, _database.Families[i], out var error);
                Native.ThrowOnError(error, "flush", Path);
            }
        }
        finally
        {
            Native.FlushOptionsDestroy(options);
        }
    }

    public void CreateCheckpoint(string directory)
    {
        var checkpoint = Native.CheckpointObjectCreate(_database.Pointer, out var error);
        Native.ThrowOnError(error, "prepare a checkpoint", Path);
        Native.CheckpointCreate(checkpoint, directory, logBytesForFlush: 0, out error);
        Native.CheckpointObjectDestroy(checkpoint);
        Native.ThrowOnError(error, "make a checkpoint of " + Path, directory);
    }

    public long ApproximateBytes(ColumnFamily family, ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper)
    {
        ReadOnlySpan<byte> end = upper.IsEmpty ? [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF] : upper;
        fixed (byte* lowerBytes = lower, upperBytes = end)
        {
            var starts = (nint)lowerBytes;
            var startLength = (nuint)lower.Length;
            var ends = (nint)upperBytes;
            var endLength = (nuint)end.Length;
            ulong size;
            Native.ApproximateSizes(
                _database.Pointer, _database.Families[(int)family], 1, &starts, &startLength, &ends, &endLength, &size, out var error);
            Native.ThrowOnError(error, "estimate sizes", Path);
            Native.PropertyInt(
                _database.Pointer, _database.Families[(int)family], "rocksdb.cur-size-all-mem-tables", out var memory);
            return (long)(size + (lower.IsEmpty && upper.IsEmpty ? memory : 0));
        }
    }

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _database.Dispose();
            Native.ReadOptionsDestroy(_readOptions);
            Native.WriteOptionsDestroy(_writeOptions);
        }
    }

    internal KvValue Get(nint readOptions, ColumnFamily family, ReadOnlySpan<byte> key)
    {
        fixed (byte* keyBytes = key)
        {
            var slice = Native.GetPinned(
                _database.Pointer, readOptions, _database.Families[(int)family], keyBytes, (nuint)key.Length, out var error);
            Native.ThrowOnError(error, "read", Path);
            if (slice == 0)
            {
                return KvValue.Missing;
            }

            var value = Native.PinnableSliceValue(slice, out var length);
            return KvValue.Pinned(new ReadOnlySpan<byte>(value, checked((int)length)), slice);
        }
    }

    private static nint CreateSettings(RocksOptions options)
    {
        const int lz4 = 4;
        var settings = Native.OptionsCreate();
        Native.OptionsSetCreateIfMissing(settings, 1);
        Native.OptionsSetCreateMissingColumnFamilies(settings, 1);
        Native.OptionsSetCompression(settings, lz4);
        Native.OptionsSetWriteBufferSize(settings, (nuint)options.WriteBuffer.Bytes);
        Native.OptionsSetDbWriteBufferSize(settings, (nuint)options.WriteBufferTotal.Bytes);
        Native.OptionsSetMaxTotalWalSize(settings, (ulong)options.WalTotalMax.Bytes);
        Native.OptionsSetMaxBackgroundJobs(settings, options.BackgroundJobs);
        Native.OptionsSetMaxOpenFiles(settings, options.OpenFilesMax);
        Native.OptionsSetKeepLogFileNum(settings, 2);
        Native.OptionsSetMaxLogFileSize(settings, (nuint)ByteSize.FromMiB(4).Bytes);
        Native.OptionsSetStatsDumpPeriodSeconds(settings, 0);
        Native.OptionsSetLevelCompactionDynamicLevelBytes(settings, 1);
        var table = Native.TableOptionsCreate();
        var cache = Native.CacheCreateLru((nuint)options.BlockCache.Bytes);
        Native.TableOptionsSetBlockCache(table, cache);
        Native.TableOptionsSetFilterPolicy(table, Native.FilterPolicyCreateBloomFull(10));
        Native.TableOptionsSetCacheIndexAndFilterBlocks(table, 1);
        Native.OptionsSetBlockBasedTableFactory(settings, table);
        Native.TableOptionsDestroy(table);
        Native.CacheDestroy(cache);
        return settings;
    }

    /// <summary>
    /// The open database and its families; iterators and snapshots count as users, so that closing waits for them.
    /// </summary>
    internal sealed class DatabaseHandle : SafeHandleZeroOrMinusOneIsInvalid
    {
        internal DatabaseHandle(nint db, ReadOnlySpan<nint> families)
            : base(ownsHandle: true)
        {
            SetHandle(db);
            Families = families.ToArray();
        }

        internal nint[] Families { get; }

        /// <summary>The database, for a call during which the engine is not disposed.</summary>
        internal nint Pointer
        {
            get
            {
                ObjectDisposedException.ThrowIf(IsClosed, typeof(RocksEngine));
                return handle;
            }
        }

        internal void AddUser()
        {
            var added = false;
            DangerousAddRef(ref added);
        }

        internal void RemoveUser() => DangerousRelease();

        /// <summary>For users that were added, whose calls are valid also after the engine was disposed.</summary>
        internal nint UserPointer => handle;

        protected override bool ReleaseHandle()
        {
            foreach (var family in Families)
            {
                Native.FamilyDestroy(family);
            }

            Native.Close(handle);
            return true;
        }
    }
}
