using System.Text;
using Cloud.Execution.Types;
using Cloud.Sql.Catalog;

namespace Cloud.Sql.Storage;

/// <summary>
/// Values on their way into columns: brought to the column's type, with MySQL's errors where they do not fit, or the nearest value and a
/// warning where sql_mode is lax.
/// Source: MySQL 8.0 Reference Manual §5.1.11 "Server SQL Modes", §11.1.7 "Out-of-Range and Overflow Handling".
/// </summary>
internal static class ColumnAssignment
{
    /// <param name="row">Number of the row in the statement, from 1, for messages.</param>
    public static Datum Convert(in Datum value, FieldType from, ColumnDefinition column, long row, EvaluationContext context)
    {
        if (value.IsNull)
        {
            return value;
        }

        var type = column.Type;
        var source = new ValueRef(value);
        switch (type.Kind)
        {
            case VectorKind.Int64:
                return Datum.FromInt64(Signed(source, from, column, row, context));
            case VectorKind.UInt64:
                return Datum.FromUInt64(Unsigned(source, from, column, row, context));
            case VectorKind.Float64:
                return Datum.FromDouble(Double(source, from, column, row, context));
            case VectorKind.Float32:
                return Datum.FromFloat((float)Double(source, from, column, row, context));
            case VectorKind.Decimal:
                return Decimal(source, from, column, row, context);
            case VectorKind.Time:
                return Time(source, from, column, row, context);
            case VectorKind.Duration:
                return Duration(source, from, column, row, context);
            default:
                return Text(value, from, column, row, context);
        }
    }

    private static long Signed(in ValueRef source, FieldType from, ColumnDefinition column, long row, EvaluationContext context)
    {
        var status = Conversions.ToInt64(source, from, out var value);
        CheckText(status, source, "integer", column, row, context);
        var (min, max) = column.Type.Type switch
        {
            MySqlType.TinyInt => (sbyte.MinValue, sbyte.MaxValue),
            MySqlType.SmallInt => (short.MinValue, short.MaxValue),
            MySqlType.MediumInt => (-(1L << 23), (1L << 23) - 1),
            MySqlType.Int => (int.MinValue, int.MaxValue),
            MySqlType.Year => (0L, 2155L),
            _ => (long.MinValue, long.MaxValue),
        };
        if (column.Type.Type == MySqlType.Year)
        {
            value = Year(source, value);
            if (value is not 0 and < 1901)
            {
                OutOfRange(column, row, context);
                return 0;
            }
        }

        if (status == ConversionStatus.Overflow || value < min || value > max)
        {
            OutOfRange(column, row, context);
            return Math.Clamp(value, min, max);
        }

        return value;
    }

    /// <summary>Years of two digits are 1970-2069; the number 0 stays 0, the text '0' is 2000.</summary>
    private static long Year(in ValueRef source, long value) => value switch
    {
        0 => source.Kind == VectorKind.Bytes && source.Bytes.Length < 4 ? 2000 : 0,
        > 0 and < 70 => value + 2000,
        >= 70 and < 100 => value + 1900,
        _ => value,
    };

    private static ulong Unsigned(in ValueRef source, FieldType from, ColumnDefinition column, long row, EvaluationContext context)
    {
        var status = Conversions.ToUInt64(source, from, out var value);
        CheckText(status, source, "integer", column, row, context);
        var max = column.Type.Type switch
        {
            MySqlType.TinyInt => byte.MaxValue,
            MySqlType.SmallInt => ushort.MaxValue,
            MySqlType.MediumInt => (1UL << 24) - 1,
            MySqlType.Int => uint.MaxValue,
            MySqlType.Bit when column.Type.Length is > 0 and < 64 => (1UL << column.Type.Length) - 1,
            _ => ulong.MaxValue,
        };
        if (column.Type.Type == MySqlType.Bit && source.Kind == VectorKind.Bytes)
        {
            value = source.Bytes.Length > 8 ? ulong.MaxValue : Bits(source.Bytes);
        }

        if (status == ConversionStatus.Overflow || value > max)
        {
            OutOfRange(column, row, context);
            return Math.Min(value, max);
        }

        return value;
    }

    private static ulong Bits(ReadOnlySpan<byte> bytes)
    {
        var value = 0UL;
        foreach (var octet in bytes)
        {
            value = (value << 8) | octet;
        }

        return value;
    }

    private static double Double(in ValueRef source, FieldType from, ColumnDefinition column, long row, EvaluationContext context)
    {
        var status = Conversions.ToDouble(source, from, out var value);
        CheckText(status, source, column.Type.Type == MySqlType.Float ? "float" : "double", column, row, context);
        var type = column.Type;
        var max = type.Type == MySqlType.Float ? float.MaxValue : double.MaxValue;
        if (type.Decimals is >= 0 and < FieldType.DecimalsNotFixed && type.Length > 0)
        {
            max = Math.Pow(10, type.Length - type.Decimals) - Math.Pow(10, -type.Decimals);
            value = Math.Round(value, Math.Min(type.Decimals, 15), MidpointRounding.ToEven);
        }

        if (Math.Abs(value) > max || (type.IsUnsigned && value < 0))
        {
            OutOfRange(column, row, context);
            return type.IsUnsigned && value < 0 ? 0 : Math.CopySign(max, value);
        }

        return value;
    }

    private static Datum Decimal(in ValueRef source, FieldType from, ColumnDefinition column, long row, EvaluationContext context)
    {
        var status = Conversions.ToDecimal(source, from, out var value);
        CheckText(status, source, "decimal", column, row, context);
        var fit = value.Fit(column.Type.Length, column.Type.Decimals, out var fitted);
        if (column.Type.IsUnsigned && value.IsNegative)
        {
            OutOfRange(column, row, context);
            return Datum.FromDecimal(MySqlDecimal.Zero);
        }

        if (fit == ConversionStatus.Overflow)
        {
            OutOfRange(column, row, context);
        }
        else if (fit == ConversionStatus.Truncated)
        {
            context.Warn(WarningLevel.Note, 1265, $"Data truncated for column '{column.Name}' at row {row}");
        }

        return Datum.FromDecimal(fitted);
    }

    private static Datum Time(in ValueRef source, FieldType from, ColumnDefinition column, long row, EvaluationContext context)
    {
        var status = Conversions.ToTime(source, column.Type, context.DateRules, context.Now, out var time);
        var invalid = status == ConversionStatus.Invalid || (status == ConversionStatus.Truncated && source.Kind == VectorKind.Bytes);
        if (!invalid && source.Kind == VectorKind.Time && !time.IsValid(context.DateRules))
        {
            invalid = true;
        }

        if (!invalid && column.Type.Type == MySqlType.Timestamp && !time.IsZero)
        {
            var instant = time.ToUnixMicroseconds(context.TimeZone);
            invalid = instant is null or < 1_000_000 or >= (1L << 31) * 1_000_000;
        }

        if (!invalid)
        {
            return Datum.FromTime(time);
        }

        var kind = column.Type.Type == MySqlType.Date ? "date" : "datetime";
        context.Fault(
            1292, "22007", $"Incorrect {kind} value: '{TextOf(source, from)}' for column '{column.Name}' at row {row}");
        return Datum.FromTime(status == ConversionStatus.Truncated ? time : PackedTime.Zero);
    }

    private static Datum Duration(in ValueRef source, FieldType from, ColumnDefinition column, long row, EvaluationContext context)
    {
        var status = Conversions.ToDuration(source, column.Type, out var duration);
        if (status is ConversionStatus.Invalid or ConversionStatus.Overflow
            || (status == ConversionStatus.Truncated && source.Kind == VectorKind.Bytes))
        {
            context.Fault(
                1292, "22007", $"Incorrect time value: '{TextOf(source, from)}' for column '{column.Name}' at row {row}");
        }

        return Datum.FromDuration(duration.Clamp());
    }

    private static Datum Text(in Datum value, FieldType from, ColumnDefinition column, long row, EvaluationContext context)
    {
        var type = column.Type;
        var bytes = TextFormat.ToBytes(value, from);
        if (type.IsText && !System.Text.Unicode.Utf8.IsValid(bytes))
        {
            context.Fault(
                1366, "HY000", $"Incorrect string value: '{Escaped(bytes)}' for column '{column.Name}' at row {row}");
            bytes = bytes[..ValidPrefix(bytes)];
        }

        var kept = Fitting(bytes, type);
        if (kept < bytes.Length)
        {
            // Spaces beyond the length are dropped with a note only; anything else is an error in strict mode.
            if (type.IsText && bytes.AsSpan(kept).Trim((byte)' ').IsEmpty)
            {
                context.Warn(WarningLevel.Note, 1265, $"Data truncated for column '{column.Name}' at row {row}");
            }
            else if (context.StrictWrites)
            {
                throw new SqlException(1406, "22001", $"Data too long for column '{column.Name}' at row {row}");
            }
            else
            {
                context.Warn(WarningLevel.Warning, 1265, $"Data truncated for column '{column.Name}' at row {row}");
            }

            bytes = bytes[..kept];
        }

        if (type.Type == MySqlType.String)
        {
            // CHAR drops spaces at its end; BINARY is filled with zeros.
            bytes = type.IsText ? bytes.AsSpan().TrimEnd((byte)' ').ToArray() : Padded(bytes, type.Length);
        }

        return Datum.FromBytes(bytes);
    }

    private static int Fitting(byte[] bytes, FieldType type) => type.Type switch
    {
        MySqlType.TinyBlob => Cut(bytes, byte.MaxValue, type),
        MySqlType.Blob => Cut(bytes, ushort.MaxValue, type),
        MySqlType.MediumBlob => Cut(bytes, (1 << 24) - 1, type),
        MySqlType.LongBlob => bytes.Length,
        _ when type.Length < 0 => bytes.Length,
        _ => type.IsText ? Utf8Text.PrefixBytes(bytes, type.Length) : Math.Min(bytes.Length, type.Length),
    };

    private static int Cut(byte[] bytes, int max, FieldType type)
    {
        var at = Math.Min(bytes.Length, max);
        while (type.IsText && at > 0 && at < bytes.Length && (bytes[at] & 0xC0) == 0x80)
        {
            at--;
        }

        return at;
    }

    private static byte[] Padded(byte[] bytes, int length)
    {
        if (bytes.Length < length)
        {
            Array.Resize(ref bytes, length);
        }

        return bytes;
    }

    private static int ValidPrefix(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        while (at < bytes.Length
            && Rune.DecodeFromUtf8(bytes[at..], out _, out var length) == System.Buffers.OperationStatus.Done)
        {
            at += length;
        }

        return at;
    }

    private static string Escaped(ReadOnlySpan<byte> bytes)
    {
        var bad = bytes[ValidPrefix(bytes)..];
        return string.Concat(bad[..Math.Min(bad.Length, 6)].ToArray().Select(octet => octet is >= 0x20 and < 0x7F ? ((char)octet).ToString() : $"\\x{octet:X2}"));
    }

    private static void CheckText(
        ConversionStatus status, in ValueRef source, string kind, ColumnDefinition column, long row, EvaluationContext context)
    {
        if (source.Kind != VectorKind.Bytes)
        {
            return;
        }

        if (status == ConversionStatus.Invalid)
        {
            context.Fault(
                1366, "HY000", $"Incorrect {kind} value: '{Encoding.UTF8.GetString(source.Bytes)}' for column '{column.Name}' at row {row}");
        }
        else if (status == ConversionStatus.Truncated && HasTrailingText(source.Bytes))
        {
            if (context.StrictWrites)
            {
                throw new SqlException(1265, "01000", $"Data truncated for column '{column.Name}' at row {row}");
            }

            context.Warn(WarningLevel.Warning, 1265, $"Data truncated for column '{column.Name}' at row {row}");
        }
    }

    private static bool HasTrailingText(ReadOnlySpan<byte> text) => TextNumber.ParseDouble(text, out _) == ConversionStatus.Truncated;

    private static void OutOfRange(ColumnDefinition column, long row, EvaluationContext context) =>
        context.Fault(1264, "22003", $"Out of range value for column '{column.Name}' at row {row}");

    private static string TextOf(in ValueRef value, FieldType type)
    {
        using var buffer = new Cloud.Codec.ByteBuffer(64);
        TextFormat.Append(value, type, buffer);
        return Encoding.UTF8.GetString(buffer.Written);
    }
}
