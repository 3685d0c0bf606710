using System.Numerics;
using Cloud.Kernel;

namespace Cloud.Execution.Types;

/// <summary>
/// The powers of ten and the wide steps that <see cref="MySqlDecimal"/> needs beyond <see cref="UInt128"/>.
/// Values under 2^128 take the fast paths of the caller; the rest goes through <see cref="BigInteger"/> here.
/// </summary>
internal static class Wide256
{
    /// <summary>Largest exponent whose power of ten fits 128 bits.</summary>
    public const int FastExponentMax = 38;

    private static readonly UInt128[] SmallPowers = BuildSmallPowers();
    private static readonly UInt128[] Limits = BuildLimits();
    private static readonly BigInteger[] Powers = BuildPowers();

    /// <summary>10^<paramref name="exponent"/> for 0 to <see cref="FastExponentMax"/>.</summary>
    public static UInt128 SmallPower(int exponent) => SmallPowers[exponent];

    /// <summary>10^<paramref name="exponent"/> for 0 to 160, more than any intermediate needs.</summary>
    public static BigInteger Power(int exponent) => Powers[exponent];

    /// <summary>value · 10^exponent when it stays under 2^126, so that a sum of two cannot overflow.</summary>
    public static bool TryScale(UInt128 value, int exponent, out UInt128 scaled)
    {
        if (exponent > FastExponentMax || value > Limits[exponent])
        {
            scaled = default;
            return false;
        }

        scaled = value * SmallPowers[exponent];
        return true;
    }

    /// <summary>Digits of <paramref name="value"/> in base ten; 0 has none.</summary>
    public static int CountDigits(UInt128 value)
    {
        if (value <= ulong.MaxValue)
        {
            return CountDigits((ulong)value);
        }

        var digits = 19;
        while (digits <= FastExponentMax && value >= SmallPowers[digits])
        {
            digits++;
        }

        return digits;
    }

    /// <summary>As for 128 bits.</summary>
    public static int CountDigits(ulong value)
    {
        var digits = 0;
        while (digits < 20 && value >= (ulong)SmallPowers[digits]) // 10^19 is the largest power below 2^64
        {
            digits++;
        }

        return digits;
    }

    /// <summary>As for 128 bits, for values under 10^160.</summary>
    public static int CountDigits(BigInteger value)
    {
        if (value.IsZero)
        {
            return 0;
        }

        // log10(2) times the bit length is off by at most one.
        var digits = (int)(value.GetBitLength() * 0.30102999566398120);
        return value >= Powers[digits] ? digits + 1 : digits;
    }

    /// <summary>value / divisor with the remainder folded in by <paramref name="rounding"/>.</summary>
    public static BigInteger DivideRounded(BigInteger value, BigInteger divisor, DecimalRounding rounding, bool negative)
    {
        var quotient = BigInteger.DivRem(value, divisor, out var remainder);
        return RoundsAway(rounding, negative, remainder.IsZero, (remainder << 1).CompareTo(divisor)) ? quotient + 1 : quotient;
    }

    /// <summary>As for <see cref="BigInteger"/>.</summary>
    public static UInt128 DivideRounded(UInt128 value, UInt128 divisor, DecimalRounding rounding, bool negative)
    {
        var (quotient, remainder) = UInt128.DivRem(value, divisor);
        var half = remainder > (divisor >> 1) || (remainder == (divisor >> 1) && (divisor & 1) == 0) ? 1 : -1;
        return RoundsAway(rounding, negative, remainder == 0, half) ? quotient + 1 : quotient;
    }

    private static bool RoundsAway(DecimalRounding rounding, bool negative, bool exact, int comparedToHalf) => rounding switch
    {
        DecimalRounding.HalfAwayFromZero => comparedToHalf >= 0 && !exact,
        DecimalRounding.Truncate => false,
        DecimalRounding.Ceiling => !exact && !negative,
        DecimalRounding.Floor => !exact && negative,
        _ => throw new InvariantViolatedException($"no such rounding: {rounding}"),
    };

    private static UInt128[] BuildSmallPowers()
    {
        var powers = new UInt128[FastExponentMax + 1];
        powers[0] = UInt128.One;
        for (var i = 1; i < powers.Length; i++)
        {
            powers[i] = powers[i - 1] * 10;
        }

        return powers;
    }

    private static UInt128[] BuildLimits()
    {
        var limits = new UInt128[FastExponentMax + 1];
        for (var i = 0; i < limits.Length; i++)
        {
            limits[i] = (UInt128.MaxValue >> 2) / SmallPowers[i];
        }

        return limits;
    }

    private static BigInteger[] BuildPowers()
    {
        var powers = new BigInteger[161];
        powers[0] = BigInteger.One;
        for (var i = 1; i < powers.Length; i++)
        {
            powers[i] = powers[i - 1] * 10;
        }

        return powers;
    }
}
