using Cloud.Codec;
using Cloud.Engine;
using Google.Protobuf;

namespace Cloud.Storage.Mvcc;

/// <summary>
/// Reads locks and versions of keys. The write iterator sees the moment of its first use; a command makes its reader
/// after it holds its latches, so nobody changes its keys meanwhile. Keys are data keys without timestamp. Not
/// thread-safe.
/// </summary>
internal sealed class MvccReader(IKvReader reader) : IDisposable
{
    /// <summary>
    /// Records further away than this are sought, nearer ones stepped to. Source: TiKV's <c>SEEK_BOUND</c>.
    /// </summary>
    private const int SeekBound = 8;

    private IKvIterator? _writes;
    private byte[] _seekKey = new byte[128];

    /// <summary>The record that the last successful seek stands on; valid until the next move.</summary>
    internal WriteRecord CurrentWrite => WriteRecord.Parse(Writes.Value);

    internal IKvReader Source => reader;

    private IKvIterator Writes => _writes ??= reader.Iterate(ColumnFamily.Write, default, default);

    internal LockRecord? LoadLock(ReadOnlySpan<byte> dataKey)
    {
        using var value = reader.Get(ColumnFamily.Lock, dataKey);
        return value.Exists ? LockRecord.Parse(value.Span) : null;
    }

    /// <summary>
    /// Moves to the newest record of a key with a commit timestamp of at most <paramref name="timestamp"/>.
    /// </summary>
    internal bool SeekWrite(ReadOnlySpan<byte> dataKey, ulong timestamp, out ulong commitTimestamp)
    {
        var length = dataKey.Length + Tso.SuffixBytes;
        if (_seekKey.Length < length)
        {
            _seekKey = new byte[length * 2];
        }

        DataKey.WithTimestamp(dataKey, timestamp, _seekKey);
        return Writes.Seek(_seekKey.AsSpan(0, length)) & StandsOn(dataKey, out commitTimestamp);
    }

    /// <summary>Moves to the next older record of the key.</summary>
    internal bool NextWrite(ReadOnlySpan<byte> dataKey, out ulong commitTimestamp)
    {
        Writes.Next();
        return StandsOn(dataKey, out commitTimestamp);
    }

    /// <summary>Moves to the put that a reader at <paramref name="timestamp"/> sees; false when it sees none.</summary>
    internal bool SeekVisible(ReadOnlySpan<byte> dataKey, ulong timestamp, out ulong commitTimestamp)
    {
        var valid = SeekWrite(dataKey, timestamp, out commitTimestamp);
        while (valid)
        {
            var write = CurrentWrite;
            switch (write.Kind)
            {
                case WriteKind.Put:
                    return write.IsNewestFor(timestamp);
                case WriteKind.Delete:
                    return false;
                default:
                    var last = write.LastChange;
                    if (last.IsKnown && last.Timestamp == 0)
                    {
                        return false;
                    }

                    valid = last.IsKnown && last.Versions >= SeekBound
                        ? SeekWrite(dataKey, last.Timestamp, out commitTimestamp)
                        : NextWrite(dataKey, out commitTimestamp);
                    break;
            }
        }

        return false;
    }

    /// <summary>The value that a reader at <paramref name="timestamp"/> sees, or null.</summary>
    internal ByteString? Get(ReadOnlySpan<byte> dataKey, ulong timestamp, out ulong commitTimestamp) =>
        SeekVisible(dataKey, timestamp, out commitTimestamp) ? CurrentValue(dataKey) : null;

    internal bool Exists(ReadOnlySpan<byte> dataKey, ulong timestamp) => SeekVisible(dataKey, timestamp, out _);

    /// <summary>The value of the put that the reader stands on.</summary>
    internal ByteString CurrentValue(ReadOnlySpan<byte> dataKey)
    {
        var write = CurrentWrite;
        return write.HasShortValue ? ByteString.CopyFrom(write.ShortValue) : LongValue(dataKey, write.StartTimestamp);
    }

    /// <summary>A value of the default family.</summary>
    /// <exception cref="CodecException">It is not there although a record says so.</exception>
    internal ByteString LongValue(ReadOnlySpan<byte> dataKey, ulong startTimestamp)
    {
        var length = dataKey.Length + Tso.SuffixBytes;
        Span<byte> key = length <= 512 ? stackalloc byte[length] : new byte[length];
        DataKey.WithTimestamp(dataKey, startTimestamp, key);
        using var value = reader.Get(ColumnFamily.Default, key);
        return value.Exists
            ? ByteString.CopyFrom(value.Span)
            : throw new CodecException(
                $"the value of key {Convert.ToHexStringLower(dataKey)} written at {startTimestamp} is missing: the store's data is damaged");
    }

    /// <summary>What became of the transaction that began at <paramref name="startTimestamp"/> on a key.</summary>
    internal CommitRecord FindCommitRecord(ReadOnlySpan<byte> dataKey, ulong startTimestamp)
    {
        // A transaction that began earlier may have committed later, so all records down to the start timestamp count.
        ulong fence = 0;
        for (var valid = SeekWrite(dataKey, Tso.Max, out var commit); valid; valid = NextWrite(dataKey, out commit))
        {
            var write = CurrentWrite;
            if (write.StartTimestamp == startTimestamp)
            {
                return new CommitRecord { Fate = write.Kind == WriteKind.Rollback ? Fate.RolledBack : Fate.Committed, CommitTimestamp = commit };
            }

            if (commit == startTimestamp)
            {
                return write.HasOverlappedRollback
                    ? new CommitRecord { Fate = Fate.RolledBack }
                    : new CommitRecord { OverlappedWrite = Writes.Value.ToArray(), GcFence = fence };
            }

            if (commit < startTimestamp)
            {
                break;
            }

            if (write.Kind is WriteKind.Put or WriteKind.Delete)
            {
                fence = commit;
            }
        }

        return default;
    }

    public void Dispose() => _writes?.Dispose();

    private bool StandsOn(ReadOnlySpan<byte> dataKey, out ulong commitTimestamp)
    {
        if (Writes.IsValid)
        {
            var key = Writes.Key;
            if (key.Length == dataKey.Length + Tso.SuffixBytes && key[..dataKey.Length].SequenceEqual(dataKey))
            {
                commitTimestamp = Tso.ReadSuffix(key);
                return true;
            }
        }

        commitTimestamp = 0;
        return false;
    }
}

/// <summary>The fate of one transaction on one key.</summary>
internal enum Fate
{
    /// <summary>Nothing is recorded.</summary>
    Unknown,
    Committed,
    RolledBack,
}

/// <summary>What <see cref="MvccReader.FindCommitRecord"/> found.</summary>
internal readonly struct CommitRecord
{
    internal Fate Fate { get; init; }

    /// <summary>Of the commit.</summary>
    internal ulong CommitTimestamp { get; init; }

    /// <summary>
    /// When nothing is recorded: another transaction's record whose commit timestamp is this one's start; null when
    /// there is none.
    /// </summary>
    internal byte[]? OverlappedWrite { get; init; }

    /// <summary>
    /// The commit timestamp of the next newer change above the overlapped write; 0 when it is the newest.
    /// </summary>
    internal ulong GcFence { get; init; }
}
