using System.Globalization;
using Cloud.Execution.Types;

namespace Cloud.Execution.Expressions;

/// <summary>Floating-point numbers as MySQL writes and reads them.</summary>
public static class TextNumber
{
    /// <summary>Longest text that <see cref="Format(double, Span{byte})"/> writes.</summary>
    public const int TextBytesMax = 32;

    /// <summary>Exponents from here on are written as such; below, all digits are (MySQL's my_gcvt switches at the same places).</summary>
    private const int ScientificFrom = 15;

    private const int SmallestPlainExponent = -15;

    /// <summary>Reads a number from the start of the text, spaces before it skipped.</summary>
    public static ConversionStatus ParseDouble(ReadOnlySpan<byte> text, out double result)
    {
        text = text.TrimStart(" \t\r\n"u8);
        var length = NumberLength(text);
        if (length == 0)
        {
            result = 0;
            return ConversionStatus.Invalid;
        }

        result = double.Parse(text[..length], NumberStyles.Float, CultureInfo.InvariantCulture);
        if (double.IsInfinity(result))
        {
            result = result > 0 ? double.MaxValue : double.MinValue;
            return ConversionStatus.Overflow;
        }

        return text[length..].Trim(" \t\r\n"u8).IsEmpty ? ConversionStatus.Ok : ConversionStatus.Truncated;
    }

    /// <summary>The shortest text that reads back as the number, for example <c>0.1</c>, <c>1e20</c>, <c>1.5e-30</c>.</summary>
    public static int Format(double value, Span<byte> destination)
    {
        Span<char> digits = stackalloc char[TextBytesMax];
        value.TryFormat(digits, out var length, "R", CultureInfo.InvariantCulture);
        return Arrange(digits[..length], destination);
    }

    public static int Format(float value, Span<byte> destination)
    {
        Span<char> digits = stackalloc char[TextBytesMax];
        value.TryFormat(digits, out var length, "R", CultureInfo.InvariantCulture);
        return Arrange(digits[..length], destination);
    }

    /// <summary>With a fixed number of digits behind the point.</summary>
    public static int FormatFixed(double value, int decimals, Span<byte> destination)
    {
        value.TryFormat(destination, out var written, "F" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return written;
    }

    private static int Arrange(ReadOnlySpan<char> shortest, Span<byte> destination)
    {
        // .NET's shortest form is either plain or d.dddE±xx; both give digits and an exponent to arrange anew.
        Span<char> digits = stackalloc char[TextBytesMax];
        var negative = shortest[0] == '-';
        if (negative)
        {
            shortest = shortest[1..];
        }

        var exponentAt = shortest.IndexOf('E');
        var exponent = exponentAt < 0 ? 0 : int.Parse(shortest[(exponentAt + 1)..], CultureInfo.InvariantCulture);
        var mantissa = exponentAt < 0 ? shortest : shortest[..exponentAt];
        var point = mantissa.IndexOf('.');
        var count = 0;
        foreach (var c in mantissa)
        {
            if (c != '.')
            {
                digits[count++] = c;
            }
        }

        var leading = 0;
        while (leading < count - 1 && digits[leading] == '0')
        {
            leading++;
        }

        var scale = (point < 0 ? mantissa.Length : point) + exponent - leading;
        var significant = digits[leading..count].TrimEnd('0');
        if (significant.IsEmpty || significant[0] == '0')
        {
            destination[0] = (byte)'0';
            return 1;
        }

        var at = 0;
        if (negative)
        {
            destination[at++] = (byte)'-';
        }

        return at + (scale is > SmallestPlainExponent and <= ScientificFrom
            ? Plain(significant, scale, destination[at..])
            : Scientific(significant, scale, destination[at..]));
    }

    private static int Plain(ReadOnlySpan<char> significant, int scale, Span<byte> destination)
    {
        var at = 0;
        if (scale <= 0)
        {
            destination[at++] = (byte)'0';
            destination[at++] = (byte)'.';
            for (var i = scale; i < 0; i++)
            {
                destination[at++] = (byte)'0';
            }
        }

        for (var i = 0; i < Math.Max(significant.Length, scale); i++)
        {
            if (i == scale && scale > 0)
            {
                destination[at++] = (byte)'.';
            }

            destination[at++] = i < significant.Length ? (byte)significant[i] : (byte)'0';
        }

        return at;
    }

    private static int Scientific(ReadOnlySpan<char> significant, int scale, Span<byte> destination)
    {
        var at = 0;
        destination[at++] = (byte)significant[0];
        if (significant.Length > 1)
        {
            destination[at++] = (byte)'.';
            foreach (var c in significant[1..])
            {
                destination[at++] = (byte)c;
            }
        }

        destination[at++] = (byte)'e';
        (scale - 1).TryFormat(destination[at..], out var written, default, CultureInfo.InvariantCulture);
        return at + written;
    }

    private static int NumberLength(ReadOnlySpan<byte> text)
    {
        var at = !text.IsEmpty && text[0] is (byte)'+' or (byte)'-' ? 1 : 0;
        var digits = 0;
        while (at < text.Length && text[at] is >= (byte)'0' and <= (byte)'9')
        {
            at++;
            digits++;
        }

        if (at < text.Length && text[at] == '.')
        {
            var fraction = at + 1;
            while (fraction < text.Length && text[fraction] is >= (byte)'0' and <= (byte)'9')
            {
                fraction++;
                digits++;
            }

            at = digits > 0 ? fraction : at;
        }

        if (digits == 0)
        {
            return 0;
        }

        if (at < text.Length && text[at] is (byte)'e' or (byte)'E')
        {
            var exponent = at + 1;
            if (exponent < text.Length && text[exponent] is (byte)'+' or (byte)'-')
            {
                exponent++;
            }

            var first = exponent;
            while (exponent < text.Length && text[exponent] is >= (byte)'0' and <= (byte)'9')
            {
                exponent++;
            }

            at = exponent > first ? exponent : at;
        }

        return at;
    }
}
