namespace Cloud.Codec;

/// <summary>What a transaction did to a key.</summary>
public enum WriteKind : byte
{
    Put = (byte)'P',
    Delete = (byte)'D',
    Lock = (byte)'L',
    Rollback = (byte)'R',
}

/// <summary>
/// A value of the write column family: the commit (or rollback) of one key by one transaction. A view: the short value
/// is part of the bytes that were parsed and lives as long as they do.
/// Source: TiKV, <c>txn_types/src/write.rs</c>, the layout of KV-PROTOCOL annex B; optional fields are written in one
/// order and read in any.
/// </summary>
public readonly ref struct WriteRecord
{
    /// <summary>Values up to this length are kept inside lock and write records.</summary>
    public const int ShortValueBytesMax = 255;

    private const byte ShortValueFlag = (byte)'v';
    private const byte OverlappedRollbackFlag = (byte)'R';
    private const byte GcFenceFlag = (byte)'F';
    private const byte LastChangeFlag = (byte)'l';
    private const byte SourceFlag = (byte)'S';

    public required WriteKind Kind { get; init; }

    public required ulong StartTimestamp { get; init; }

    /// <summary>
    /// Whether the value is inline; if not, a put's value is in the default column family under the start timestamp.
    /// </summary>
    public bool HasShortValue { get; init; }

    public ReadOnlySpan<byte> ShortValue { get; init; }

    /// <summary>Another transaction whose start timestamp is this record's commit timestamp was rolled back.</summary>
    public bool HasOverlappedRollback { get; init; }

    public bool HasGcFence { get; init; }

    /// <summary>
    /// Set when the record was rewritten: from this commit timestamp on the record is no longer the newest; 0 when it
    /// was.
    /// </summary>
    public ulong GcFence { get; init; }

    public LastChange LastChange { get; init; }

    /// <summary>Who wrote it, for change capture; 0 for ordinary clients.</summary>
    public ulong Source { get; init; }

    /// <summary>Whether this rollback must not be collapsed into a newer one.</summary>
    public bool IsProtectedRollback => Kind == WriteKind.Rollback && HasShortValue && ShortValue.SequenceEqual("p"u8);

    /// <summary>A rollback record.</summary>
    public static WriteRecord Rollback(ulong startTimestamp, bool isProtected) => new()
    {
        Kind = WriteKind.Rollback,
        StartTimestamp = startTimestamp,
        HasShortValue = isProtected,
        ShortValue = isProtected ? "p"u8 : default,
    };

    /// <summary>
    /// Whether a reader at <paramref name="readTimestamp"/> may still take this record as the newest version.
    /// </summary>
    public bool IsNewestFor(ulong readTimestamp) => !HasGcFence || GcFence == 0 || GcFence > readTimestamp;

    /// <summary>This record, carrying the mark of a rollback at its own commit timestamp.</summary>
    public WriteRecord WithOverlappedRollback(bool hasGcFence, ulong gcFence) => new()
    {
        Kind = Kind,
        StartTimestamp = StartTimestamp,
        HasShortValue = HasShortValue,
        ShortValue = ShortValue,
        HasOverlappedRollback = true,
        HasGcFence = hasGcFence,
        GcFence = gcFence,
        LastChange = LastChange,
        Source = Source,
    };

    /// <exception cref="CodecException">The bytes are not a write record.</exception>
    public static WriteRecord Parse(ReadOnlySpan<byte> bytes)
    {
        var reader = new ByteReader(bytes);
        var kind = (WriteKind)reader.ReadByte();
        var start = reader.ReadVarint();
        var hasShort = false;
        ReadOnlySpan<byte> shortValue = default;
        bool overlapped = false, hasFence = false, known = true;
        ulong fence = 0, source = 0;
        LastChange lastChange = default;
        while (known && !reader.AtEnd)
        {
            switch (reader.ReadByte())
            {
                case ShortValueFlag:
                    hasShort = true;
                    shortValue = reader.Take(reader.ReadByte());
                    break;
                case OverlappedRollbackFlag:
                    overlapped = true;
                    break;
                case GcFenceFlag:
                    hasFence = true;
                    fence = reader.ReadUInt64BigEndian();
                    break;
                case LastChangeFlag:
                    lastChange = new LastChange(reader.ReadUInt64BigEndian(), reader.ReadVarint());
                    break;
                case SourceFlag:
                    source = reader.ReadVarint();
                    break;
                default:
                    known = false;
                    break;
            }
        }

        if (reader.Failed || !known
            || kind is not (WriteKind.Put or WriteKind.Delete or WriteKind.Lock or WriteKind.Rollback))
        {
            throw CodecException.Malformed("a write record", bytes);
        }

        return new WriteRecord
        {
            Kind = kind,
            StartTimestamp = start,
            HasShortValue = hasShort,
            ShortValue = shortValue,
            HasOverlappedRollback = overlapped,
            HasGcFence = hasFence,
            GcFence = fence,
            LastChange = lastChange,
            Source = source,
        };
    }

    /// <summary>Appends the record.</summary>
    public void WriteTo(ByteBuffer buffer)
    {
        buffer.WriteByte((byte)Kind);
        buffer.WriteVarint(StartTimestamp);
        if (HasShortValue)
        {
            buffer.WriteByte(ShortValueFlag);
            buffer.WriteByte(checked((byte)ShortValue.Length));
            buffer.Write(ShortValue);
        }

        if (HasOverlappedRollback)
        {
            buffer.WriteByte(OverlappedRollbackFlag);
        }

        if (HasGcFence)
        {
            buffer.WriteByte(GcFenceFlag);
            buffer.WriteUInt64BigEndian(GcFence);
        }

        if (LastChange.IsKnown)
        {
            buffer.WriteByte(LastChangeFlag);
            buffer.WriteUInt64BigEndian(LastChange.Timestamp);
            buffer.WriteVarint(LastChange.Versions);
        }

        if (Source != 0)
        {
            buffer.WriteByte(SourceFlag);
            buffer.WriteVarint(Source);
        }
    }
}
