using Cloud.Kernel;

namespace Cloud.Execution.Types;

/// <summary>
/// MySQL's binary form of DECIMAL(precision, scale), which sorts as its values do: groups of nine digits in four bytes,
/// the groups at
/// both ends in as few bytes as their digits need, big-endian; all bits inverted when negative; the first bit inverted
/// always.
/// Source: MySQL 8.0 source documentation of decimal2bin (strings/decimal.cc), format description.
/// </summary>
public readonly partial struct MySqlDecimal
{
    private const int GroupDigits = 9;

    private static ReadOnlySpan<byte> BytesOfDigits => [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];

    /// <summary>Bytes of the binary form.</summary>
    public static int BinarySize(int precision, int scale)
    {
        var whole = precision - scale;
        return (whole / GroupDigits * 4) + BytesOfDigits[whole % GroupDigits]
            + (scale / GroupDigits * 4) + BytesOfDigits[scale % GroupDigits];
    }

    /// <summary>Writes the binary form and returns its length.</summary>
    /// <exception cref="InvariantViolatedException">The value does not fit: <see cref="Fit"/> comes first.</exception>
    public int EncodeBinary(int precision, int scale, Span<byte> destination)
    {
        Invariant.Require(
            precision is >= 1 and <= PrecisionMax && scale >= 0 && scale <= Math.Min(precision, ScaleMax),
            $"DECIMAL({precision},{scale}) is not a type");
        var value = Round(scale);
        Invariant.Require(
            value._scale == scale && value.IntegerDigits <= precision - scale, $"a value fits DECIMAL({precision},{scale}) before it is stored");
        Span<byte> digits = stackalloc byte[PrecisionMax + ScaleMax];
        var count = value.WriteDigits(digits, precision);
        var source = digits[^count..];
        var at = 0;
        var whole = precision - scale;
        at += WriteGroup(source[..(whole % GroupDigits)], destination[at..]);
        for (var i = whole % GroupDigits; i < whole; i += GroupDigits)
        {
            at += WriteGroup(source.Slice(i, GroupDigits), destination[at..]);
        }

        for (var i = whole; i < precision; i += GroupDigits)
        {
            at += WriteGroup(source[i..Math.Min(i + GroupDigits, precision)], destination[at..]);
        }

        if (value.IsNegative)
        {
            foreach (ref var octet in destination[..at])
            {
                octet = (byte)~octet;
            }
        }

        destination[0] ^= 0x80;
        return at;
    }

    /// <summary>Reads the binary form from the start of <paramref name="source"/>.</summary>
    /// <returns>Bytes read, or 0 when they are not a value of this type.</returns>
    public static int DecodeBinary(ReadOnlySpan<byte> source, int precision, int scale, out MySqlDecimal result)
    {
        result = Zero;
        if (precision is < 1 or > PrecisionMax || scale < 0 || scale > Math.Min(precision, ScaleMax)
            || source.Length < BinarySize(precision, scale))
        {
            return 0;
        }

        Span<byte> bytes = stackalloc byte[BinarySize(precision, scale)];
        source[..bytes.Length].CopyTo(bytes);
        var negative = (bytes[0] & 0x80) == 0;
        bytes[0] ^= 0x80;
        if (negative)
        {
            foreach (ref var octet in bytes)
            {
                octet = (byte)~octet;
            }
        }

        Span<byte> digits = stackalloc byte[PrecisionMax];
        digits = digits[..precision];
        var whole = precision - scale;
        var valid = true;
        var rest = (ReadOnlySpan<byte>)bytes;
        valid &= ReadGroup(ref rest, digits[..(whole % GroupDigits)]);
        for (var i = whole % GroupDigits; i < whole; i += GroupDigits)
        {
            valid &= ReadGroup(ref rest, digits.Slice(i, GroupDigits));
        }

        for (var i = whole; i < precision; i += GroupDigits)
        {
            valid &= ReadGroup(ref rest, digits[i..Math.Min(i + GroupDigits, precision)]);
        }

        if (!valid)
        {
            return 0;
        }

        result = precision <= Wide256.FastExponentMax
            ? new MySqlDecimal(ToUInt128(digits), scale, negative)
            : new MySqlDecimal(ToBigInteger(digits), scale, negative);
        return bytes.Length;
    }

    private static int WriteGroup(ReadOnlySpan<byte> digits, Span<byte> destination)
    {
        var size = BytesOfDigits[digits.Length];
        var value = (uint)ToUInt64(digits);
        for (var i = size - 1; i >= 0; i--, value >>= 8)
        {
            destination[i] = (byte)value;
        }

        return size;
    }

    private static bool ReadGroup(ref ReadOnlySpan<byte> source, Span<byte> digits)
    {
        var size = BytesOfDigits[digits.Length];
        uint value = 0;
        foreach (var octet in source[..size])
        {
            value = (value << 8) | octet;
        }

        source = source[size..];
        for (var i = digits.Length - 1; i >= 0; i--)
        {
            (value, var digit) = Math.DivRem(value, 10);
            digits[i] = (byte)('0' + digit);
        }

        return value == 0;
    }
}
