using System.Numerics;
using Cloud.Kernel;

namespace Cloud.Execution.Types;

/// <summary>
/// Arithmetic with MySQL's scales: the larger scale for sums, the sum of scales for products, the dividend's scale plus
/// div_precision_increment for quotients, at most 30 in every case. A result of more than 65 digits loses digits after
/// the point
/// first; when its integer part alone is too long, the operation fails (error 1690 to the user).
/// Source: MySQL 8.0 Reference Manual, "Arithmetic Operators" and "Precision Math".
/// </summary>
public readonly partial struct MySqlDecimal
{
    /// <summary>MySQL's default of the variable div_precision_increment.</summary>
    public const int DivisionPrecisionIncrement = 4;

    /// <summary>left + right; false when out of range.</summary>
    public static bool TryAdd(in MySqlDecimal left, in MySqlDecimal right, out MySqlDecimal result) =>
        TryAddSigned(left, right, right.IsNegative, out result);

    /// <summary>left - right; false when out of range.</summary>
    public static bool TrySubtract(in MySqlDecimal left, in MySqlDecimal right, out MySqlDecimal result) =>
        TryAddSigned(left, right, !right.IsNegative, out result);

    /// <summary>left · right; false when out of range.</summary>
    public static bool TryMultiply(in MySqlDecimal left, in MySqlDecimal right, out MySqlDecimal result)
    {
        var negative = left._negative != right._negative;
        var scale = left._scale + right._scale;
        if (scale <= ScaleMax && left.IsFast && right.IsFast && (left._word1 | right._word1) == 0)
        {
            var high = Math.BigMul(left._word0, right._word0, out var low);
            result = new MySqlDecimal(new UInt128(high, low), scale, negative);
            return true;
        }

        return TryNormalize(left.Big * right.Big, scale, negative, out result);
    }

    /// <summary>left / right, rounded half away from zero; false when out of range.</summary>
    /// <exception cref="InvariantViolatedException">
    /// The divisor is zero: callers answer that with NULL before.
    /// </exception>
    public static bool TryDivide(
        in MySqlDecimal left, in MySqlDecimal right, out MySqlDecimal result, int precisionIncrement = DivisionPrecisionIncrement)
    {
        Invariant.Require(!right.IsZero, "division by zero is the caller's to answer");
        var negative = left._negative != right._negative;
        var scale = Math.Min(left._scale + precisionIncrement, ScaleMax);
        var shift = scale + right._scale - left._scale;
        if (shift >= 0 && left.IsFast && right.IsFast && Wide256.TryScale(left.Low, shift, out var dividend))
        {
            result = new MySqlDecimal(
                Wide256.DivideRounded(dividend, right.Low, DecimalRounding.HalfAwayFromZero, negative), scale, negative);
            return true;
        }

        var numerator = shift >= 0 ? left.Big * Wide256.Power(shift) : left.Big;
        var denominator = shift >= 0 ? right.Big : right.Big * Wide256.Power(-shift);
        return TryNormalize(
            Wide256.DivideRounded(numerator, denominator, DecimalRounding.HalfAwayFromZero, negative), scale, negative, out result);
    }

    /// <summary>The integer quotient toward zero (operator DIV); false when out of range.</summary>
    public static bool TryDivideInteger(in MySqlDecimal left, in MySqlDecimal right, out MySqlDecimal result)
    {
        Invariant.Require(!right.IsZero, "division by zero is the caller's to answer");
        var (dividend, divisor, _) = Align(left, right);
        return TryNormalize(dividend / divisor, 0, left._negative != right._negative, out result);
    }

    /// <summary>The remainder with the sign of <paramref name="left"/> and the larger scale.</summary>
    public static MySqlDecimal Remainder(in MySqlDecimal left, in MySqlDecimal right)
    {
        Invariant.Require(!right.IsZero, "division by zero is the caller's to answer");
        var (dividend, divisor, scale) = Align(left, right);
        var fits = TryNormalize(dividend % divisor, scale, left.IsNegative, out var result);
        Invariant.Require(fits, "a remainder is smaller than its divisor");
        return result;
    }

    public MySqlDecimal Negate() => IsFast ? new MySqlDecimal(Low, _scale, !IsNegative) : new MySqlDecimal(Big, _scale, !IsNegative);

    public MySqlDecimal Abs() => IsNegative ? Negate() : this;

    /// <summary>
    /// The value at another scale: zeros are added or digits dropped by <paramref name="rounding"/>. A negative scale
    /// rounds to tens,
    /// hundreds and so on, with scale 0. Adding zeros stops where 65 digits are reached.
    /// </summary>
    public MySqlDecimal Round(int scale, DecimalRounding rounding = DecimalRounding.HalfAwayFromZero)
    {
        scale = Math.Clamp(scale, -PrecisionMax - 1, ScaleMax);
        if (scale == _scale)
        {
            return this;
        }

        if (scale > _scale)
        {
            return Widen(scale);
        }

        var dropped = _scale - scale;
        if (IsFast && dropped <= Wide256.FastExponentMax && scale >= 0)
        {
            return new MySqlDecimal(
                Wide256.DivideRounded(Low, Wide256.SmallPower(dropped), rounding, IsNegative), scale, IsNegative);
        }

        var rounded = Wide256.DivideRounded(Big, Wide256.Power(dropped), rounding, IsNegative);
        if (scale < 0)
        {
            rounded *= Wide256.Power(-scale);
        }

        return TryNormalize(rounded, Math.Max(scale, 0), IsNegative, out var result) ? result : Bound(PrecisionMax, 0, IsNegative);
    }

    /// <summary>
    /// The value as a column DECIMAL(<paramref name="precision"/>, <paramref name="scale"/>) stores it: rounded to the
    /// scale, which
    /// is <see cref="ConversionStatus.Truncated"/> when non-zero digits went, or the nearest bound on <see
    /// cref="ConversionStatus.Overflow"/>.
    /// </summary>
    public ConversionStatus Fit(int precision, int scale, out MySqlDecimal result)
    {
        Invariant.Require(precision is >= 1 and <= PrecisionMax, $"a precision is 1 to {PrecisionMax}: {precision}");
        Invariant.Require(scale >= 0 && scale <= Math.Min(precision, ScaleMax), $"a scale fits its precision: {scale}");
        if (IntegerDigits > precision - scale)
        {
            result = Bound(precision, scale, IsNegative);
            return ConversionStatus.Overflow;
        }

        result = Round(scale);
        if (result.IntegerDigits > precision - scale)
        {
            result = Bound(precision, scale, IsNegative);
            return ConversionStatus.Overflow;
        }

        return scale >= _scale || result == this ? ConversionStatus.Ok : ConversionStatus.Truncated;
    }

    /// <summary>The largest magnitude of DECIMAL(precision, scale).</summary>
    public static MySqlDecimal Bound(int precision, int scale, bool negative) =>
        new(Wide256.Power(precision) - 1, scale, negative);

    private static bool TryAddSigned(in MySqlDecimal left, in MySqlDecimal right, bool rightNegative, out MySqlDecimal result)
    {
        var scale = Math.Max(left._scale, right._scale);
        if (left.IsFast && right.IsFast
            && Wide256.TryScale(left.Low, scale - left._scale, out var a)
            && Wide256.TryScale(right.Low, scale - right._scale, out var b))
        {
            if (left.IsNegative == rightNegative)
            {
                result = new MySqlDecimal(a + b, scale, rightNegative);
            }
            else
            {
                result = a >= b ? new MySqlDecimal(a - b, scale, left.IsNegative) : new MySqlDecimal(b - a, scale, rightNegative);
            }

            return true;
        }

        var (wideLeft, wideRight, _) = Align(left, right);
        var sum = (left.IsNegative ? -wideLeft : wideLeft) + (rightNegative ? -wideRight : wideRight);
        return TryNormalize(BigInteger.Abs(sum), scale, sum.Sign < 0, out result);
    }

    private static (BigInteger Left, BigInteger Right, int Scale) Align(in MySqlDecimal left, in MySqlDecimal right)
    {
        var scale = Math.Max(left._scale, right._scale);
        return (left.Big * Wide256.Power(scale - left._scale), right.Big * Wide256.Power(scale - right._scale), scale);
    }

    private MySqlDecimal Widen(int scale)
    {
        if (IsFast && Wide256.TryScale(Low, scale - _scale, out var scaled))
        {
            return new MySqlDecimal(scaled, scale, IsNegative);
        }

        var fitting = Math.Min(scale, _scale + PrecisionMax - SignificantDigits);
        return fitting <= _scale ? this : new MySqlDecimal(Big * Wide256.Power(fitting - _scale), fitting, IsNegative);
    }

    /// <summary>
    /// Drops digits after the point in one rounding until the limits hold; false when the integer part is too long.
    /// </summary>
    private static bool TryNormalize(BigInteger magnitude, int scale, bool negative, out MySqlDecimal result)
    {
        var dropped = Math.Max(scale - ScaleMax, Wide256.CountDigits(magnitude) - PrecisionMax);
        if (dropped > scale)
        {
            result = Bound(PrecisionMax, 0, negative);
            return false;
        }

        if (dropped > 0)
        {
            magnitude = Wide256.DivideRounded(magnitude, Wide256.Power(dropped), DecimalRounding.HalfAwayFromZero, negative);
            scale -= dropped;
            if (Wide256.CountDigits(magnitude) > PrecisionMax)
            {
                // Rounding carried into a 66th digit: the value is now a power of ten, one zero of which can go.
                return TryNormalize(magnitude, scale, negative, out result);
            }
        }

        result = new MySqlDecimal(magnitude, scale, negative);
        return true;
    }
}
