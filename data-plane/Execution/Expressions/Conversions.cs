using System.Buffers.Text;
using Cloud.Execution.Types;

namespace Cloud.Execution.Expressions;

/// <summary>
/// Conversions between the kinds of values, each with what was lost. Which loss is an error is the caller's to say.
/// Source: MySQL 8.0 Reference Manual §12.3 "Type Conversion in Expression Evaluation" and §12.24.
/// </summary>
public static class Conversions
{
    private const double TwoTo63 = 9223372036854775808.0;

    /// <summary>Rounded half away from zero.</summary>
    public static ConversionStatus ToInt64(in ValueRef value, FieldType type, out long result)
    {
        switch (value.Kind)
        {
            case VectorKind.Int64:
                result = value.Int64;
                return ConversionStatus.Ok;
            case VectorKind.UInt64:
                result = value.Bits > long.MaxValue ? long.MaxValue : value.Int64;
                return value.Bits > long.MaxValue ? ConversionStatus.Overflow : ConversionStatus.Ok;
            case VectorKind.Float64 or VectorKind.Float32:
                return FromDouble(value.Float64, out result);
            case VectorKind.Decimal:
                return value.Decimal.ToInt64(out result);
            case VectorKind.Time:
                result = TimeNumber(value.Time, type);
                return ConversionStatus.Ok;
            case VectorKind.Duration:
                result = value.Duration.RoundFraction(0).ToNumber();
                return ConversionStatus.Ok;
            default:
                if (Utf8Parser.TryParse(value.Bytes, out result, out var used) && used == value.Bytes.Length)
                {
                    return ConversionStatus.Ok;
                }

                var parsed = MySqlDecimal.Parse(value.Bytes, out var number);
                return Worse(parsed, number.ToInt64(out result));
        }
    }

    /// <summary>Rounded half away from zero; negative numbers overflow to 0.</summary>
    public static ConversionStatus ToUInt64(in ValueRef value, FieldType type, out ulong result)
    {
        switch (value.Kind)
        {
            case VectorKind.UInt64:
                result = value.Bits;
                return ConversionStatus.Ok;
            case VectorKind.Int64:
                result = value.Int64 < 0 ? 0 : value.Bits;
                return value.Int64 < 0 ? ConversionStatus.Overflow : ConversionStatus.Ok;
            case VectorKind.Float64 or VectorKind.Float32:
                return FromDouble(value.Float64, out result);
            case VectorKind.Decimal:
                return value.Decimal.ToUInt64(out result);
            case VectorKind.Time or VectorKind.Duration:
                var status = ToInt64(value, type, out var signed);
                result = signed < 0 ? 0 : (ulong)signed;
                return signed < 0 ? ConversionStatus.Overflow : status;
            default:
                if (Utf8Parser.TryParse(value.Bytes, out result, out var used) && used == value.Bytes.Length)
                {
                    return ConversionStatus.Ok;
                }

                var parsed = MySqlDecimal.Parse(value.Bytes, out var number);
                return Worse(parsed, number.ToUInt64(out result));
        }
    }

    public static ConversionStatus ToDouble(in ValueRef value, FieldType type, out double result)
    {
        switch (value.Kind)
        {
            case VectorKind.Int64:
                result = value.Int64;
                return ConversionStatus.Ok;
            case VectorKind.UInt64:
                result = value.Bits;
                return ConversionStatus.Ok;
            case VectorKind.Float64 or VectorKind.Float32:
                result = value.Float64;
                return ConversionStatus.Ok;
            case VectorKind.Decimal:
                result = value.Decimal.ToDouble();
                return ConversionStatus.Ok;
            case VectorKind.Time:
                result = TimeNumber(value.Time, type) + (value.Time.Microsecond / 1e6);
                return ConversionStatus.Ok;
            case VectorKind.Duration:
                var whole = value.Duration.ToNumber();
                var fraction = value.Duration.Fraction / 1e6;
                result = value.Duration.IsNegative ? whole - fraction : whole + fraction;
                return ConversionStatus.Ok;
            default:
                return TextNumber.ParseDouble(value.Bytes, out result);
        }
    }

    public static ConversionStatus ToDecimal(in ValueRef value, FieldType type, out MySqlDecimal result)
    {
        switch (value.Kind)
        {
            case VectorKind.Int64:
                result = value.Int64;
                return ConversionStatus.Ok;
            case VectorKind.UInt64:
                result = value.Bits;
                return ConversionStatus.Ok;
            case VectorKind.Float64 or VectorKind.Float32:
                return MySqlDecimal.FromDouble(value.Float64, out result);
            case VectorKind.Decimal:
                result = value.Decimal;
                return ConversionStatus.Ok;
            case VectorKind.Time:
                result = WithFraction(TimeNumber(value.Time, type), value.Time.Microsecond, negative: false);
                return ConversionStatus.Ok;
            case VectorKind.Duration:
                result = WithFraction(Math.Abs(value.Duration.ToNumber()), value.Duration.Fraction, value.Duration.IsNegative);
                return ConversionStatus.Ok;
            default:
                return MySqlDecimal.Parse(value.Bytes, out result);
        }
    }

    /// <summary>A DATE, DATETIME or TIMESTAMP with a rounded fraction; a TIME counts from today.</summary>
    public static ConversionStatus ToTime(
        in ValueRef value, FieldType target, DateRules rules, PackedTime now, out PackedTime result)
    {
        var status = ConversionStatus.Ok;
        var digits = target.Type == MySqlType.Date ? PackedTime.FractionDigitsMax : target.FractionDigits;
        switch (value.Kind)
        {
            case VectorKind.Time:
                result = value.Time;
                break;
            case VectorKind.Duration:
                result = now.DatePart.AddMicroseconds(value.Duration.Microseconds) ?? PackedTime.Zero;
                break;
            case VectorKind.Bytes:
                status = PackedTime.Parse(value.Bytes, digits, rules, out result);
                break;
            default:
                var whole = ToInt64(value, FieldType.BigInt, out var number);
                if (whole == ConversionStatus.Overflow || PackedTime.FromNumber(number, rules) is not { } time)
                {
                    result = PackedTime.Zero;
                    return ConversionStatus.Invalid;
                }

                result = time;
                break;
        }

        if (status == ConversionStatus.Invalid)
        {
            return status;
        }

        if (target.Type == MySqlType.Date)
        {
            var truncated = value.Kind == VectorKind.Bytes && result.MicrosecondOfDay != 0 ? ConversionStatus.Ok : status;
            result = result.DatePart;
            return truncated;
        }

        if (result.RoundFraction(digits) is not { } rounded)
        {
            return ConversionStatus.Invalid;
        }

        result = rounded;
        return status;
    }

    public static ConversionStatus ToDuration(in ValueRef value, FieldType target, out MySqlDuration result)
    {
        var status = ConversionStatus.Ok;
        switch (value.Kind)
        {
            case VectorKind.Duration:
                result = value.Duration;
                break;
            case VectorKind.Time:
                result = new MySqlDuration(value.Time.MicrosecondOfDay);
                break;
            case VectorKind.Bytes:
                status = MySqlDuration.Parse(value.Bytes, target.FractionDigits, out result);
                if (status == ConversionStatus.Invalid && PackedTime.Parse(
                    value.Bytes, target.FractionDigits, DateRules.AllowZeroDate | DateRules.AllowZeroInDate, out var time) == ConversionStatus.Ok)
                {
                    result = new MySqlDuration(time.MicrosecondOfDay);
                    status = ConversionStatus.Ok;
                }

                break;
            default:
                if (ToInt64(value, FieldType.BigInt, out var number) == ConversionStatus.Overflow
                    || MySqlDuration.FromNumber(number) is not { } duration)
                {
                    result = default;
                    return ConversionStatus.Invalid;
                }

                result = duration;
                break;
        }

        result = result.RoundFraction(target.FractionDigits);
        return status;
    }

    /// <summary>Whether the value counts as true: it is not zero.</summary>
    public static bool IsTrue(in ValueRef value) => value.Kind switch
    {
        VectorKind.Int64 or VectorKind.UInt64 or VectorKind.Time or VectorKind.Duration => value.Bits != 0,
        VectorKind.Float64 or VectorKind.Float32 => value.Float64 != 0,
        VectorKind.Decimal => !value.Decimal.IsZero,
        _ => TextNumber.ParseDouble(value.Bytes, out var number) != ConversionStatus.Invalid && number != 0,
    };

    public static ConversionStatus Worse(ConversionStatus left, ConversionStatus right) =>
        (ConversionStatus)Math.Max((int)left, (int)right);

    private static long TimeNumber(PackedTime time, FieldType type) => time.ToNumber(type.Type == MySqlType.Date);

    private static MySqlDecimal WithFraction(long whole, int microsecond, bool negative) => microsecond == 0
        ? MySqlDecimal.Create((UInt128)whole, 0, negative && whole != 0)
        : MySqlDecimal.Create(((UInt128)whole * 1_000_000) + (UInt128)microsecond, 6, negative);

    private static ConversionStatus FromDouble(double value, out long result)
    {
        var rounded = Math.Round(value, MidpointRounding.AwayFromZero);
        if (double.IsNaN(rounded) || rounded >= TwoTo63 || rounded < -TwoTo63)
        {
            result = rounded > 0 ? long.MaxValue : long.MinValue;
            return ConversionStatus.Overflow;
        }

        result = (long)rounded;
        return ConversionStatus.Ok;
    }

    private static ConversionStatus FromDouble(double value, out ulong result)
    {
        var rounded = Math.Round(value, MidpointRounding.AwayFromZero);
        if (double.IsNaN(rounded) || rounded >= TwoTo63 * 2 || rounded < 0)
        {
            result = rounded > 0 ? ulong.MaxValue : 0;
            return ConversionStatus.Overflow;
        }

        result = (ulong)rounded;
        return ConversionStatus.Ok;
    }
}
