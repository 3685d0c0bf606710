using System.Buffers.Text;
using Cloud.Codec;
using Cloud.Execution.Types;

namespace Cloud.Execution.Expressions;

/// <summary>The text of values, as a cast to CHAR gives it.</summary>
public static class TextFormat
{
    private const int NumberBytesMax = 24;
    private const int DoubleFixedBytesMax = 400;

    /// <summary>Appends the text of a value of <paramref name="type"/>.</summary>
    public static void Append(in ValueRef value, FieldType type, ByteBuffer output)
    {
        switch (value.Kind)
        {
            case VectorKind.Int64 or VectorKind.UInt64:
                AppendInteger(value, type, output);
                break;
            case VectorKind.Float64 or VectorKind.Float32 when type.Decimals is >= 0 and < FieldType.DecimalsNotFixed:
                output.Advance(TextNumber.FormatFixed(value.Float64, type.Decimals, output.GetSpan(DoubleFixedBytesMax)));
                break;
            case VectorKind.Float64:
                output.Advance(TextNumber.Format(value.Float64, output.GetSpan(TextNumber.TextBytesMax)));
                break;
            case VectorKind.Float32:
                output.Advance(TextNumber.Format((float)value.Float64, output.GetSpan(TextNumber.TextBytesMax)));
                break;
            case VectorKind.Decimal:
                output.Advance(value.Decimal.Format(output.GetSpan(MySqlDecimal.TextBytesMax)));
                break;
            case VectorKind.Time:
                output.Advance(value.Time.Format(
                    output.GetSpan(PackedTime.TextBytesMax), type.Type == MySqlType.Date, type.FractionDigits));
                break;
            case VectorKind.Duration:
                output.Advance(value.Duration.Format(output.GetSpan(MySqlDuration.TextBytesMax), type.FractionDigits));
                break;
            default:
                output.Write(value.Bytes);
                break;
        }
    }

    /// <summary>The text in an array of its own.</summary>
    public static byte[] ToBytes(in Datum value, FieldType type)
    {
        if (value.Kind == VectorKind.Bytes)
        {
            return value.Bytes;
        }

        using var buffer = new ByteBuffer(64);
        Append(new ValueRef(value), type, buffer);
        return buffer.ToArray();
    }

    private static void AppendInteger(in ValueRef value, FieldType type, ByteBuffer output)
    {
        var destination = output.GetSpan(Math.Max(NumberBytesMax, 256));
        int written;
        if (value.Kind == VectorKind.UInt64)
        {
            Utf8Formatter.TryFormat(value.Bits, destination, out written);
        }
        else
        {
            Utf8Formatter.TryFormat(value.Int64, destination, out written);
        }

        var width = type.Type == MySqlType.Year ? 4 : type.Flags.HasFlag(FieldFlags.ZeroFill) ? Math.Min(type.Length, 255) : 0;
        if (written < width)
        {
            destination[..written].CopyTo(destination[(width - written)..]);
            destination[..(width - written)].Fill((byte)'0');
            written = width;
        }

        output.Advance(written);
    }
}
