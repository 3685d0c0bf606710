using System.Numerics;
using System.Text;

namespace Cloud.Execution.Types;

/// <summary>Text form: digits with a point, no exponent, all digits of the scale.</summary>
public readonly partial struct MySqlDecimal
{
    /// <summary>Longest text: a sign, 65 digits, a point and a leading zero.</summary>
    public const int TextBytesMax = 68;

    // More digits than the limits allow are read only to see whether they round; beyond this many they are dropped.
    private const int ParsedDigitsMax = 130;

    /// <summary>
    /// Reads a number from the start of <paramref name="text"/>: optional spaces, sign, digits with an optional point,
    /// exponent.
    /// What follows it is ignored and reported as <see cref="ConversionStatus.Truncated"/>; digits beyond scale 30 are
    /// rounded.
    /// </summary>
    public static ConversionStatus Parse(ReadOnlySpan<byte> text, out MySqlDecimal result)
    {
        Span<byte> digits = stackalloc byte[ParsedDigitsMax];
        var scanner = new NumberScanner(text, digits);
        if (!scanner.Scan())
        {
            result = Zero;
            return ConversionStatus.Invalid;
        }

        var status = scanner.HasTrailingText ? ConversionStatus.Truncated : ConversionStatus.Ok;
        var significant = digits[..scanner.DigitCount];
        var scale = scanner.Scale;
        if (scanner.DigitCount == 0)
        {
            result = new MySqlDecimal(UInt128.Zero, (int)Math.Clamp(scale, 0, ScaleMax), negative: false);
            return status;
        }

        if (scanner.DigitCount - scale > PrecisionMax)
        {
            result = Bound(PrecisionMax, 0, scanner.IsNegative);
            return ConversionStatus.Overflow;
        }

        if (scanner.DigitCount - scale < -ScaleMax)
        {
            result = new MySqlDecimal(UInt128.Zero, ScaleMax, negative: false);
            return ConversionStatus.Truncated;
        }

        if (scanner.DigitCount <= Wide256.FastExponentMax && scale is >= 0 and <= ScaleMax)
        {
            result = new MySqlDecimal(ToUInt128(significant), (int)scale, scanner.IsNegative);
            return status;
        }

        var magnitude = ToBigInteger(significant);
        if (scale < 0)
        {
            magnitude *= Wide256.Power((int)-scale);
            scale = 0;
        }

        if (!TryNormalize(magnitude, (int)scale, scanner.IsNegative, out result))
        {
            return ConversionStatus.Overflow;
        }

        return scale > result._scale ? ConversionStatus.Truncated : status;
    }

    /// <summary>
    /// As <see cref="Parse(ReadOnlySpan{byte}, out MySqlDecimal)"/> for texts that are known to be numbers.
    /// </summary>
    /// <exception cref="FormatException">The text is not wholly a number in range.</exception>
    public static MySqlDecimal Parse(string text)
    {
        var status = Parse(Encoding.ASCII.GetBytes(text), out var result);
        return status == ConversionStatus.Ok ? result : throw new FormatException($"'{text}' is not a decimal number: {status}.");
    }

    /// <summary>Writes the text in ASCII and returns its length, at most <see cref="TextBytesMax"/>.</summary>
    public int Format(Span<byte> destination)
    {
        Span<byte> digits = stackalloc byte[PrecisionMax + ScaleMax];
        var count = WriteDigits(digits, Math.Max(_scale + 1, 1));
        var at = 0;
        if (IsNegative)
        {
            destination[at++] = (byte)'-';
        }

        var whole = count - _scale;
        var source = digits[^count..];
        source[..whole].CopyTo(destination[at..]);
        at += whole;
        if (_scale > 0)
        {
            destination[at++] = (byte)'.';
            source[whole..].CopyTo(destination[at..]);
            at += _scale;
        }

        return at;
    }

    public override string ToString()
    {
        Span<byte> text = stackalloc byte[TextBytesMax];
        return Encoding.ASCII.GetString(text[..Format(text)]);
    }

    /// <summary>
    /// Writes the magnitude's digits right-aligned, with zeros in front up to <paramref name="digitsMin"/>; returns how
    /// many.
    /// </summary>
    private int WriteDigits(Span<byte> buffer, int digitsMin)
    {
        var at = buffer.Length;
        if (IsFast)
        {
            var rest = Low;
            while (rest > ulong.MaxValue)
            {
                (rest, var chunk) = UInt128.DivRem(rest, Wide256.SmallPower(18));
                at = WriteChunk(buffer, at, (ulong)chunk, 18);
            }

            at = WriteChunk(buffer, at, (ulong)rest, 0);
        }
        else
        {
            var rest = Big;
            while (rest > ulong.MaxValue)
            {
                rest = BigInteger.DivRem(rest, Wide256.Power(18), out var chunk);
                at = WriteChunk(buffer, at, (ulong)chunk, 18);
            }

            at = WriteChunk(buffer, at, (ulong)rest, 0);
        }

        while (buffer.Length - at < digitsMin)
        {
            buffer[--at] = (byte)'0';
        }

        return buffer.Length - at;
    }

    private static int WriteChunk(Span<byte> buffer, int at, ulong chunk, int digitsMin)
    {
        var end = at;
        while (chunk != 0 || end - at < digitsMin)
        {
            (chunk, var digit) = Math.DivRem(chunk, 10);
            buffer[--at] = (byte)('0' + digit);
        }

        return at;
    }

    private static UInt128 ToUInt128(ReadOnlySpan<byte> digits)
    {
        UInt128 value = 0;
        while (!digits.IsEmpty)
        {
            var taken = Math.Min(18, digits.Length);
            value = (value * Wide256.SmallPower(taken)) + ToUInt64(digits[..taken]);
            digits = digits[taken..];
        }

        return value;
    }

    private static BigInteger ToBigInteger(ReadOnlySpan<byte> digits)
    {
        var value = BigInteger.Zero;
        while (!digits.IsEmpty)
        {
            var taken = Math.Min(18, digits.Length);
            value = (value * Wide256.Power(taken)) + ToUInt64(digits[..taken]);
            digits = digits[taken..];
        }

        return value;
    }

    private static ulong ToUInt64(ReadOnlySpan<byte> digits)
    {
        ulong value = 0;
        foreach (var digit in digits)
        {
            value = (value * 10) + digit - '0';
        }

        return value;
    }

    /// <summary>Takes a number apart: significant digits without leading zeros, and where the point is.</summary>
    private ref struct NumberScanner(ReadOnlySpan<byte> text, Span<byte> digits)
    {
        private readonly ReadOnlySpan<byte> _text = text;
        private readonly Span<byte> _digits = digits;
        private int _at;

        public int DigitCount { get; private set; }

        /// <summary>Digits after the point minus the exponent; negative when zeros follow the digits.</summary>
        public long Scale { get; private set; }

        public bool IsNegative { get; private set; }

        public readonly bool HasTrailingText
        {
            get
            {
                var rest = _text[_at..];
                return !rest.TrimEnd(" \t\r\n\v\f"u8).IsEmpty;
            }
        }

        public bool Scan()
        {
            while (_at < _text.Length && IsSpace(_text[_at]))
            {
                _at++;
            }

            if (_at < _text.Length && _text[_at] is (byte)'-' or (byte)'+')
            {
                IsNegative = _text[_at++] == '-';
            }

            var before = _at;
            ScanDigits(afterPoint: false);
            var any = _at > before;
            if (_at < _text.Length && _text[_at] == '.')
            {
                before = ++_at;
                ScanDigits(afterPoint: true);
                any |= _at > before;
            }

            if (any)
            {
                ScanExponent();
            }

            return any;
        }

        private void ScanDigits(bool afterPoint)
        {
            for (; _at < _text.Length && char.IsAsciiDigit((char)_text[_at]); _at++)
            {
                var digit = _text[_at];
                if (DigitCount == 0 && digit == '0')
                {
                    Scale += afterPoint ? 1 : 0;
                }
                else if (DigitCount < _digits.Length)
                {
                    _digits[DigitCount++] = digit;
                    Scale += afterPoint ? 1 : 0;
                }
                else
                {
                    // Past any digit that can matter: an integer digit still moves the point.
                    Scale -= afterPoint ? 0 : 1;
                }
            }
        }

        private void ScanExponent()
        {
            var at = _at;
            if (at >= _text.Length || (_text[at] | 0x20) != 'e')
            {
                return;
            }

            at++;
            var negative = false;
            if (at < _text.Length && _text[at] is (byte)'-' or (byte)'+')
            {
                negative = _text[at++] == '-';
            }

            var start = at;
            long exponent = 0;
            for (; at < _text.Length && char.IsAsciiDigit((char)_text[at]); at++)
            {
                exponent = Math.Min((exponent * 10) + _text[at] - '0', int.MaxValue);
            }

            if (at > start)
            {
                Scale -= negative ? -exponent : exponent;
                _at = at;
            }
        }

        private static bool IsSpace(byte character) => character is (byte)' ' or (>= 9 and <= 13);
    }
}
