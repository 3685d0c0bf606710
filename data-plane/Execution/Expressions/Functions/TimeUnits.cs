using Cloud.Execution.Types;

namespace Cloud.Execution.Expressions.Functions;

/// <summary>The units of INTERVAL, EXTRACT and TIMESTAMPDIFF. Source: MySQL 8.0 Reference Manual §9.5 "Temporal Intervals".</summary>
internal static class TimeUnits
{
    private const long Second = 1_000_000;
    private const long Minute = 60 * Second;
    private const long Hour = 60 * Minute;
    private const long Day = 24 * Hour;

    public static readonly string[] Names =
    [
        "MICROSECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR",
        "SECOND_MICROSECOND", "MINUTE_MICROSECOND", "MINUTE_SECOND", "HOUR_MICROSECOND", "HOUR_SECOND", "HOUR_MINUTE",
        "DAY_MICROSECOND", "DAY_SECOND", "DAY_MINUTE", "DAY_HOUR", "YEAR_MONTH",
    ];

    public static bool IsDateUnit(string unit) => unit is "DAY" or "WEEK" or "MONTH" or "QUARTER" or "YEAR" or "YEAR_MONTH";

    /// <summary>A span as months and microseconds; null when out of range.</summary>
    public static (long Months, long Microseconds)? Parse(string unit, ReadOnlySpan<byte> text)
    {
        if (!unit.Contains('_'))
        {
            if (MySqlDecimal.Parse(text, out var number) == ConversionStatus.Invalid)
            {
                number = MySqlDecimal.Zero;
            }

            if (unit == "SECOND")
            {
                return MySqlDecimal.TryMultiply(number, Second, out var micro) && micro.ToInt64(out var value) != ConversionStatus.Overflow
                    ? (0, value)
                    : null;
            }

            return number.ToInt64(out var count) == ConversionStatus.Overflow ? null : Scale(unit, count);
        }

        return Composite(unit, text);
    }

    public static long Extract(string unit, PackedTime date, MySqlDuration time)
    {
        var sign = time.IsNegative ? -1 : 1;
        long hours = time.Hours;
        var clock = (Hours: hours, Minutes: (long)time.Minutes, Seconds: (long)time.Seconds, Micro: (long)time.Fraction);
        return unit switch
        {
            "YEAR" => date.Year,
            "QUARTER" => date.Quarter,
            "MONTH" => date.Month,
            "WEEK" => date.HasZeroInDate ? 0 : date.WeekOfYear(0).Week,
            "DAY" => date.Day,
            "YEAR_MONTH" => (date.Year * 100L) + date.Month,
            "HOUR" => sign * clock.Hours,
            "MINUTE" => sign * clock.Minutes,
            "SECOND" => sign * clock.Seconds,
            "MICROSECOND" => sign * clock.Micro,
            "DAY_HOUR" => (date.Day * 100L) + clock.Hours,
            "DAY_MINUTE" => (((date.Day * 100L) + clock.Hours) * 100) + clock.Minutes,
            "DAY_SECOND" => (((((date.Day * 100L) + clock.Hours) * 100) + clock.Minutes) * 100) + clock.Seconds,
            "DAY_MICROSECOND" => ((((((date.Day * 100L) + clock.Hours) * 100) + clock.Minutes) * 100) + clock.Seconds) * Second + clock.Micro,
            "HOUR_MINUTE" => sign * ((clock.Hours * 100) + clock.Minutes),
            "HOUR_SECOND" => sign * ((((clock.Hours * 100) + clock.Minutes) * 100) + clock.Seconds),
            "HOUR_MICROSECOND" => sign * ((((((clock.Hours * 100) + clock.Minutes) * 100) + clock.Seconds) * Second) + clock.Micro),
            "MINUTE_SECOND" => sign * ((clock.Minutes * 100) + clock.Seconds),
            "MINUTE_MICROSECOND" => sign * ((((clock.Minutes * 100) + clock.Seconds) * Second) + clock.Micro),
            _ => sign * ((clock.Seconds * Second) + clock.Micro),
        };
    }

    /// <summary>Whole units from one time to another, toward zero.</summary>
    public static long Difference(string unit, PackedTime from, PackedTime to)
    {
        var micro = to.MicrosecondsSince(from);
        return unit switch
        {
            "MICROSECOND" => micro,
            "SECOND" => micro / Second,
            "MINUTE" => micro / Minute,
            "HOUR" => micro / Hour,
            "DAY" => micro / Day,
            "WEEK" => micro / (7 * Day),
            "MONTH" => Months(from, to),
            "QUARTER" => Months(from, to) / 3,
            _ => Months(from, to) / 12,
        };
    }

    private static long Months(PackedTime from, PackedTime to)
    {
        if (to < from)
        {
            return -Months(to, from);
        }

        var months = ((to.Year - from.Year) * 12L) + to.Month - from.Month;
        var early = to.Day < from.Day || (to.Day == from.Day && to.MicrosecondOfDay < from.MicrosecondOfDay);
        return early ? months - 1 : months;
    }

    private static (long Months, long Microseconds)? Scale(string unit, long count)
    {
        var (months, micro) = unit switch
        {
            "YEAR" => (12L, 0L),
            "QUARTER" => (3, 0),
            "MONTH" => (1, 0),
            "WEEK" => (0, 7 * Day),
            "DAY" => (0, Day),
            "HOUR" => (0, Hour),
            "MINUTE" => (0, Minute),
            _ => (0, 1),
        };
        var total = (Int128)count * Math.Max(months, micro);
        return total > long.MaxValue || total < long.MinValue ? null : months > 0 ? ((long)total, 0) : (0, (long)total);
    }

    /// <summary>Numbers between anything else, the last one being the smallest unit: '1:30' MINUTE_SECOND.</summary>
    private static (long Months, long Microseconds)? Composite(string unit, ReadOnlySpan<byte> text)
    {
        var negative = text.TrimStart((byte)' ').StartsWith("-"u8);
        Span<long> parts = stackalloc long[5];
        var count = 0;
        var inNumber = false;
        foreach (var c in text)
        {
            var digit = c is >= (byte)'0' and <= (byte)'9';
            if (digit && !inNumber)
            {
                if (count == parts.Length)
                {
                    return null;
                }

                parts[count++] = 0;
            }

            if (digit && parts[count - 1] < long.MaxValue / 100)
            {
                parts[count - 1] = (parts[count - 1] * 10) + c - '0';
            }

            inNumber = digit;
        }

        ReadOnlySpan<long> scale = unit switch
        {
            "YEAR_MONTH" => [12, 1],
            "DAY_HOUR" => [Day, Hour],
            "DAY_MINUTE" => [Day, Hour, Minute],
            "DAY_SECOND" => [Day, Hour, Minute, Second],
            "DAY_MICROSECOND" => [Day, Hour, Minute, Second, 1],
            "HOUR_MINUTE" => [Hour, Minute],
            "HOUR_SECOND" => [Hour, Minute, Second],
            "HOUR_MICROSECOND" => [Hour, Minute, Second, 1],
            "MINUTE_SECOND" => [Minute, Second],
            "MINUTE_MICROSECOND" => [Minute, Second, 1],
            _ => [Second, 1],
        };
        Int128 total = 0;
        for (var i = 0; i < Math.Min(count, scale.Length); i++)
        {
            total += (Int128)parts[count - 1 - i] * scale[scale.Length - 1 - i];
        }

        if (total > long.MaxValue)
        {
            return null;
        }

        var value = negative ? -(long)total : (long)total;
        return unit == "YEAR_MONTH" ? (value, 0) : (0, value);
    }
}
