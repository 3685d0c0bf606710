using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Cloud.Execution.Types;
using Cloud.MySql.Protocol;

namespace Cloud.MySql.Client;

/// <summary>
/// The client's side of prepared statements: parameters as strings, rows turned into the text the other protocol would
/// send.
/// Source: MySQL 8.0 source documentation, "COM_STMT_EXECUTE", "Binary Protocol Value".
/// </summary>
internal static class BinaryProtocol
{
    public static void WriteExecution(PacketBuilder builder, uint statementId, IReadOnlyList<string?> parameters)
    {
        builder.Start().Byte((byte)CommandCode.StatementExecute).UInt32(statementId).Byte(0).UInt32(1);
        if (parameters.Count == 0)
        {
            return;
        }

        var nulls = new byte[(parameters.Count + 7) / 8];
        for (var i = 0; i < parameters.Count; i++)
        {
            nulls[i / 8] |= parameters[i] is null ? (byte)(1 << (i % 8)) : (byte)0;
        }

        builder.Bytes(nulls).Byte(1);
        foreach (var parameter in parameters)
        {
            builder.UInt16((int)(parameter is null ? MySqlType.Null : MySqlType.VarString));
        }

        foreach (var parameter in parameters)
        {
            if (parameter is not null)
            {
                builder.LengthEncodedText(parameter);
            }
        }
    }

    public static string?[] ReadRow(ReadOnlySpan<byte> packet, MySqlColumn[] columns)
    {
        const int bitmapOffset = 2;
        var reader = new PacketReader(packet);
        reader.ReadByte();
        var nulls = reader.ReadBytes((columns.Length + 7 + bitmapOffset) / 8);
        var row = new string?[columns.Length];
        for (var i = 0; i < row.Length; i++)
        {
            var isNull = (nulls[(i + bitmapOffset) / 8] & (1 << ((i + bitmapOffset) % 8))) != 0;
            row[i] = isNull ? null : ReadValue(ref reader, columns[i]);
        }

        return row;
    }

    /// <summary>Text in UTF-8; bytes one to one as characters.</summary>
    public static string Text(ReadOnlySpan<byte> value, MySqlColumn column)
    {
        var binary = column.CollationId == Collation.BinaryId
            && column.Type is MySqlType.VarString or MySqlType.VarChar or MySqlType.String or MySqlType.TinyBlob or MySqlType.Blob
                or MySqlType.MediumBlob or MySqlType.LongBlob or MySqlType.Bit;
        return binary ? Encoding.Latin1.GetString(value) : Encoding.UTF8.GetString(value);
    }

    private static string ReadValue(ref PacketReader reader, MySqlColumn column)
    {
        var unsigned = column.Flags.HasFlag(FieldFlags.Unsigned);
        switch (column.Type)
        {
            case MySqlType.TinyInt:
                var tiny = reader.ReadByte();
                return Number(unsigned ? tiny : (sbyte)tiny);
            case MySqlType.SmallInt:
                var small = reader.ReadUInt16();
                return Number(unsigned ? small : (short)small);
            case MySqlType.Year:
                return reader.ReadUInt16().ToString("D4", CultureInfo.InvariantCulture);
            case MySqlType.Int or MySqlType.MediumInt:
                var medium = reader.ReadUInt32();
                return Number(unsigned ? medium : (int)medium);
            case MySqlType.BigInt:
                var big = reader.ReadUInt64();
                return unsigned ? big.ToString(CultureInfo.InvariantCulture) : Number((long)big);
            case MySqlType.Float:
                Span<byte> single = stackalloc byte[NumberText.FixedBytesMax];
                var value = BinaryPrimitives.ReadSingleLittleEndian(reader.ReadBytes(sizeof(float)));
                return Ascii(single[..NumberText.Format(value, column.Decimals, single)]);
            case MySqlType.Double:
                Span<byte> wide = stackalloc byte[NumberText.FixedBytesMax];
                var number = BinaryPrimitives.ReadDoubleLittleEndian(reader.ReadBytes(sizeof(double)));
                return Ascii(wide[..NumberText.Format(number, column.Decimals, wide)]);
            case MySqlType.Date or MySqlType.DateTime or MySqlType.Timestamp:
                return ReadTime(reader.ReadBytes(reader.ReadByte()), column);
            case MySqlType.Time:
                return ReadDuration(reader.ReadBytes(reader.ReadByte()), column);
            default:
                return Text(reader.ReadLengthEncodedBytes(), column);
        }
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Ascii(ReadOnlySpan<byte> text) => Encoding.ASCII.GetString(text);

    private static string ReadTime(ReadOnlySpan<byte> value, MySqlColumn column)
    {
        var time = PackedTime.Zero;
        if (value.Length >= 4)
        {
            var (hour, minute, second) = value.Length >= 7 ? (value[4], value[5], value[6]) : (0, 0, 0);
            var microsecond = value.Length >= 11 ? BinaryPrimitives.ReadInt32LittleEndian(value[7..]) : 0;
            time = PackedTime.Create(BinaryPrimitives.ReadUInt16LittleEndian(value), value[2], value[3], hour, minute, second, microsecond);
        }

        Span<byte> text = stackalloc byte[PackedTime.TextBytesMax];
        return Ascii(text[..time.Format(text, column.Type == MySqlType.Date, Math.Min((int)column.Decimals, 6))]);
    }

    private static string ReadDuration(ReadOnlySpan<byte> value, MySqlColumn column)
    {
        var duration = default(MySqlDuration);
        if (value.Length >= 8)
        {
            var hours = (BinaryPrimitives.ReadInt32LittleEndian(value[1..]) * 24) + value[5];
            var microsecond = value.Length >= 12 ? BinaryPrimitives.ReadInt32LittleEndian(value[8..]) : 0;
            duration = MySqlDuration.Create(value[0] != 0, hours, value[6], value[7], microsecond);
        }

        Span<byte> text = stackalloc byte[MySqlDuration.TextBytesMax];
        return Ascii(text[..duration.Clamp().Format(text, Math.Min((int)column.Decimals, 6))]);
    }
}
