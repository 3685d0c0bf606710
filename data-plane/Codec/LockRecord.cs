namespace Cloud.Codec;

/// <summary>What a lock announces.</summary>
public enum LockKind : byte
{
    Put = (byte)'P',
    Delete = (byte)'D',
    Lock = (byte)'L',
    Pessimistic = (byte)'S',
}

/// <summary>
/// A value of the lock column family: one transaction's claim on one key. Owns its arrays.
/// Source: TiKV, <c>txn_types/src/lock.rs</c>, the layout of KV-PROTOCOL annex B; optional fields are written in one
/// order and read in any. Shared locks ('H') are not written by this system and are refused when read.
/// </summary>
public sealed record LockRecord
{
    public required LockKind Kind { get; init; }

    /// <summary>The user's key that decides the transaction's fate, without any encoding.</summary>
    public required byte[] Primary { get; init; }

    public required ulong StartTimestamp { get; init; }

    /// <summary>
    /// Milliseconds after the start timestamp's physical part at which others may roll the transaction back.
    /// </summary>
    public required ulong TtlMs { get; init; }

    /// <summary>
    /// The value of a put, when it fits <see cref="WriteRecord.ShortValueBytesMax"/>; null otherwise.
    /// </summary>
    public byte[]? ShortValue { get; init; }

    /// <summary>0 in optimistic transactions.</summary>
    public ulong ForUpdateTimestamp { get; init; }

    /// <summary>Keys of the transaction, as a hint.</summary>
    public ulong TransactionSize { get; init; }

    /// <summary>The transaction cannot commit below this; 0 when it is not known.</summary>
    public ulong MinCommitTimestamp { get; init; }

    /// <summary>Whether the transaction is committed as soon as all its locks are there.</summary>
    public bool UsesAsyncCommit { get; init; }

    /// <summary>All other keys of an async-commit transaction; only on its primary.</summary>
    public IReadOnlyList<byte[]> Secondaries { get; init; } = [];

    /// <summary>
    /// Start timestamps of others that were rolled back here while the lock stood, and whose record the commit could
    /// overwrite.
    /// </summary>
    public IReadOnlyList<ulong> RollbackTimestamps { get; init; } = [];

    public LastChange LastChange { get; init; }

    /// <summary>Who writes, for change capture; 0 for ordinary clients.</summary>
    public ulong Source { get; init; }

    /// <summary>A pessimistic lock taken although a newer version existed.</summary>
    public bool IsLockedWithConflict { get; init; }

    /// <summary>Of pipelined writes; 0 otherwise.</summary>
    public ulong Generation { get; init; }

    public bool IsPessimistic => Kind == LockKind.Pessimistic;

    /// <summary>Whether the owner is a pessimistic transaction.</summary>
    public bool BelongsToPessimisticTransaction => ForUpdateTimestamp != 0;

    /// <exception cref="CodecException">The bytes are not a lock record.</exception>
    public static LockRecord Parse(ReadOnlySpan<byte> bytes)
    {
        var reader = new ByteReader(bytes);
        var kind = (LockKind)reader.ReadByte();
        var record = new LockRecord
        {
            Kind = kind,
            Primary = reader.ReadCompactBytes().ToArray(),
            StartTimestamp = reader.ReadVarint(),
            TtlMs = reader.ReadVarint(),
        };
        var known = kind is LockKind.Put or LockKind.Delete or LockKind.Lock or LockKind.Pessimistic;
        while (known && !reader.AtEnd)
        {
            known = TryParseOption(ref reader, ref record);
        }

        return known && !reader.Failed ? record : throw CodecException.Malformed("a lock record", bytes);
    }

    /// <summary>Appends the record.</summary>
    public void WriteTo(ByteBuffer buffer)
    {
        buffer.WriteByte((byte)Kind);
        buffer.WriteCompactBytes(Primary);
        buffer.WriteVarint(StartTimestamp);
        buffer.WriteVarint(TtlMs);
        if (ShortValue is not null)
        {
            buffer.WriteByte((byte)'v');
            buffer.WriteByte(checked((byte)ShortValue.Length));
            buffer.Write(ShortValue);
        }

        WriteFixed(buffer, 'f', ForUpdateTimestamp);
        WriteFixed(buffer, 't', TransactionSize);
        WriteFixed(buffer, 'c', MinCommitTimestamp);
        if (UsesAsyncCommit)
        {
            buffer.WriteByte((byte)'a');
            buffer.WriteVarint((ulong)Secondaries.Count);
            foreach (var secondary in Secondaries)
            {
                buffer.WriteCompactBytes(secondary);
            }
        }

        if (RollbackTimestamps.Count > 0)
        {
            buffer.WriteByte((byte)'r');
            buffer.WriteVarint((ulong)RollbackTimestamps.Count);
            foreach (var timestamp in RollbackTimestamps)
            {
                buffer.WriteUInt64BigEndian(timestamp);
            }
        }

        if (LastChange.IsKnown)
        {
            buffer.WriteByte((byte)'l');
            buffer.WriteUInt64BigEndian(LastChange.Timestamp);
            buffer.WriteVarint(LastChange.Versions);
        }

        if (Source != 0)
        {
            buffer.WriteByte((byte)'s');
            buffer.WriteVarint(Source);
        }

        if (IsLockedWithConflict)
        {
            buffer.WriteByte((byte)'F');
        }

        WriteFixed(buffer, 'g', Generation);
    }

    private static bool TryParseOption(ref ByteReader reader, ref LockRecord record)
    {
        switch ((char)reader.ReadByte())
        {
            case 'v':
                record = record with { ShortValue = reader.Take(reader.ReadByte()).ToArray() };
                return true;
            case 'f':
                record = record with { ForUpdateTimestamp = reader.ReadUInt64BigEndian() };
                return true;
            case 't':
                record = record with { TransactionSize = reader.ReadUInt64BigEndian() };
                return true;
            case 'c':
                record = record with { MinCommitTimestamp = reader.ReadUInt64BigEndian() };
                return true;
            case 'a':
                record = record with { UsesAsyncCommit = true, Secondaries = ReadSecondaries(ref reader) };
                return true;
            case 'r':
                record = record with { RollbackTimestamps = ReadTimestamps(ref reader) };
                return true;
            case 'l':
                record = record with { LastChange = new LastChange(reader.ReadUInt64BigEndian(), reader.ReadVarint()) };
                return true;
            case 's':
                record = record with { Source = reader.ReadVarint() };
                return true;
            case 'F':
                record = record with { IsLockedWithConflict = true };
                return true;
            case 'g':
                record = record with { Generation = reader.ReadUInt64BigEndian() };
                return true;
            default:
                return false;
        }
    }

    private static List<byte[]> ReadSecondaries(ref ByteReader reader)
    {
        var count = reader.ReadVarint();
        var keys = new List<byte[]>();
        for (ulong i = 0; i < count && !reader.Failed; i++)
        {
            keys.Add(reader.ReadCompactBytes().ToArray());
        }

        return keys;
    }

    private static List<ulong> ReadTimestamps(ref ByteReader reader)
    {
        var count = reader.ReadVarint();
        var timestamps = new List<ulong>();
        for (ulong i = 0; i < count && !reader.Failed; i++)
        {
            timestamps.Add(reader.ReadUInt64BigEndian());
        }

        return timestamps;
    }

    private static void WriteFixed(ByteBuffer buffer, char flag, ulong value)
    {
        if (value != 0)
        {
            buffer.WriteByte((byte)flag);
            buffer.WriteUInt64BigEndian(value);
        }
    }
}
