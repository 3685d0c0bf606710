using Cloud.Codec;
using Cloud.Codec.Tables;
using Cloud.Execution.Chunks;
using Cloud.Execution.Types;

namespace Cloud.Sql.Storage;

/// <summary>
/// Values of columns in rows and in keys. TIMESTAMP values lie in UTC in rows and keys and in the session's time zone everywhere else.
/// </summary>
internal static class ColumnEncoding
{
    /// <summary>Adds a value to a row being written.</summary>
    public static void AddToRow(RowWriter row, uint columnId, FieldType type, in Datum value, TimeZoneInfo zone)
    {
        if (value.IsNull)
        {
            row.AddNull(columnId);
            return;
        }

        switch (value.Kind)
        {
            case VectorKind.Int64:
                row.AddInt64(columnId, value.Int64);
                break;
            case VectorKind.UInt64:
                row.AddUInt64(columnId, value.UInt64);
                break;
            case VectorKind.Float64:
                row.AddDouble(columnId, value.Float64);
                break;
            case VectorKind.Float32:
                row.AddDouble(columnId, value.Float32);
                break;
            case VectorKind.Decimal:
                Span<byte> binary = stackalloc byte[MySqlDecimal.BinarySize(type.Length, type.Decimals)];
                value.Decimal.EncodeBinary(type.Length, type.Decimals, binary);
                row.AddDecimal(columnId, type.Length, type.Decimals, binary);
                break;
            case VectorKind.Time:
                row.AddUInt64(columnId, ToStorage(value.Time, type, zone).Bits);
                break;
            case VectorKind.Duration:
                row.AddInt64(columnId, value.Duration.Microseconds * 1000);
                break;
            default:
                row.AddBytes(columnId, value.Bytes);
                break;
        }
    }

    /// <summary>Appends a value of a row to a column.</summary>
    public static void AppendFromRow(ReadOnlySpan<byte> value, FieldType type, ColumnVector target, TimeZoneInfo zone)
    {
        switch (target.Kind)
        {
            case VectorKind.Int64:
                target.Append(RowReader.ReadInt64(value));
                break;
            case VectorKind.UInt64:
                target.Append(RowReader.ReadUInt64(value));
                break;
            case VectorKind.Float64:
                target.Append(RowReader.ReadDouble(value));
                break;
            case VectorKind.Float32:
                target.Append((float)RowReader.ReadDouble(value));
                break;
            case VectorKind.Decimal:
                target.Append(ReadDecimal(value));
                break;
            case VectorKind.Time:
                target.Append(FromStorage(new PackedTime(RowReader.ReadUInt64(value)), type, zone));
                break;
            case VectorKind.Duration:
                target.Append(new MySqlDuration(RowReader.ReadInt64(value) / 1000));
                break;
            default:
                target.Append(value);
                break;
        }
    }

    /// <summary>Appends a value to a key, text as the sort key of its collation.</summary>
    public static void WriteKey(ByteBuffer key, FieldType type, in Datum value, TimeZoneInfo zone)
    {
        if (value.IsNull)
        {
            KeyDatum.WriteNull(key);
            return;
        }

        switch (value.Kind)
        {
            case VectorKind.Int64:
                KeyDatum.WriteInt64(key, value.Int64);
                break;
            case VectorKind.UInt64:
                KeyDatum.WriteUInt64(key, value.UInt64);
                break;
            case VectorKind.Float64:
                KeyDatum.WriteDouble(key, value.Float64);
                break;
            case VectorKind.Float32:
                KeyDatum.WriteDouble(key, value.Float32);
                break;
            case VectorKind.Decimal:
                Span<byte> binary = stackalloc byte[MySqlDecimal.BinarySize(type.Length, type.Decimals)];
                value.Decimal.EncodeBinary(type.Length, type.Decimals, binary);
                KeyDatum.WriteDecimal(key, type.Length, type.Decimals, binary);
                break;
            case VectorKind.Time:
                KeyDatum.WriteUInt64(key, ToStorage(value.Time, type, zone).Bits);
                break;
            case VectorKind.Duration:
                KeyDatum.WriteDuration(key, value.Duration.Microseconds);
                break;
            default:
                WriteText(key, type, value.Bytes);
                break;
        }
    }

    /// <summary>Appends the column of a prefix index: the first characters of text, the first bytes otherwise.</summary>
    public static Datum Prefix(in Datum value, FieldType type, int? length)
    {
        if (length is not { } limit || value.IsNull || value.Kind != VectorKind.Bytes)
        {
            return value;
        }

        var bytes = value.Bytes;
        var kept = type.IsText ? Utf8Text.PrefixBytes(bytes, limit) : Math.Min(bytes.Length, limit);
        return kept == bytes.Length ? value : Datum.FromBytes(bytes[..kept]);
    }

    /// <summary>Whether a value can be read back from a key: everything but text whose sort key loses the original.</summary>
    public static bool IsRestorable(FieldType type) => !type.IsText || (type.Collation.IsBinary && !type.Collation.PadSpace);

    /// <summary>Appends a datum of a key to a column.</summary>
    public static void AppendFromKey(ReadOnlySpan<byte> datum, FieldType type, ColumnVector target, TimeZoneInfo zone)
    {
        if ((KeyDatumFlag)datum[0] == KeyDatumFlag.Null)
        {
            target.AppendNull();
            return;
        }

        switch (target.Kind)
        {
            case VectorKind.Int64:
                target.Append(KeyDatum.ReadInt64(datum));
                break;
            case VectorKind.UInt64:
                target.Append(KeyDatum.ReadUInt64(datum));
                break;
            case VectorKind.Float64:
                target.Append(KeyDatum.ReadDouble(datum));
                break;
            case VectorKind.Float32:
                target.Append((float)KeyDatum.ReadDouble(datum));
                break;
            case VectorKind.Decimal:
                target.Append(ReadDecimal(datum[1..]));
                break;
            case VectorKind.Time:
                target.Append(FromStorage(new PackedTime(KeyDatum.ReadUInt64(datum)), type, zone));
                break;
            case VectorKind.Duration:
                target.Append(new MySqlDuration(KeyDatum.ReadDuration(datum)));
                break;
            default:
                target.Append(MemComparable.TryDecode(datum[1..], out var text, out _)
                    ? text
                    : throw new CodecException("an index entry holds text that is not memcomparable"));
                break;
        }
    }

    private static void WriteText(ByteBuffer key, FieldType type, byte[] value)
    {
        if (!type.IsText)
        {
            KeyDatum.WriteBytes(key, value);
            return;
        }

        using var sortKey = new ByteBuffer(Math.Max(value.Length * 2, 16));
        type.Collation.AppendSortKey(value, sortKey);
        KeyDatum.WriteBytes(key, sortKey.Written);
    }

    private static MySqlDecimal ReadDecimal(ReadOnlySpan<byte> value) =>
        value.Length >= 2 && MySqlDecimal.DecodeBinary(value[2..], value[0], value[1], out var result) > 0
            ? result
            : throw new CodecException($"a decimal of {value.Length} bytes is malformed");

    private static PackedTime ToStorage(PackedTime time, FieldType type, TimeZoneInfo zone) =>
        type.Type != MySqlType.Timestamp || time.IsZero || zone.Equals(TimeZoneInfo.Utc) || time.ToUnixMicroseconds(zone) is not { } instant
            ? time
            : PackedTime.FromUnixMicroseconds(instant, TimeZoneInfo.Utc);

    private static PackedTime FromStorage(PackedTime time, FieldType type, TimeZoneInfo zone) =>
        type.Type != MySqlType.Timestamp || time.IsZero || zone.Equals(TimeZoneInfo.Utc) || time.ToUnixMicroseconds(TimeZoneInfo.Utc) is not { } instant
            ? time
            : PackedTime.FromUnixMicroseconds(instant, zone);
}
