using System.Buffers.Binary;
using Cloud.Execution.Chunks;
using Cloud.Execution.Types;
using Cloud.Kernel;
using Cloud.MySql.Protocol;

namespace Cloud.MySql.Server;

/// <summary>
/// Writes the values of one column into rows of the text and of the binary protocol, straight from the column's memory.
/// Source: MySQL 8.0 source documentation, "Text Resultset Row", "Binary Protocol Resultset Row", "Binary Protocol
/// Value".
/// </summary>
/// <remarks>PERF-CRITICAL: no allocation per value.</remarks>
internal sealed class ColumnEncoder
{
    private const int LengthPrefixMax = 9;

    private readonly FieldType _type;
    private readonly VectorKind _kind;
    private readonly int _decimals;
    private readonly int _fixedBytesMax;

    public ColumnEncoder(FieldType type)
    {
        _type = type;
        _kind = type.Kind;
        _decimals = _kind is VectorKind.Float32 or VectorKind.Float64 ? type.Decimals : type.FractionDigits;
        _fixedBytesMax = _kind switch
        {
            VectorKind.Float32 or VectorKind.Float64 when _decimals is >= 0 and < FieldType.DecimalsNotFixed
                => NumberText.FixedBytesMax + LengthPrefixMax,
            VectorKind.Decimal => MySqlDecimal.TextBytesMax + LengthPrefixMax,
            VectorKind.Bytes => LengthPrefixMax,
            _ => Math.Max(NumberText.BytesMax, PaddedLength) + LengthPrefixMax,
        };
    }

    private int PaddedLength =>
        _type.Flags.HasFlag(FieldFlags.ZeroFill) && _type.Length is > 0 and < 256 ? _type.Length : 0;

    /// <summary>Bytes that a row's value takes at most, in either protocol.</summary>
    public int BytesMax(ColumnVector column, int row) =>
        _kind == VectorKind.Bytes ? _fixedBytesMax + column.Bytes(row).Length : _fixedBytesMax;

    /// <summary>Writes a value that is not NULL as text with its length in front; returns the bytes written.</summary>
    public int WriteText(ColumnVector column, int row, Span<byte> destination)
    {
        if (_kind == VectorKind.Bytes)
        {
            return WriteBytes(column.Bytes(row), destination);
        }

        Span<byte> text = stackalloc byte[_fixedBytesMax];
        var length = FormatText(column, row, text);
        var prefix = PacketBuilder.WriteLengthEncoded(destination, (ulong)length);
        text[..length].CopyTo(destination[prefix..]);
        return prefix + length;
    }

    /// <summary>Writes a value that is not NULL in the binary protocol; returns the bytes written.</summary>
    public int WriteBinary(ColumnVector column, int row, Span<byte> destination)
    {
        switch (_kind)
        {
            case VectorKind.Int64:
                return WriteInteger((ulong)column.Int64s[row], destination);
            case VectorKind.UInt64 when _type.Type != MySqlType.Bit:
                return WriteInteger(column.UInt64s[row], destination);
            case VectorKind.Float64:
                BinaryPrimitives.WriteDoubleLittleEndian(destination, column.Float64s[row]);
                return sizeof(double);
            case VectorKind.Float32:
                BinaryPrimitives.WriteSingleLittleEndian(destination, column.Float32s[row]);
                return sizeof(float);
            case VectorKind.Time:
                return WriteTime(column.Times[row], destination);
            case VectorKind.Duration:
                return WriteDuration(column.Durations[row], destination);
            default:
                return WriteText(column, row, destination);
        }
    }

    private static int WriteBytes(ReadOnlySpan<byte> value, Span<byte> destination)
    {
        var prefix = PacketBuilder.WriteLengthEncoded(destination, (ulong)value.Length);
        value.CopyTo(destination[prefix..]);
        return prefix + value.Length;
    }

    private int FormatText(ColumnVector column, int row, Span<byte> text)
    {
        switch (_kind)
        {
            case VectorKind.Int64 when _type.Type == MySqlType.Year:
                return Pad(text, NumberText.Format(column.Int64s[row], text), 4);
            case VectorKind.Int64:
                return Pad(text, NumberText.Format(column.Int64s[row], text), PaddedLength);
            case VectorKind.UInt64 when _type.Type == MySqlType.Bit:
                return WriteBits(column.UInt64s[row], text);
            case VectorKind.UInt64:
                return Pad(text, NumberText.Format(column.UInt64s[row], text), PaddedLength);
            case VectorKind.Float64:
                return NumberText.Format(column.Float64s[row], _decimals, text);
            case VectorKind.Float32:
                return NumberText.Format(column.Float32s[row], _decimals, text);
            case VectorKind.Decimal:
                return column.Decimals[row].Format(text);
            case VectorKind.Time:
                return column.Times[row].Format(text, _type.Type == MySqlType.Date, _decimals);
            case VectorKind.Duration:
                return column.Durations[row].Clamp().Format(text, _decimals);
            default:
                throw new InvariantViolatedException($"a {_kind} column has no text form of fixed length");
        }
    }

    /// <summary>Puts zeros before a number up to a width.</summary>
    private static int Pad(Span<byte> text, int length, int width)
    {
        if (length >= width)
        {
            return length;
        }

        text[..length].CopyTo(text[(width - length)..]);
        text[..(width - length)].Fill((byte)'0');
        return width;
    }

    /// <summary>BIT(n) as ceil(n/8) bytes, most significant first.</summary>
    private int WriteBits(ulong value, Span<byte> destination)
    {
        var length = Math.Clamp(((_type.Length <= 0 ? 1 : _type.Length) + 7) / 8, 1, sizeof(ulong));
        for (var i = length - 1; i >= 0; i--, value >>= 8)
        {
            destination[i] = (byte)value;
        }

        return length;
    }

    private int WriteInteger(ulong value, Span<byte> destination)
    {
        switch (_type.Type)
        {
            case MySqlType.TinyInt:
                destination[0] = (byte)value;
                return 1;
            case MySqlType.SmallInt or MySqlType.Year:
                BinaryPrimitives.WriteUInt16LittleEndian(destination, (ushort)value);
                return 2;
            case MySqlType.Int or MySqlType.MediumInt:
                BinaryPrimitives.WriteUInt32LittleEndian(destination, (uint)value);
                return 4;
            default:
                BinaryPrimitives.WriteUInt64LittleEndian(destination, value);
                return 8;
        }
    }

    private int WriteTime(PackedTime value, Span<byte> destination)
    {
        var dateOnly = _type.Type == MySqlType.Date || value.MicrosecondOfDay == 0;
        var length = value.IsZero ? 0 : dateOnly ? 4 : value.Microsecond == 0 ? 7 : 11;
        destination[0] = (byte)length;
        if (length == 0)
        {
            return 1;
        }

        BinaryPrimitives.WriteUInt16LittleEndian(destination[1..], (ushort)value.Year);
        destination[3] = (byte)value.Month;
        destination[4] = (byte)value.Day;
        if (length > 4)
        {
            destination[5] = (byte)value.Hour;
            destination[6] = (byte)value.Minute;
            destination[7] = (byte)value.Second;
        }

        if (length > 7)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], (uint)value.Microsecond);
        }

        return length + 1;
    }

    private static int WriteDuration(MySqlDuration value, Span<byte> destination)
    {
        var length = value.Microseconds == 0 ? 0 : value.Fraction == 0 ? 8 : 12;
        destination[0] = (byte)length;
        if (length == 0)
        {
            return 1;
        }

        destination[1] = value.IsNegative ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt32LittleEndian(destination[2..], (uint)(value.Hours / 24));
        destination[6] = (byte)(value.Hours % 24);
        destination[7] = (byte)value.Minutes;
        destination[8] = (byte)value.Seconds;
        if (length > 8)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(destination[9..], (uint)value.Fraction);
        }

        return length + 1;
    }
}
