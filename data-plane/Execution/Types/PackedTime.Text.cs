using System.Globalization;
using System.Text;

namespace Cloud.Execution.Types;

/// <summary>
/// MySQL's literal forms of dates. Source: MySQL 8.0 Reference Manual, "Date and Time Literals" (any punctuation
/// between parts, runs of
/// 6, 8, 12 or 14 digits, two-digit years: 70-99 are 1970-1999, 00-69 are 2000-2069).
/// </summary>
public readonly partial struct PackedTime
{
    /// <summary>Longest text: 'YYYY-MM-DD HH:MM:SS.ffffff'.</summary>
    public const int TextBytesMax = 26;

    private const int PartsMax = 6;

    /// <summary>
    /// Reads a date with an optional time from the start of <paramref name="text"/>, rounding the fraction to
    /// <paramref name="fractionDigits"/>. Text that follows is ignored and reported as <see cref="ConversionStatus.Truncated"/>.
    /// </summary>
    public static ConversionStatus Parse(ReadOnlySpan<byte> text, int fractionDigits, DateRules rules, out PackedTime result)
    {
        result = Zero;
        text = text.Trim(" \t\r\n"u8);
        Span<int> parts = stackalloc int[PartsMax];
        parts.Clear();
        var run = DigitRun(text);
        var count = run is 6 or 8 or 12 or 14 && (run == text.Length || text[run] is (byte)'.' || run >= 12)
            ? SplitRun(text[..run], parts)
            : SplitDelimited(text, parts, out run);
        if (count < 3)
        {
            return ConversionStatus.Invalid;
        }

        var rest = text[run..];
        var microsecond = count == PartsMax ? ParseFraction(ref rest, fractionDigits) : 0;
        if (parts[0] > YearMax || parts[1] > 12 || parts[2] > 31 || parts[3] > 23 || parts[4] > 59 || parts[5] > 59)
        {
            return ConversionStatus.Invalid;
        }

        var floor = Create(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], Math.Min(microsecond, 999_999));
        if (!floor.IsValid(rules))
        {
            return ConversionStatus.Invalid;
        }

        if (microsecond == MicrosecondsPerSecond)
        {
            if (floor.TruncateFraction(0).AddMicroseconds(MicrosecondsPerSecond) is not { } carried)
            {
                return ConversionStatus.Invalid;
            }

            floor = carried;
        }

        result = floor;
        return rest.IsEmpty ? ConversionStatus.Ok : ConversionStatus.Truncated;
    }

    /// <summary>
    /// Reads the numeric forms YYMMDD, YYYYMMDD, YYMMDDHHMMSS and YYYYMMDDHHMMSS (leading zeros of the year may be
    /// missing); 0 is the
    /// zero date. Null when the number is none of them.
    /// </summary>
    public static PackedTime? FromNumber(long number, DateRules rules)
    {
        if (number is < 0 or > 99_991_231_235_959)
        {
            return null;
        }

        long date = number, time = 0;
        if (number > 99_991_231)
        {
            (date, time) = Math.DivRem(number, 1_000_000);
        }

        if (number != 0 && date <= 991_231)
        {
            date += date / 10_000 < 70 ? 20_000_000 : 19_000_000;
        }

        int year = (int)(date / 10_000), month = (int)(date / 100 % 100), day = (int)(date % 100);
        int hour = (int)(time / 10_000), minute = (int)(time / 100 % 100), second = (int)(time % 100);
        if (month > 12 || day > 31 || hour > 23 || minute > 59 || second > 59)
        {
            return null;
        }

        var packed = Create(year, month, day, hour, minute, second);
        return packed.IsValid(rules) ? packed : null;
    }

    /// <summary>YYYYMMDD for a date, YYYYMMDDHHMMSS otherwise; the fraction is dropped.</summary>
    public long ToNumber(bool dateOnly)
    {
        long date = (Year * 10_000) + (Month * 100) + Day;
        return dateOnly ? date : (date * 1_000_000) + (Hour * 10_000) + (Minute * 100) + Second;
    }

    /// <summary>
    /// Writes 'YYYY-MM-DD', followed unless <paramref name="dateOnly"/> by ' HH:MM:SS' and the fraction's digits.
    /// </summary>
    /// <returns>Bytes written, at most <see cref="TextBytesMax"/>.</returns>
    public int Format(Span<byte> destination, bool dateOnly, int fractionDigits)
    {
        WriteDigits(destination, Year, 4);
        destination[4] = (byte)'-';
        WriteDigits(destination[5..], Month, 2);
        destination[7] = (byte)'-';
        WriteDigits(destination[8..], Day, 2);
        if (dateOnly)
        {
            return 10;
        }

        destination[10] = (byte)' ';
        WriteDigits(destination[11..], Hour, 2);
        destination[13] = (byte)':';
        WriteDigits(destination[14..], Minute, 2);
        destination[16] = (byte)':';
        WriteDigits(destination[17..], Second, 2);
        return 19 + WriteFraction(destination[19..], Microsecond, fractionDigits);
    }

    /// <summary>As a DATETIME(6), without trailing zeros of the fraction.</summary>
    public override string ToString()
    {
        Span<byte> text = stackalloc byte[TextBytesMax];
        var length = Format(text, dateOnly: false, Microsecond == 0 ? 0 : FractionDigitsMax);
        return Encoding.ASCII.GetString(text[..length]);
    }

    /// <summary>Writes <paramref name="value"/> with exactly <paramref name="digits"/> digits.</summary>
    internal static void WriteDigits(Span<byte> destination, int value, int digits)
    {
        for (var i = digits - 1; i >= 0; i--)
        {
            (value, var digit) = Math.DivRem(value, 10);
            destination[i] = (byte)('0' + digit);
        }
    }

    internal static int WriteFraction(Span<byte> destination, int microsecond, int digits)
    {
        if (digits <= 0)
        {
            return 0;
        }

        destination[0] = (byte)'.';
        WriteDigits(destination[1..], microsecond / Pow10(FractionDigitsMax - digits), digits);
        return digits + 1;
    }

    /// <summary>
    /// Reads '.ffffff…' rounded half up to <paramref name="digits"/>; up to 1,000,000 inclusive. What is no fraction
    /// stays unread.
    /// </summary>
    internal static int ParseFraction(ref ReadOnlySpan<byte> text, int digits)
    {
        if (text.IsEmpty || text[0] != '.')
        {
            return 0;
        }

        text = text[1..];
        var value = 0;
        var run = DigitRun(text);
        for (var i = 0; i < digits; i++)
        {
            value = (value * 10) + (i < run ? text[i] - '0' : 0);
        }

        if (run > digits && text[digits] >= '5')
        {
            value++;
        }

        text = text[run..];
        return value * Pow10(FractionDigitsMax - digits);
    }

    internal static int DigitRun(ReadOnlySpan<byte> text)
    {
        var end = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return end < 0 ? text.Length : end;
    }

    private static int SplitRun(ReadOnlySpan<byte> digits, Span<int> parts)
    {
        var yearDigits = digits.Length is 8 or 14 ? 4 : 2;
        parts[0] = FullYear(Number(digits[..yearDigits]), yearDigits);
        var count = 1;
        for (var at = yearDigits; at < digits.Length; at += 2)
        {
            parts[count++] = Number(digits.Slice(at, 2));
        }

        return digits.Length is 6 or 8 ? 3 : PartsMax;
    }

    private static int SplitDelimited(ReadOnlySpan<byte> text, Span<int> parts, out int end)
    {
        var at = 0;
        var count = 0;
        end = 0;
        while (count < PartsMax)
        {
            var run = DigitRun(text[at..]);
            if (run is 0 or > 4 || (run > 2 && count > 0))
            {
                break;
            }

            var value = Number(text.Slice(at, run));
            parts[count] = count == 0 ? FullYear(value, run) : value;
            count++;
            at += run;
            end = at;
            if (count == PartsMax || at >= text.Length)
            {
                break;
            }

            var separators = SeparatorRun(text[at..], betweenDateAndTime: count == 3);
            if (separators == 0)
            {
                break;
            }

            at += separators;
        }

        return count;
    }

    private static int SeparatorRun(ReadOnlySpan<byte> text, bool betweenDateAndTime)
    {
        if (betweenDateAndTime && (text[0] == 'T' || text[0] == 't'))
        {
            return 1;
        }

        var length = 0;
        while (length < text.Length && (IsPunctuation(text[length]) || (betweenDateAndTime && text[length] == ' ')))
        {
            length++;
        }

        return length;
    }

    private static bool IsPunctuation(byte character) => char.IsPunctuation((char)character) || char.IsSymbol((char)character);

    private static int FullYear(int year, int digits) => digits > 2 ? year : year + (year < 70 ? 2000 : 1900);

    private static int Number(ReadOnlySpan<byte> digits) => int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
}
