using System.Globalization;
using System.Text;
using Cloud.Execution.Types;

namespace Cloud.Execution.Expressions.Functions;

/// <summary>The format language of DATE_FORMAT and STR_TO_DATE. Source: MySQL 8.0 Reference Manual §12.7, DATE_FORMAT().</summary>
internal static class DateFormat
{
    private static readonly string[] Days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

    private static readonly string[] Months =
    [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
    ];

    public static string Format(PackedTime time, string format)
    {
        var text = new StringBuilder(format.Length * 2);
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] == '%' && i + 1 < format.Length)
            {
                Append(text, time, format[++i]);
            }
            else
            {
                text.Append(format[i]);
            }
        }

        return text.ToString();
    }

    /// <summary>Null when the text does not match.</summary>
    public static PackedTime? Parse(string text, string format)
    {
        var parsed = new Parsed();
        var at = 0;
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] == '%' && i + 1 < format.Length)
            {
                if (!parsed.Read(text, ref at, format[++i]))
                {
                    return null;
                }
            }
            else if (char.IsWhiteSpace(format[i]))
            {
                SkipSpaces(text, ref at);
            }
            else if (at >= text.Length || text[at++] != format[i])
            {
                return null;
            }
        }

        return parsed.Result();
    }

    private static void Append(StringBuilder text, PackedTime time, char code)
    {
        var hour12 = time.Hour % 12 == 0 ? 12 : time.Hour % 12;
        var calendar = !time.HasZeroInDate;
        _ = code switch
        {
            'Y' => text.Append($"{time.Year:0000}"),
            'y' => text.Append($"{time.Year % 100:00}"),
            'm' => text.Append($"{time.Month:00}"),
            'c' => text.Append(time.Month),
            'M' => text.Append(time.Month > 0 ? Months[time.Month - 1] : string.Empty),
            'b' => text.Append(time.Month > 0 ? Months[time.Month - 1][..3] : string.Empty),
            'd' => text.Append($"{time.Day:00}"),
            'e' => text.Append(time.Day),
            'D' => text.Append(time.Day).Append(Suffix(time.Day)),
            'j' => text.Append(calendar ? $"{time.DayOfYear:000}" : "000"),
            'W' => text.Append(calendar ? Days[time.DayOfWeek - 1] : string.Empty),
            'a' => text.Append(calendar ? Days[time.DayOfWeek - 1][..3] : string.Empty),
            'w' => text.Append(calendar ? time.DayOfWeek - 1 : 0),
            'H' => text.Append($"{time.Hour:00}"),
            'k' => text.Append(time.Hour),
            'h' or 'I' => text.Append($"{hour12:00}"),
            'l' => text.Append(hour12),
            'i' => text.Append($"{time.Minute:00}"),
            's' or 'S' => text.Append($"{time.Second:00}"),
            'f' => text.Append($"{time.Microsecond:000000}"),
            'p' => text.Append(time.Hour < 12 ? "AM" : "PM"),
            'r' => text.Append($"{hour12:00}:{time.Minute:00}:{time.Second:00} {(time.Hour < 12 ? "AM" : "PM")}"),
            'T' => text.Append($"{time.Hour:00}:{time.Minute:00}:{time.Second:00}"),
            'U' => text.Append(calendar ? $"{time.WeekOfYear(0).Week:00}" : "00"),
            'u' => text.Append(calendar ? $"{time.WeekOfYear(1).Week:00}" : "00"),
            'V' => text.Append(calendar ? $"{time.WeekOfYear(2).Week:00}" : "00"),
            'v' => text.Append(calendar ? $"{time.WeekOfYear(3).Week:00}" : "00"),
            'X' => text.Append(calendar ? $"{time.WeekOfYear(2).Year:0000}" : "0000"),
            'x' => text.Append(calendar ? $"{time.WeekOfYear(3).Year:0000}" : "0000"),
            _ => text.Append(code),
        };
    }

    private static string Suffix(int day) => (day % 10, day / 10) switch
    {
        (1, not 1) => "st",
        (2, not 1) => "nd",
        (3, not 1) => "rd",
        _ => "th",
    };

    private static void SkipSpaces(string text, ref int at)
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
        {
            at++;
        }
    }

    private struct Parsed
    {
        private int _year;
        private int _month;
        private int _day;
        private int _hour;
        private int _minute;
        private int _second;
        private int _microsecond;
        private bool? _afternoon;

        public bool Read(string text, ref int at, char code)
        {
            if (code != '%')
            {
                SkipSpaces(text, ref at);
            }

            switch (code)
            {
                case 'Y':
                    return Number(text, ref at, 4, out _year);
                case 'y':
                    var two = Number(text, ref at, 2, out _year);
                    _year += _year < 70 ? 2000 : 1900;
                    return two;
                case 'm' or 'c':
                    return Number(text, ref at, 2, out _month) && _month <= 12;
                case 'd' or 'e':
                    return Number(text, ref at, 2, out _day) && _day <= 31;
                case 'H' or 'k':
                    return Number(text, ref at, 2, out _hour) && _hour <= 23;
                case 'h' or 'I' or 'l':
                    return Number(text, ref at, 2, out _hour) && _hour is >= 1 and <= 12;
                case 'i':
                    return Number(text, ref at, 2, out _minute) && _minute <= 59;
                case 's' or 'S':
                    return Number(text, ref at, 2, out _second) && _second <= 59;
                case 'f':
                    var start = at;
                    var fraction = Number(text, ref at, 6, out _microsecond);
                    for (var digits = at - start; digits < 6; digits++)
                    {
                        _microsecond *= 10;
                    }

                    return fraction;
                case 'M':
                    return Name(text, ref at, Months, wordLength: 0, out _month);
                case 'b':
                    return Name(text, ref at, Months, wordLength: 3, out _month);
                case 'W':
                    return Name(text, ref at, Days, wordLength: 0, out _);
                case 'a':
                    return Name(text, ref at, Days, wordLength: 3, out _);
                case 'p':
                    return Half(text, ref at);
                case 'T':
                    return Read(text, ref at, 'H') && Literal(text, ref at, ':') && Read(text, ref at, 'i') && Literal(text, ref at, ':') && Read(text, ref at, 's');
                case 'r':
                    return Read(text, ref at, 'h') && Literal(text, ref at, ':') && Read(text, ref at, 'i') && Literal(text, ref at, ':')
                        && Read(text, ref at, 's') && Read(text, ref at, 'p');
                default:
                    return Literal(text, ref at, code);
            }
        }

        public readonly PackedTime? Result()
        {
            var hour = _afternoon is { } afternoon ? (_hour % 12) + (afternoon ? 12 : 0) : _hour;
            return _year > PackedTime.YearMax ? null : PackedTime.Create(_year, _month, _day, hour, _minute, _second, _microsecond);
        }

        private bool Half(string text, ref int at)
        {
            if (at + 2 > text.Length)
            {
                return false;
            }

            var half = text.Substring(at, 2).ToUpperInvariant();
            at += 2;
            _afternoon = half == "PM";
            return half is "AM" or "PM";
        }

        private static bool Literal(string text, ref int at, char c) => at < text.Length && text[at++] == c;

        private static bool Number(string text, ref int at, int digitsMax, out int value)
        {
            var end = at;
            while (end < text.Length && end - at < digitsMax && char.IsAsciiDigit(text[end]))
            {
                end++;
            }

            var read = int.TryParse(text.AsSpan(at, end - at), NumberStyles.None, CultureInfo.InvariantCulture, out value);
            at = end;
            return read;
        }

        private static bool Name(string text, ref int at, string[] names, int wordLength, out int number)
        {
            for (var i = 0; i < names.Length; i++)
            {
                var name = wordLength > 0 ? names[i][..wordLength] : names[i];
                if (string.Compare(text, at, name, 0, name.Length, StringComparison.OrdinalIgnoreCase) == 0)
                {
                    at += name.Length;
                    number = i + 1;
                    return true;
                }
            }

            number = 0;
            return false;
        }
    }
}
