using System.Globalization;
using System.Text;
using Cloud.Execution.Types;
using static Cloud.Execution.Expressions.TypedExpressions;

namespace Cloud.Execution.Expressions.Functions;

/// <summary>Mathematical functions. Source: MySQL 8.0 Reference Manual §12.6.2.</summary>
internal static class NumericFunctions
{
    public static void AddTo(FunctionSet set)
    {
        set.Add("ABS", 1, 1, Abs);
        set.Add("SIGN", 1, 1, AsDouble, FunctionSet.Integer, static (f, row) => f.Result.Append((long)Math.Sign(f.Double(0, row))));
        set.Add("CEIL", 1, 1, arguments => Rounded("CEIL", arguments[0], DecimalRounding.Ceiling, Math.Ceiling));
        set.Add("FLOOR", 1, 1, arguments => Rounded("FLOOR", arguments[0], DecimalRounding.Floor, Math.Floor));
        set.Add("ROUND", 1, 2, arguments => RoundTo("ROUND", arguments, DecimalRounding.HalfAwayFromZero));
        set.Add("TRUNCATE", 2, 2, arguments => RoundTo("TRUNCATE", arguments, DecimalRounding.Truncate));
        Real(set, "SQRT", static x => x < 0 ? null : Math.Sqrt(x));
        Real(set, "EXP", static x => Math.Exp(x));
        Real(set, "LN", static x => x <= 0 ? null : Math.Log(x));
        Real(set, "LOG2", static x => x <= 0 ? null : Math.Log2(x));
        Real(set, "LOG10", static x => x <= 0 ? null : Math.Log10(x));
        Real(set, "SIN", static x => Math.Sin(x));
        Real(set, "COS", static x => Math.Cos(x));
        Real(set, "TAN", static x => Math.Tan(x));
        Real(set, "COT", static x => x == 0 ? null : 1 / Math.Tan(x));
        Real(set, "ASIN", static x => x is < -1 or > 1 ? null : Math.Asin(x));
        Real(set, "ACOS", static x => x is < -1 or > 1 ? null : Math.Acos(x));
        Real(set, "DEGREES", static x => x * 180 / Math.PI);
        Real(set, "RADIANS", static x => x * Math.PI / 180);
        set.Add("ATAN", 1, 2, AsDouble, FunctionSet.Real, static (f, row) => f.Result.Append(
            f.ArgumentCount == 1 ? Math.Atan(f.Double(0, row)) : Math.Atan2(f.Double(0, row), f.Double(1, row))));
        set.Add("ATAN2", 2, 2, AsDouble, FunctionSet.Real, static (f, row) => f.Result.Append(Math.Atan2(f.Double(0, row), f.Double(1, row))));
        set.Add("LOG", 1, 2, AsDouble, FunctionSet.Real, Log);
        set.Add("POW", 2, 2, AsDouble, FunctionSet.Real, static (f, row) => Finite(f, Math.Pow(f.Double(0, row), f.Double(1, row))));
        set.Add("PI", 0, 0, AsDouble, FunctionSet.Real, static (f, row) => f.Result.Append(Math.PI));
        set.Add("RAND", 0, 1, AsInt64, FunctionSet.Real, Rand, strict: false);
        set.Add("CONV", 3, 3, [AsText, AsInt64, AsInt64], FieldType.VarChar(64), Conv);
        set.Add("BIN", 1, 1, AsInt64, FieldType.VarChar(64), static (f, row) => InBase(f, (ulong)f.Int64(0, row), 2));
        set.Add("OCT", 1, 1, AsInt64, FieldType.VarChar(64), static (f, row) => InBase(f, (ulong)f.Int64(0, row), 8));
        set.Add("GREATEST", 2, FunctionSet.Many, arguments => Extreme("GREATEST", arguments, 1));
        set.Add("LEAST", 2, FunctionSet.Many, arguments => Extreme("LEAST", arguments, -1));
        set.Add("NEGATE", 1, 1, Negate);
        set.Add("MOD", 2, 2, arguments => Arithmetic(ArithmeticOperator.Modulo, arguments[0], arguments[1], noUnsignedSubtraction: false));
    }

    private static void Real(FunctionSet set, string name, Func<double, double?> compute) =>
        set.Add(name, 1, 1, AsDouble, FunctionSet.Real, (f, row) =>
        {
            if (compute(f.Double(0, row)) is { } value && double.IsFinite(value))
            {
                f.Result.Append(value);
            }
            else
            {
                f.Result.AppendNull();
            }
        });

    private static void Finite(FunctionFrame f, double value)
    {
        if (!double.IsFinite(value))
        {
            throw new SqlException(1690, "22003", $"DOUBLE value is out of range in '{value.ToString(CultureInfo.InvariantCulture)}'");
        }

        f.Result.Append(value);
    }

    private static VectorExpression Number(VectorExpression argument) => Cast(argument, TypeRules.Numeric(argument.Type));

    private static FunctionExpression Abs(IReadOnlyList<VectorExpression> arguments)
    {
        var number = Number(arguments[0]);
        return new FunctionExpression("ABS", number.Type, [number], static (f, row) =>
        {
            switch (f.Result.Kind)
            {
                case VectorKind.Int64:
                    var value = f.Int64(0, row);
                    f.Result.Append(value == long.MinValue
                        ? throw new SqlException(1690, "22003", "BIGINT value is out of range in 'abs(-9223372036854775808)'")
                        : Math.Abs(value));
                    break;
                case VectorKind.UInt64:
                    f.Result.AppendFrom(f.Inputs[0], row);
                    break;
                case VectorKind.Decimal:
                    f.Result.Append(f.Decimal(0, row).Abs());
                    break;
                default:
                    f.Result.Append(Math.Abs(f.Double(0, row)));
                    break;
            }
        }, nullIfAnyNull: true);
    }

    private static VectorExpression Negate(IReadOnlyList<VectorExpression> arguments)
    {
        var zero = new ConstantExpression(Datum.FromInt64(0), FieldType.BigInt with { Length = 1 });
        return Arithmetic(ArithmeticOperator.Subtract, zero, Number(arguments[0]), noUnsignedSubtraction: true);
    }

    private static VectorExpression Rounded(string name, VectorExpression argument, DecimalRounding rounding, Func<double, double> real)
    {
        var number = Number(argument);
        return number.Type.Kind switch
        {
            VectorKind.Int64 or VectorKind.UInt64 => number,
            VectorKind.Decimal => Cast(
                new FunctionExpression(
                    name, TypeRules.DecimalOf(number.Type.Length, 0), [number], (f, row) => f.Result.Append(f.Decimal(0, row).Round(0, rounding)), nullIfAnyNull: true),
                number.Type.Length - number.Type.Decimals < 19 ? FieldType.BigInt : TypeRules.DecimalOf(number.Type.Length, 0)),
            _ => new FunctionExpression(
                name, FunctionSet.Real, [AsDouble(number)], (f, row) => f.Result.Append(real(f.Double(0, row))), nullIfAnyNull: true),
        };
    }

    private static VectorExpression RoundTo(string name, IReadOnlyList<VectorExpression> arguments, DecimalRounding rounding)
    {
        var number = Number(arguments[0]);
        var digits = arguments.Count > 1 ? AsInt64(arguments[1]) : new ConstantExpression(Datum.FromInt64(0), FieldType.BigInt);
        if (number.Type.Kind is VectorKind.Float64 or VectorKind.Float32)
        {
            return new FunctionExpression(name, FunctionSet.Real, [AsDouble(number), digits], (f, row) =>
                f.Result.Append(RoundDouble(f.Double(0, row), f.Int64(1, row), rounding == DecimalRounding.Truncate)), nullIfAnyNull: true);
        }

        // A literal number of digits is the scale of the result.
        var scale = number.Type.Kind == VectorKind.Decimal ? number.Type.Decimals : 0;
        if (digits is ConstantExpression { Literal.IsNull: false } literal)
        {
            scale = (int)Math.Clamp(literal.Literal.Int64, 0, scale);
        }

        var type = TypeRules.DecimalOf(TypeRules.PrecisionOf(number.Type) + 1, scale);
        var rounded = new FunctionExpression(name, type, [AsDecimal(number), digits], (f, row) =>
        {
            var places = (int)Math.Clamp(f.Int64(1, row), -MySqlDecimal.PrecisionMax, scale);
            f.Result.Append(f.Decimal(0, row).Round(places, rounding).Round(scale));
        }, nullIfAnyNull: true);
        return number.Type.IsInteger ? Cast(rounded, number.Type.IsUnsigned ? FieldType.UnsignedBigInt : FieldType.BigInt) : rounded;
    }

    private static double RoundDouble(double value, long digits, bool truncate)
    {
        var power = Math.Pow(10, Math.Clamp(Math.Abs(digits), 0, 308));
        var scaled = digits >= 0 ? value * power : value / power;
        if (!double.IsFinite(scaled))
        {
            return value;
        }

        var rounded = truncate ? Math.Truncate(scaled) : Math.Round(scaled, MidpointRounding.ToEven);
        return digits >= 0 ? rounded / power : rounded * power;
    }

    private static void Log(FunctionFrame f, int row)
    {
        var value = f.Double(f.ArgumentCount - 1, row);
        var @base = f.ArgumentCount > 1 ? f.Double(0, row) : Math.E;
        if (value <= 0 || @base <= 0 || @base == 1)
        {
            f.Result.AppendNull();
        }
        else
        {
            f.Result.Append(f.ArgumentCount > 1 ? Math.Log(value) / Math.Log(@base) : Math.Log(value));
        }
    }

    private static void Rand(FunctionFrame f, int row)
    {
        if (f.ArgumentCount == 0)
        {
            f.Result.Append(f.Context.Random.NextDouble());
            return;
        }

        f.State ??= new Kernel.SeededRandom(f.IsNull(0, row) ? 0 : (ulong)f.Int64(0, row));
        f.Result.Append(((Kernel.SeededRandom)f.State).NextDouble());
    }

    private static void Conv(FunctionFrame f, int row)
    {
        var from = f.Int64(1, row);
        var to = f.Int64(2, row);
        if (Math.Abs(from) is < 2 or > 36 || Math.Abs(to) is < 2 or > 36)
        {
            f.Result.AppendNull();
            return;
        }

        var text = Encoding.ASCII.GetString(f.Bytes(0, row)).Trim();
        var negative = text.StartsWith('-');
        var value = UInt128.Zero;
        foreach (var c in negative ? text[1..] : text)
        {
            var digit = char.IsAsciiDigit(c) ? c - '0' : char.IsAsciiLetter(c) ? char.ToUpperInvariant(c) - 'A' + 10 : 99;
            if (digit >= Math.Abs(from))
            {
                break;
            }

            value = (value * (UInt128)Math.Abs(from)) + (UInt128)digit;
            value = value > ulong.MaxValue ? ulong.MaxValue : value;
        }

        var bits = negative ? unchecked((ulong)-(long)(ulong)value) : (ulong)value;
        if (to < 0 && (long)bits < 0)
        {
            f.Buffer.WriteByte((byte)'-');
            bits = unchecked((ulong)-(long)bits);
        }

        InBase(f, bits, (int)Math.Abs(to));
    }

    private static void InBase(FunctionFrame f, ulong value, int radix)
    {
        Span<byte> digits = stackalloc byte[64];
        var at = digits.Length;
        do
        {
            var digit = (int)(value % (ulong)radix);
            digits[--at] = (byte)(digit < 10 ? '0' + digit : 'A' + digit - 10);
            value /= (ulong)radix;
        }
        while (value > 0);
        f.Buffer.Write(digits[at..]);
        f.Result.Append(f.Buffer.Written);
    }

    private static FunctionExpression Extreme(string name, IReadOnlyList<VectorExpression> arguments, int sign)
    {
        var (type, values) = Unify(arguments);
        var collation = type.IsString ? type.Collation : Collation.Get(Collation.BinaryId);
        return new FunctionExpression(name, type, values, (f, row) =>
        {
            var best = 0;
            for (var i = 1; i < f.ArgumentCount; i++)
            {
                if (ColumnOrder.Compare(f.Inputs[i], row, f.Inputs[best], row, collation) * sign > 0)
                {
                    best = i;
                }
            }

            f.Result.AppendFrom(f.Inputs[best], row);
        }, nullIfAnyNull: true);
    }
}
