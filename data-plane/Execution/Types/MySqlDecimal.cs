using System.Numerics;
using System.Runtime.InteropServices;
using Cloud.Kernel;

namespace Cloud.Execution.Types;

/// <summary>What became of a value that was converted to a type with bounds.</summary>
public enum ConversionStatus
{
    /// <summary>The value is exact.</summary>
    Ok,

    /// <summary>Digits or text after the value were dropped; the value is what remains.</summary>
    Truncated,

    /// <summary>The value is out of range; the nearest value in range stands in.</summary>
    Overflow,

    /// <summary>There is no value in the text; zero stands in.</summary>
    Invalid,
}

/// <summary>How digits that do not fit are dropped.</summary>
public enum DecimalRounding
{
    HalfAwayFromZero,
    Truncate,
    Ceiling,
    Floor,
}

/// <summary>
/// An exact decimal number as MySQL's DECIMAL: at most 65 digits, of which at most 30 after the point. The scale is
/// part of the
/// value (<c>1.0</c> prints with its zero) but not of its equality or order. 40 bytes, no heap; numbers under 2^126 are
/// computed without allocation, wider ones through <see cref="BigInteger"/>. There is no negative zero.
/// Source: MySQL 8.0 Reference Manual, "Precision Math" (limits, rounding half away from zero, scales of results).
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public readonly partial struct MySqlDecimal : IEquatable<MySqlDecimal>, IComparable<MySqlDecimal>
{
    public const int PrecisionMax = 65;

    public const int ScaleMax = 30;

    /// <summary>Bytes of the in-memory image, as in columns on the wire.</summary>
    public const int SizeOf = 40;

    // The magnitude is an unsigned integer of 256 bits, least significant word first; the value is ±magnitude / 10^scale.
    private readonly ulong _word0;
    private readonly ulong _word1;
    private readonly ulong _word2;
    private readonly ulong _word3;
    private readonly byte _scale;
    private readonly byte _negative;
    private readonly ushort _reserved0;
    private readonly uint _reserved1;

    private MySqlDecimal(UInt128 magnitude, int scale, bool negative)
    {
        _word0 = (ulong)magnitude;
        _word1 = (ulong)(magnitude >> 64);
        _scale = (byte)scale;
        _negative = negative && magnitude != 0 ? (byte)1 : (byte)0;
    }

    private MySqlDecimal(BigInteger magnitude, int scale, bool negative)
    {
        Span<byte> bytes = stackalloc byte[32];
        bytes.Clear();
        Invariant.Require(magnitude.TryWriteBytes(bytes, out _, isUnsigned: true), "a decimal has at most 65 digits");
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        _word0 = words[0];
        _word1 = words[1];
        _word2 = words[2];
        _word3 = words[3];
        _scale = (byte)scale;
        _negative = negative && !magnitude.IsZero ? (byte)1 : (byte)0;
    }

    /// <summary>0 with no digits after the point.</summary>
    public static MySqlDecimal Zero => default;

    /// <summary>65 nines.</summary>
    public static MySqlDecimal MaxValue { get; } = new(Wide256.Power(PrecisionMax) - 1, 0, negative: false);

    /// <summary>Digits after the point, 0 to <see cref="ScaleMax"/>.</summary>
    public int Scale => _scale;

    public bool IsNegative => _negative != 0;

    public bool IsZero => (_word0 | _word1 | _word2 | _word3) == 0;

    /// <summary>Digits before the point without leading zeros.</summary>
    public int IntegerDigits => Math.Max(0, SignificantDigits - _scale);

    /// <summary>Digits in all, at least 1 and at least the scale.</summary>
    public int Precision => Math.Max(1, IntegerDigits + _scale);

    private int SignificantDigits => IsFast ? Wide256.CountDigits(Low) : Wide256.CountDigits(Big);

    private bool IsFast => (_word2 | _word3) == 0;

    private UInt128 Low => new(_word1, _word0);

    private BigInteger Big
    {
        get
        {
            if (IsFast)
            {
                return Low;
            }

            ReadOnlySpan<ulong> words = [_word0, _word1, _word2, _word3];
            return new BigInteger(MemoryMarshal.AsBytes(words), isUnsigned: true);
        }
    }

    public static bool operator ==(MySqlDecimal left, MySqlDecimal right) => left.CompareTo(right) == 0;

    public static bool operator !=(MySqlDecimal left, MySqlDecimal right) => left.CompareTo(right) != 0;

    public static bool operator <(MySqlDecimal left, MySqlDecimal right) => left.CompareTo(right) < 0;

    public static bool operator >(MySqlDecimal left, MySqlDecimal right) => left.CompareTo(right) > 0;

    public static bool operator <=(MySqlDecimal left, MySqlDecimal right) => left.CompareTo(right) <= 0;

    public static bool operator >=(MySqlDecimal left, MySqlDecimal right) => left.CompareTo(right) >= 0;

    public static implicit operator MySqlDecimal(long value) =>
        new((UInt128)(value < 0 ? (ulong)(-(value + 1)) + 1 : (ulong)value), 0, value < 0);

    public static implicit operator MySqlDecimal(ulong value) => new((UInt128)value, 0, negative: false);

    /// <summary>From a magnitude and a scale: ±<paramref name="magnitude"/> / 10^<paramref name="scale"/>.</summary>
    public static MySqlDecimal Create(UInt128 magnitude, int scale, bool negative)
    {
        Invariant.Require(scale is >= 0 and <= ScaleMax, $"a scale is 0 to {ScaleMax}: {scale}");
        return new MySqlDecimal(magnitude, scale, negative);
    }

    /// <summary>
    /// The decimal that the shortest text of <paramref name="value"/> names, so that 0.1 gives exactly 0.1.
    /// Not-a-number and infinities are <see cref="ConversionStatus.Overflow"/>.
    /// </summary>
    public static ConversionStatus FromDouble(double value, out MySqlDecimal result)
    {
        if (!double.IsFinite(value))
        {
            result = double.IsNegative(value) ? MaxValue.Negate() : MaxValue;
            return ConversionStatus.Overflow;
        }

        Span<byte> text = stackalloc byte[64];
        value.TryFormat(text, out var written, "R", System.Globalization.CultureInfo.InvariantCulture);
        return Parse(text[..written], out result);
    }

    /// <summary>The nearest double.</summary>
    public double ToDouble()
    {
        // Both operands are exact doubles in this range, so that the one division rounds once.
        if (IsFast && _word1 == 0 && _word0 < (1UL << 53) && _scale <= 19)
        {
            var quotient = _word0 / (double)(ulong)Wide256.SmallPower(_scale);
            return IsNegative ? -quotient : quotient;
        }

        Span<byte> text = stackalloc byte[TextBytesMax];
        return double.Parse(text[..Format(text)], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// Rounded half away from zero; out of range gives the nearest bound and <see cref="ConversionStatus.Overflow"/>.
    /// </summary>
    public ConversionStatus ToInt64(out long result)
    {
        var whole = Round(0);
        if (!whole.IsFast || whole._word1 != 0 || whole._word0 > (IsNegative ? 1UL << 63 : long.MaxValue))
        {
            result = IsNegative ? long.MinValue : long.MaxValue;
            return ConversionStatus.Overflow;
        }

        result = IsNegative ? unchecked(-(long)whole._word0) : (long)whole._word0;
        return whole == this ? ConversionStatus.Ok : ConversionStatus.Truncated;
    }

    /// <summary>As <see cref="ToInt64"/>; negative values give 0 and <see cref="ConversionStatus.Overflow"/>.</summary>
    public ConversionStatus ToUInt64(out ulong result)
    {
        var whole = Round(0);
        if (whole.IsNegative || !whole.IsFast || whole._word1 != 0)
        {
            result = IsNegative ? 0 : ulong.MaxValue;
            return ConversionStatus.Overflow;
        }

        result = whole._word0;
        return whole == this ? ConversionStatus.Ok : ConversionStatus.Truncated;
    }

    public bool Equals(MySqlDecimal other) => CompareTo(other) == 0;

    public override bool Equals(object? obj) => obj is MySqlDecimal other && Equals(other);

    /// <summary>Order by value, whatever the scales.</summary>
    public int CompareTo(MySqlDecimal other)
    {
        if (_negative != other._negative)
        {
            return IsNegative ? -1 : 1;
        }

        var scale = Math.Max(_scale, other._scale);
        int order;
        if (IsFast && other.IsFast
            && Wide256.TryScale(Low, scale - _scale, out var left)
            && Wide256.TryScale(other.Low, scale - other._scale, out var right))
        {
            order = left.CompareTo(right);
        }
        else
        {
            order = (Big * Wide256.Power(scale - _scale)).CompareTo(other.Big * Wide256.Power(scale - other._scale));
        }

        return IsNegative ? -order : order;
    }

    /// <summary>Equal for equal values, also of different scales. Stable across processes and versions.</summary>
    public override int GetHashCode()
    {
        var trimmed = TrimZeros();
        var mixed = (trimmed._word0 * 0x9E3779B97F4A7C15) ^ (trimmed._word1 * 0xBF58476D1CE4E5B9)
            ^ (trimmed._word2 * 0x94D049BB133111EB) ^ trimmed._word3 ^ ((ulong)trimmed._scale << 56) ^ trimmed._negative;
        return (int)(mixed ^ (mixed >> 32));
    }

    /// <summary>Whether an image read from outside is one that this type writes.</summary>
    internal bool IsValidImage() =>
        _scale <= ScaleMax && _negative <= 1 && _reserved0 == 0 && _reserved1 == 0 && !(IsNegative && IsZero)
        && SignificantDigits <= PrecisionMax;

    /// <summary>The same value with the smallest scale that holds it.</summary>
    private MySqlDecimal TrimZeros()
    {
        if (IsZero)
        {
            return Zero;
        }

        int scale = _scale;
        if (IsFast)
        {
            var magnitude = Low;
            while (scale > 0 && magnitude % 10 == 0)
            {
                magnitude /= 10;
                scale--;
            }

            return new MySqlDecimal(magnitude, scale, IsNegative);
        }

        var wide = Big;
        while (scale > 0 && (wide % 10).IsZero)
        {
            wide /= 10;
            scale--;
        }

        return new MySqlDecimal(wide, scale, IsNegative);
    }
}
