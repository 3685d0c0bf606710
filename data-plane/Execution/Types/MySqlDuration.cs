using System.Runtime.InteropServices;
using System.Text;
using Cloud.Kernel;

namespace Cloud.Execution.Types;

/// <summary>
/// A TIME value: signed microseconds from -838:59:59 to 838:59:59.
/// Source: MySQL 8.0 Reference Manual, "The TIME Type".
/// </summary>
/// <param name="microseconds">Unchecked: arithmetic may pass the bounds until <see cref="Clamp"/>.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly struct MySqlDuration(long microseconds) : IEquatable<MySqlDuration>, IComparable<MySqlDuration>
{
    public const long MicrosecondsMax = ((((838L * 60) + 59) * 60) + 59) * 1_000_000;

    /// <summary>Longest text: '-838:59:59.000000'.</summary>
    public const int TextBytesMax = 17;

    public long Microseconds { get; } = microseconds;

    public bool IsNegative => Microseconds < 0;

    /// <summary>Hours of the magnitude, 0 to 838.</summary>
    public int Hours => (int)(Magnitude / 3_600_000_000);

    public int Minutes => (int)(Magnitude / 60_000_000 % 60);

    public int Seconds => (int)(Magnitude / 1_000_000 % 60);

    /// <summary>Microseconds after the whole second.</summary>
    public int Fraction => (int)(Magnitude % 1_000_000);

    private ulong Magnitude => Microseconds < 0 ? (ulong)-(Microseconds + 1) + 1 : (ulong)Microseconds;

    public static bool operator ==(MySqlDuration left, MySqlDuration right) => left.Microseconds == right.Microseconds;

    public static bool operator !=(MySqlDuration left, MySqlDuration right) => left.Microseconds != right.Microseconds;

    public static bool operator <(MySqlDuration left, MySqlDuration right) => left.Microseconds < right.Microseconds;

    public static bool operator >(MySqlDuration left, MySqlDuration right) => left.Microseconds > right.Microseconds;

    public static bool operator <=(MySqlDuration left, MySqlDuration right) => left.Microseconds <= right.Microseconds;

    public static bool operator >=(MySqlDuration left, MySqlDuration right) => left.Microseconds >= right.Microseconds;

    public static MySqlDuration Create(bool negative, int hours, int minutes, int seconds, int microsecond = 0)
    {
        var magnitude = ((((hours * 60L) + minutes) * 60) + seconds) * 1_000_000;
        return new MySqlDuration(negative ? -(magnitude + microsecond) : magnitude + microsecond);
    }

    /// <summary>
    /// Reads 'D HH:MM:SS', 'HH:MM:SS', 'HH:MM', 'D HH', 'SS', 'MMSS', 'HHMMSS', with sign and fraction, or the time of
    /// a whole date and
    /// time. Out of range gives the bound and <see cref="ConversionStatus.Overflow"/>; text that follows is
    /// <see cref="ConversionStatus.Truncated"/>.
    /// </summary>
    public static ConversionStatus Parse(ReadOnlySpan<byte> text, int fractionDigits, out MySqlDuration result)
    {
        result = default;
        text = text.Trim(" \t\r\n"u8);
        if (text.Length >= 12 && PackedTime.Parse(text, fractionDigits, DateRules.AllowZeroInDate, out var time) != ConversionStatus.Invalid)
        {
            result = new MySqlDuration(time.MicrosecondOfDay);
            return ConversionStatus.Ok;
        }

        var negative = !text.IsEmpty && text[0] == '-';
        if (!text.IsEmpty && text[0] is (byte)'-' or (byte)'+')
        {
            text = text[1..];
        }

        if (!TryReadSeconds(ref text, out var seconds, out var rangeKept))
        {
            return ConversionStatus.Invalid;
        }

        var microseconds = (seconds * 1_000_000) + PackedTime.ParseFraction(ref text, fractionDigits);
        result = new MySqlDuration(negative ? -microseconds : microseconds);
        if (!rangeKept || microseconds > MicrosecondsMax)
        {
            result = new MySqlDuration(negative ? -MicrosecondsMax : MicrosecondsMax);
            return ConversionStatus.Overflow;
        }

        return text.IsEmpty ? ConversionStatus.Ok : ConversionStatus.Truncated;
    }

    /// <summary>From HHMMSS; null when minutes or seconds are over 59, the bound when out of range.</summary>
    public static MySqlDuration? FromNumber(long number)
    {
        var negative = number < 0;
        var magnitude = negative ? (ulong)-(number + 1) + 1 : (ulong)number;
        if (magnitude > 8_385_959)
        {
            return new MySqlDuration(negative ? -MicrosecondsMax : MicrosecondsMax);
        }

        int minutes = (int)(magnitude / 100 % 100), seconds = (int)(magnitude % 100);
        return minutes > 59 || seconds > 59 ? null : Create(negative, (int)(magnitude / 10_000), minutes, seconds);
    }

    /// <summary>The nearest value within the type's bounds.</summary>
    public MySqlDuration Clamp() => new(Math.Clamp(Microseconds, -MicrosecondsMax, MicrosecondsMax));

    /// <summary>Rounds the fraction half away from zero.</summary>
    public MySqlDuration RoundFraction(int digits)
    {
        long unit = PackedTime.Pow10(PackedTime.FractionDigitsMax - digits);
        var rest = Microseconds % unit;
        return new MySqlDuration(Microseconds - rest + (Math.Abs(rest) * 2 >= unit ? Math.Sign(rest) * unit : 0));
    }

    /// <summary>±HHMMSS without the fraction.</summary>
    public long ToNumber()
    {
        long number = (Hours * 10_000) + (Minutes * 100) + Seconds;
        return IsNegative ? -number : number;
    }

    /// <summary>Writes '[-]HH:MM:SS[.ffffff]', hours with two or three digits; returns the length.</summary>
    /// <exception cref="InvariantViolatedException">The value is out of the type's bounds.</exception>
    public int Format(Span<byte> destination, int fractionDigits)
    {
        Invariant.Require(Magnitude <= MicrosecondsMax, $"a TIME is within its bounds when shown: {Microseconds} µs");
        var at = 0;
        if (IsNegative)
        {
            destination[at++] = (byte)'-';
        }

        var hourDigits = Hours >= 100 ? 3 : 2;
        PackedTime.WriteDigits(destination[at..], Hours, hourDigits);
        at += hourDigits;
        destination[at] = (byte)':';
        PackedTime.WriteDigits(destination[(at + 1)..], Minutes, 2);
        destination[at + 3] = (byte)':';
        PackedTime.WriteDigits(destination[(at + 4)..], Seconds, 2);
        at += 6;
        return at + PackedTime.WriteFraction(destination[at..], Fraction, fractionDigits);
    }

    public bool Equals(MySqlDuration other) => Microseconds == other.Microseconds;

    public override bool Equals(object? obj) => obj is MySqlDuration other && Equals(other);

    public int CompareTo(MySqlDuration other) => Microseconds.CompareTo(other.Microseconds);

    public override int GetHashCode() => Microseconds.GetHashCode();

    public override string ToString()
    {
        Span<byte> text = stackalloc byte[TextBytesMax];
        return Encoding.ASCII.GetString(text[..Clamp().Format(text, Fraction == 0 ? 0 : PackedTime.FractionDigitsMax)]);
    }

    private static bool TryReadSeconds(ref ReadOnlySpan<byte> text, out long seconds, out bool rangeKept)
    {
        seconds = 0;
        rangeKept = true;
        if (!TryReadNumber(ref text, out var first))
        {
            return false;
        }

        long days = 0;
        var hasDays = text.Length > 1 && text[0] == ' ' && char.IsAsciiDigit((char)text[1]);
        if (hasDays)
        {
            text = text[1..];
            days = first;
            TryReadNumber(ref text, out first);
        }

        long hours = first, minutes = 0, rest = 0;
        if (TryReadPart(ref text, out minutes))
        {
            TryReadPart(ref text, out rest);
        }
        else if (!hasDays)
        {
            (hours, minutes, rest) = (first / 10_000, first / 100 % 100, first % 100);
        }

        if (minutes > 59 || rest > 59)
        {
            return false;
        }

        seconds = (((((days * 24) + hours) * 60) + minutes) * 60) + rest;
        rangeKept = days <= 34 && hours <= 838;
        return true;
    }

    private static bool TryReadPart(ref ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        if (text.Length < 2 || text[0] != ':' || !char.IsAsciiDigit((char)text[1]))
        {
            return false;
        }

        text = text[1..];
        return TryReadNumber(ref text, out value);
    }

    private static bool TryReadNumber(ref ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        var run = PackedTime.DigitRun(text);
        foreach (var digit in text[..run])
        {
            value = Math.Min((value * 10) + digit - '0', int.MaxValue);
        }

        text = text[run..];
        return run > 0;
    }
}
