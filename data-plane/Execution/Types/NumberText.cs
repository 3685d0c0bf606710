using System.Buffers.Text;
using System.Globalization;

namespace Cloud.Execution.Types;

/// <summary>
/// Text of integers and floating-point numbers as MySQL prints them: the shortest digits that read back as the same
/// DOUBLE, six
/// significant digits of a FLOAT, and an exponent (<c>1.5e300</c>) only where it is far from the digits. All ASCII.
/// </summary>
public static class NumberText
{
    /// <summary>Longest text of any number without fixed decimals.</summary>
    public const int BytesMax = 32;

    /// <summary>Longest text with fixed decimals: 309 digits, sign, point and 30 decimals.</summary>
    public const int FixedBytesMax = 344;

    // Where MySQL turns to exponents: its DBL_DIG.
    private const int FixedDigitsMax = 15;

    public static int Format(long value, Span<byte> destination)
    {
        Utf8Formatter.TryFormat(value, destination, out var written);
        return written;
    }

    public static int Format(ulong value, Span<byte> destination)
    {
        Utf8Formatter.TryFormat(value, destination, out var written);
        return written;
    }

    /// <summary>
    /// With as many decimals as <paramref name="decimals"/> says, or as needed when it is negative or 31.
    /// </summary>
    /// <param name="destination">
    /// At least <see cref="BytesMax"/>, or <see cref="FixedBytesMax"/> with fixed decimals.
    /// </param>
    public static int Format(double value, int decimals, Span<byte> destination)
    {
        if (decimals is >= 0 and < FieldType.DecimalsNotFixed && double.IsFinite(value))
        {
            value.TryFormat(destination, out var fixedLength, FixedFormat(decimals), CultureInfo.InvariantCulture);
            return fixedLength;
        }

        Span<byte> text = stackalloc byte[BytesMax];
        value.TryFormat(text, out var written, "R", CultureInfo.InvariantCulture);
        return double.IsFinite(value) ? Arrange(text[..written], destination) : Copy(text[..written], destination);
    }

    /// <summary>As for DOUBLE, with six significant digits when decimals are not fixed.</summary>
    public static int Format(float value, int decimals, Span<byte> destination)
    {
        if (decimals is >= 0 and < FieldType.DecimalsNotFixed)
        {
            return Format((double)value, decimals, destination);
        }

        Span<byte> text = stackalloc byte[BytesMax];
        value.TryFormat(text, out var written, "E5", CultureInfo.InvariantCulture);
        return float.IsFinite(value) ? Arrange(text[..written], destination) : Copy(text[..written], destination);
    }

    private static string FixedFormat(int decimals) => decimals switch
    {
        0 => "F0",
        1 => "F1",
        2 => "F2",
        3 => "F3",
        4 => "F4",
        _ => string.Create(CultureInfo.InvariantCulture, $"F{decimals}"),
    };

    private static int Copy(ReadOnlySpan<byte> text, Span<byte> destination)
    {
        text.CopyTo(destination);
        return text.Length;
    }

    /// <summary>Takes a number such as <c>-1.50E+020</c> apart and puts it together as MySQL does.</summary>
    private static int Arrange(ReadOnlySpan<byte> text, Span<byte> destination)
    {
        Span<byte> digits = stackalloc byte[BytesMax];
        var negative = text[0] == '-';
        var (count, pointAt) = Split(negative ? text[1..] : text, digits);
        var at = 0;
        if (negative && count > 0)
        {
            destination[at++] = (byte)'-';
        }

        if (count == 0)
        {
            destination[at++] = (byte)'0';
            return at;
        }

        return pointAt < 1 - FixedDigitsMax || (pointAt > FixedDigitsMax && count <= pointAt)
            ? at + WriteWithExponent(digits[..count], pointAt - 1, destination[at..])
            : at + WriteFixed(digits[..count], pointAt, destination[at..]);
    }

    /// <summary>Significant digits without zeros at either end; the point stands before digit <c>PointAt</c>.</summary>
    private static (int Count, int PointAt) Split(ReadOnlySpan<byte> text, Span<byte> digits)
    {
        int count = 0, pointAt = 0, exponent = 0;
        var afterPoint = false;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '.')
            {
                afterPoint = true;
            }
            else if (text[i] == 'E')
            {
                Utf8Parser.TryParse(text[(i + 1)..], out exponent, out _);
                break;
            }
            else if (count == 0 && text[i] == '0')
            {
                pointAt -= afterPoint ? 1 : 0;
            }
            else
            {
                digits[count++] = text[i];
                pointAt += afterPoint ? 0 : 1;
            }
        }

        while (count > 0 && digits[count - 1] == '0')
        {
            count--;
        }

        return (count, pointAt + exponent);
    }

    private static int WriteWithExponent(ReadOnlySpan<byte> digits, int exponent, Span<byte> destination)
    {
        var at = 0;
        destination[at++] = digits[0];
        if (digits.Length > 1)
        {
            destination[at++] = (byte)'.';
            digits[1..].CopyTo(destination[at..]);
            at += digits.Length - 1;
        }

        destination[at++] = (byte)'e';
        return at + Format((long)exponent, destination[at..]);
    }

    private static int WriteFixed(ReadOnlySpan<byte> digits, int pointAt, Span<byte> destination)
    {
        var at = 0;
        if (pointAt <= 0)
        {
            "0."u8.CopyTo(destination);
            destination.Slice(2, -pointAt).Fill((byte)'0');
            at = 2 - pointAt;
            digits.CopyTo(destination[at..]);
            return at + digits.Length;
        }

        var whole = Math.Min(pointAt, digits.Length);
        digits[..whole].CopyTo(destination);
        destination[whole..pointAt].Fill((byte)'0');
        at = pointAt;
        if (digits.Length > pointAt)
        {
            destination[at++] = (byte)'.';
            digits[pointAt..].CopyTo(destination[at..]);
            at += digits.Length - pointAt;
        }

        return at;
    }
}
