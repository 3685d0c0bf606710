using Cloud.Codec;
using Microsoft.Win32.SafeHandles;

namespace Cloud.Pd.Meta;

/// <summary>
/// PD's durable state: a snapshot and a log of the transactions after it. Blocking; one thread at a time.
///
/// Files: <c>meta.snapshot</c> holds one frame with the whole map and its revision; <c>meta.log</c> holds one frame per append, each with the
/// revision of its first transaction.
/// Invariant: a transaction is acknowledged only after the frame that holds it is flushed.
/// What a crash leaves behind: during an append, at most a torn last frame, which recovery cuts off (nobody was told); during a snapshot,
/// either snapshot whole, and a log that may begin before it, whose frames at or below the snapshot's revision are skipped; between the
/// snapshot and the new log, the same. Damage before the last frame is not a crash's doing and is refused.
/// </summary>
internal sealed class MetaLog : IDisposable
{
    private const string SnapshotName = "meta.snapshot";
    private const string LogName = "meta.log";

    private readonly string _folder;
    private readonly ByteBuffer _frame = new(4096);
    private SafeFileHandle _file;
    private long _length;

    private MetaLog(string folder, SafeFileHandle file, long length)
    {
        _folder = folder;
        _file = file;
        _length = length;
    }

    /// <summary>Bytes of the log since the last snapshot.</summary>
    public long LogBytes => _length;

    /// <summary>Opens or creates the files of a folder and rebuilds the map.</summary>
    /// <exception cref="PdStateException">The files are damaged, or of another version.</exception>
    public static MetaLog Open(string folder, MetaMap map)
    {
        Directory.CreateDirectory(folder);
        LoadSnapshot(Path.Combine(folder, SnapshotName), map);
        var path = Path.Combine(folder, LogName);
        if (!File.Exists(path))
        {
            MetaFiles.Replace(path, MetaFiles.Head("CPDL"u8));
        }

        var usable = Replay(path, map);
        var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
        if (RandomAccess.GetLength(file) != usable)
        {
            RandomAccess.SetLength(file, usable);
            RandomAccess.FlushToDisk(file);
        }

        return new MetaLog(folder, file, usable);
    }

    /// <summary>Appends transactions as one frame and flushes it.</summary>
    /// <param name="firstRevision">The revision that the first of them will have.</param>
    public void Append(long firstRevision, IReadOnlyList<MetaTransaction> transactions)
    {
        _frame.Clear();
        _frame.Append(MetaFiles.FrameHeadBytes);
        _frame.WriteVarint((ulong)firstRevision);
        _frame.WriteVarint((ulong)transactions.Count);
        foreach (var transaction in transactions)
        {
            transaction.Encode(_frame);
        }

        var bytes = _frame.ToArray();
        MetaFiles.SealFrame(bytes);
        RandomAccess.Write(_file, bytes, _length);
        RandomAccess.FlushToDisk(_file);
        _length += bytes.Length;
    }

    /// <summary>Writes the whole map and begins a new log.</summary>
    public void Compact(MetaMap map)
    {
        MetaFiles.Replace(Path.Combine(_folder, SnapshotName), EncodeSnapshot(map));
        var path = Path.Combine(_folder, LogName);
        MetaFiles.Replace(path, MetaFiles.Head("CPDL"u8));
        _file.Dispose();
        _file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
        _length = MetaFiles.HeadBytes;
    }

    public void Dispose()
    {
        _file.Dispose();
        _frame.Dispose();
    }

    private static byte[] EncodeSnapshot(MetaMap map)
    {
        using var buffer = new ByteBuffer(64 * 1024);
        buffer.Write(MetaFiles.Head("CPDS"u8));
        buffer.Append(MetaFiles.FrameHeadBytes);
        buffer.WriteVarint((ulong)map.Revision);
        buffer.WriteVarint((ulong)map.Count);
        foreach (var entry in map.All())
        {
            buffer.WriteCompactBytes(entry.Key);
            buffer.WriteCompactBytes(entry.Value);
            buffer.WriteVarint((ulong)entry.CreateRevision);
            buffer.WriteVarint((ulong)entry.ModRevision);
            buffer.WriteVarint((ulong)entry.Version);
        }

        var bytes = buffer.ToArray();
        MetaFiles.SealFrame(bytes.AsSpan(MetaFiles.HeadBytes));
        return bytes;
    }

    private static void LoadSnapshot(string path, MetaMap map)
    {
        if (!File.Exists(path))
        {
            return;
        }

        var bytes = File.ReadAllBytes(path);
        MetaFiles.RequireHead(bytes, "CPDS"u8, path);
        if (!MetaFiles.TryReadFrame(bytes.AsSpan(MetaFiles.HeadBytes), out var payload))
        {
            throw Damaged(path, MetaFiles.HeadBytes);
        }

        var reader = new ByteReader(payload);
        map.RestoreRevision((long)reader.ReadVarint());
        for (var remaining = reader.ReadVarint(); remaining > 0 && !reader.Failed; remaining--)
        {
            map.Restore(new MetaEntry(
                reader.ReadCompactBytes().ToArray(),
                reader.ReadCompactBytes().ToArray(),
                (long)reader.ReadVarint(),
                (long)reader.ReadVarint(),
                (long)reader.ReadVarint()));
        }

        if (reader.Failed)
        {
            throw Damaged(path, MetaFiles.HeadBytes);
        }
    }

    /// <summary>Applies the log after the snapshot.</summary>
    /// <returns>The length of the part that is whole.</returns>
    private static long Replay(string path, MetaMap map)
    {
        ReadOnlySpan<byte> bytes = File.ReadAllBytes(path);
        MetaFiles.RequireHead(bytes, "CPDL"u8, path);
        var at = MetaFiles.HeadBytes;
        while (MetaFiles.TryReadFrame(bytes[at..], out var payload))
        {
            if (!ApplyFrame(payload, map))
            {
                throw Damaged(path, at);
            }

            at += MetaFiles.FrameHeadBytes + payload.Length;
        }

        RequireTornTail(bytes[at..], path, at);
        return at;
    }

    private static bool ApplyFrame(ReadOnlySpan<byte> payload, MetaMap map)
    {
        var reader = new ByteReader(payload);
        var revision = (long)reader.ReadVarint();
        for (var remaining = reader.ReadVarint(); remaining > 0; remaining--, revision++)
        {
            var transaction = MetaTransaction.Decode(ref reader);
            if (transaction is null || revision > map.Revision + 1)
            {
                return false;
            }

            if (revision == map.Revision + 1)
            {
                map.Apply(transaction);
            }
        }

        return !reader.Failed;
    }

    /// <summary>What follows the last whole frame must be a torn append: no whole frame may come after it.</summary>
    private static void RequireTornTail(ReadOnlySpan<byte> rest, string path, long at)
    {
        for (var i = 1; i < rest.Length; i++)
        {
            if (MetaFiles.TryReadFrame(rest[i..], out _))
            {
                throw Damaged(path, at);
            }
        }
    }

    private static PdStateException Damaged(string path, long at) =>
        new($"{path} is damaged at byte {at}. Restore PD's data folder from a backup; starting over would hand out old timestamps and ids.");
}
