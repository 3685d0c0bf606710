using System.Runtime.InteropServices;
using Cloud.Kernel;

namespace Cloud.Execution.Types;

/// <summary>
/// A DATE, DATETIME or TIMESTAMP in 64 bits that order as the times do; which of the three, and how many digits of a
/// second count,
/// is the column's type. Bits from the top: year·13 + month (18), day (5), hour (5), minute (6), second (6),
/// microsecond (24).
/// Month and day may be 0 (MySQL's zero dates); 0 in all is '0000-00-00 00:00:00'. TIMESTAMP values are in the
/// session's time zone
/// here and in UTC on disk.
/// Source: MySQL 8.0 source documentation of my_datetime_packed (layout); TiDB stores the same number in rows
/// (KV-PROTOCOL Annex B).
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public readonly partial struct PackedTime(ulong bits) : IEquatable<PackedTime>, IComparable<PackedTime>
{
    public const int FractionDigitsMax = 6;

    public const int YearMax = 9999;

    private const long MicrosecondsPerSecond = 1_000_000;
    private const long MicrosecondsPerDay = 86_400 * MicrosecondsPerSecond;

    /// <summary>The packed number, as rows store it.</summary>
    public ulong Bits { get; } = bits;

    /// <summary>'0000-00-00 00:00:00'.</summary>
    public static PackedTime Zero => default;

    public static PackedTime MaxDateTime { get; } = Create(9999, 12, 31, 23, 59, 59, 999_999);

    public bool IsZero => Bits == 0;

    /// <summary>Whether month or day is 0, so that there is no such day in a calendar.</summary>
    public bool HasZeroInDate => Month == 0 || Day == 0;

    public int Year => YearMonth / 13;

    public int Month => YearMonth % 13;

    public int Day => (int)(Bits >> 41) & 31;

    public int Hour => (int)(Bits >> 36) & 31;

    public int Minute => (int)(Bits >> 30) & 63;

    public int Second => (int)(Bits >> 24) & 63;

    public int Microsecond => (int)(Bits & 0xFF_FFFF);

    /// <summary>The date with a time of 00:00:00.</summary>
    public PackedTime DatePart => new(Bits & ~((1UL << 41) - 1));

    /// <summary>Microseconds since the day began.</summary>
    public long MicrosecondOfDay =>
        ((((((long)Hour * 60) + Minute) * 60) + Second) * MicrosecondsPerSecond) + Microsecond;

    private int YearMonth => (int)(Bits >> 46);

    public static bool operator ==(PackedTime left, PackedTime right) => left.Bits == right.Bits;

    public static bool operator !=(PackedTime left, PackedTime right) => left.Bits != right.Bits;

    public static bool operator <(PackedTime left, PackedTime right) => left.Bits < right.Bits;

    public static bool operator >(PackedTime left, PackedTime right) => left.Bits > right.Bits;

    public static bool operator <=(PackedTime left, PackedTime right) => left.Bits <= right.Bits;

    public static bool operator >=(PackedTime left, PackedTime right) => left.Bits >= right.Bits;

    /// <summary>
    /// Packs parts that are each in range; whether the day exists in its month is <see cref="IsValid"/>.
    /// </summary>
    public static PackedTime Create(int year, int month, int day, int hour = 0, int minute = 0, int second = 0, int microsecond = 0)
    {
        Invariant.Require(
            (uint)year <= YearMax && (uint)month <= 12 && (uint)day <= 31 && (uint)hour <= 23 && (uint)minute <= 59
            && (uint)second <= 59 && (uint)microsecond <= 999_999,
            $"a time has parts in range: {year}-{month}-{day} {hour}:{minute}:{second}.{microsecond}");
        var date = ((((ulong)year * 13) + (ulong)month) << 5) | (uint)day;
        var time = ((uint)hour << 12) | ((uint)minute << 6) | (uint)second;
        return new PackedTime((((date << 17) | time) << 24) | (uint)microsecond);
    }

    /// <summary>Wraps a number from disk or wire, or null when its parts are out of range.</summary>
    public static PackedTime? FromBits(ulong bits)
    {
        var time = new PackedTime(bits);
        return time.Year <= YearMax && time.Hour <= 23 && time.Minute <= 59 && time.Second <= 59 && time.Microsecond <= 999_999
            ? time
            : null;
    }

    public static PackedTime FromDateTime(DateTime value) => Create(
        value.Year, value.Month, value.Day, value.Hour, value.Minute, value.Second, (value.Millisecond * 1000) + value.Microsecond);

    public static int DaysInMonth(int year, int month) => month switch
    {
        2 => IsLeapYear(year) ? 29 : 28,
        4 or 6 or 9 or 11 => 30,
        _ => 31,
    };

    /// <summary>Gregorian rule; the year 0 counts as none, as in MySQL.</summary>
    public static bool IsLeapYear(int year) => year % 4 == 0 && (year % 100 != 0 || (year % 400 == 0 && year != 0));

    /// <summary>Whether the date may be stored under <paramref name="rules"/>.</summary>
    public bool IsValid(DateRules rules)
    {
        if (IsZero || DatePart.IsZero)
        {
            return rules.HasFlag(DateRules.AllowZeroDate);
        }

        if (HasZeroInDate)
        {
            return rules.HasFlag(DateRules.AllowZeroInDate);
        }

        return rules.HasFlag(DateRules.AllowInvalidDay) || Day <= DaysInMonth(Year, Month);
    }

    /// <summary>Null for dates that are in no calendar or before year 1.</summary>
    public DateTime? ToDateTime() => HasZeroInDate || Year == 0 || Day > DaysInMonth(Year, Month)
        ? null
        : new DateTime(Year, Month, Day, Hour, Minute, Second, DateTimeKind.Unspecified).AddMicroseconds(Microsecond);

    /// <summary>
    /// Rounds the second's fraction to <paramref name="digits"/>, half up, carrying into the date. Null when the carry
    /// leaves the
    /// calendar, which is so for zero dates and the last second of year 9999.
    /// </summary>
    public PackedTime? RoundFraction(int digits)
    {
        var unit = Pow10(FractionDigitsMax - digits);
        var rest = Microsecond % unit;
        if (rest == 0)
        {
            return this;
        }

        var floor = new PackedTime(Bits - (uint)rest);
        return rest * 2 < unit ? floor : floor.AddMicroseconds(unit);
    }

    /// <summary>Drops digits of the second's fraction beyond <paramref name="digits"/>.</summary>
    public PackedTime TruncateFraction(int digits) => new(Bits - (uint)(Microsecond % Pow10(FractionDigitsMax - digits)));

    public bool Equals(PackedTime other) => Bits == other.Bits;

    public override bool Equals(object? obj) => obj is PackedTime other && Equals(other);

    public int CompareTo(PackedTime other) => Bits.CompareTo(other.Bits);

    public override int GetHashCode() => Bits.GetHashCode();

    internal static int Pow10(int exponent) => exponent switch
    {
        0 => 1,
        1 => 10,
        2 => 100,
        3 => 1_000,
        4 => 10_000,
        5 => 100_000,
        _ => 1_000_000,
    };
}

/// <summary>Which dates outside the calendar are accepted; follows from sql_mode.</summary>
[Flags]
public enum DateRules
{
    /// <summary>Only days of the calendar.</summary>
    Strict = 0,

    /// <summary>'0000-00-00' (sql_mode without NO_ZERO_DATE).</summary>
    AllowZeroDate = 1,

    /// <summary>Month or day 0 (sql_mode without NO_ZERO_IN_DATE).</summary>
    AllowZeroInDate = 2,

    /// <summary>Days 1-31 in every month (sql_mode with ALLOW_INVALID_DATES).</summary>
    AllowInvalidDay = 4,
}
