namespace Cloud.Execution.Types;

/// <summary>
/// Calendar arithmetic on day numbers, where day 1 is 0000-01-01 as MySQL's TO_DAYS counts.
/// Source: MySQL 8.0 Reference Manual, "Date and Time Functions" (TO_DAYS, FROM_DAYS, WEEK and its modes).
/// </summary>
public readonly partial struct PackedTime
{
    /// <summary>9999-12-31.</summary>
    public const int DayNumberMax = 3_652_424;

    /// <summary>1970-01-01.</summary>
    public const int UnixEpochDayNumber = 719_528;

    // The first day that MySQL turns back into a date; earlier numbers give the zero date.
    private const int DayNumberMin = 366;

    /// <summary>TO_DAYS. Meaningless when <see cref="HasZeroInDate"/>, for which callers answer NULL.</summary>
    public int DayNumber
    {
        get
        {
            // Years begin in March here, so that the leap day is the last of its year.
            var year = Month <= 2 ? Year - 1 : Year;
            var monthFromMarch = (Month + 9) % 12;
            var dayOfYear = (((153 * monthFromMarch) + 2) / 5) + Day;
            var leapDays = FloorDivide(year, 4) - FloorDivide(year, 100) + FloorDivide(year, 400);

            // MySQL's year 0 has no 29 February: days before 0000-03-01 come out one lower than Gregorian rules extended backwards.
            var correction = Year == 0 && Month <= 2 ? 1 : 0;
            return (365 * year) + leapDays + dayOfYear + 60 - 1 + correction;
        }
    }

    /// <summary>1 is Sunday, as DAYOFWEEK.</summary>
    public int DayOfWeek => ((DayNumber + 6) % 7) + 1;

    /// <summary>0 is Monday, as WEEKDAY.</summary>
    public int Weekday => (DayNumber + 5) % 7;

    /// <summary>1 is 1 January.</summary>
    public int DayOfYear => DayNumber - Create(Year, 1, 1).DayNumber + 1;

    public int Quarter => (Month + 2) / 3;

    public PackedTime LastDayOfMonth => Create(Year, Month, DaysInMonth(Year, Month));

    /// <summary>FROM_DAYS: the zero date for numbers before 0001-01-01 or after 9999-12-31.</summary>
    public static PackedTime FromDayNumber(long dayNumber)
    {
        if (dayNumber is < DayNumberMin or > DayNumberMax)
        {
            return Zero;
        }

        // Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms" (civil_from_days), eras of 400 years from 1 March.
        var fromMarch = (int)dayNumber - 60;
        var era = fromMarch / 146_097;
        var dayOfEra = fromMarch % 146_097;
        var yearOfEra = (dayOfEra - (dayOfEra / 1460) + (dayOfEra / 36_524) - (dayOfEra / 146_096)) / 365;
        var dayOfYear = dayOfEra - ((365 * yearOfEra) + (yearOfEra / 4) - (yearOfEra / 100));
        var monthFromMarch = ((5 * dayOfYear) + 2) / 153;
        var day = dayOfYear - (((153 * monthFromMarch) + 2) / 5) + 1;
        var month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
        return Create(yearOfEra + (era * 400) + (month <= 2 ? 1 : 0), month, day);
    }

    /// <summary>
    /// Adds days and smaller units. Null when the result is outside years 1 to 9999 or this is no day of the calendar.
    /// </summary>
    public PackedTime? AddMicroseconds(long microseconds)
    {
        if (HasZeroInDate)
        {
            return null;
        }

        var day = (Int128)DayNumber * MicrosecondsPerDay;
        var total = day + MicrosecondOfDay + microseconds;
        if (total < (Int128)DayNumberMin * MicrosecondsPerDay || total >= (DayNumberMax + (Int128)1) * MicrosecondsPerDay)
        {
            return null;
        }

        var date = FromDayNumber((long)(total / MicrosecondsPerDay));
        return date.WithTime((long)(total % MicrosecondsPerDay));
    }

    /// <summary>
    /// Adds months and clips the day to the new month's length. Null as for <see cref="AddMicroseconds"/>.
    /// </summary>
    public PackedTime? AddMonths(long months)
    {
        if (HasZeroInDate || Math.Abs(months) > (YearMax + 1) * 12L)
        {
            return null;
        }

        var total = (Year * 12L) + Month - 1 + months;
        var year = FloorDivide(total, 12);
        if (year is < 0 or > YearMax)
        {
            return null;
        }

        var month = (int)(total - (year * 12)) + 1;
        return Create((int)year, month, Math.Min(Day, DaysInMonth((int)year, month))).WithTime(MicrosecondOfDay);
    }

    /// <summary>This time minus <paramref name="other"/> in microseconds; both are days of the calendar.</summary>
    public long MicrosecondsSince(PackedTime other) =>
        ((DayNumber - other.DayNumber) * MicrosecondsPerDay) + MicrosecondOfDay - other.MicrosecondOfDay;

    /// <summary>
    /// WEEK and YEARWEEK. Mode bit 0: weeks begin on Monday, else on Sunday. Bit 1: days before week 1 belong to the
    /// last week of the
    /// year before (YEARWEEK always), else they are week 0. Bit 2 equal to bit 0: week 1 is the first that begins in
    /// the year, else
    /// the first with at least four days in it.
    /// </summary>
    public (int Year, int Week) WeekOfYear(int mode)
    {
        var monday = (mode & 1) != 0;
        var wraps = (mode & 2) != 0;
        var whole = (mode & 4) != 0 == monday;
        var today = DayNumber;
        var start = FirstWeek(Year, monday, whole);
        if (today < start)
        {
            return wraps ? (Year - 1, ((today - FirstWeek(Year - 1, monday, whole)) / 7) + 1) : (Year, 0);
        }

        return wraps && today >= FirstWeek(Year + 1, monday, whole)
            ? (Year + 1, 1)
            : (Year, ((today - start) / 7) + 1);
    }

    /// <summary>
    /// Microseconds since 1970-01-01 00:00:00 UTC of this local time in <paramref name="zone"/>; null for no day of the
    /// calendar.
    /// </summary>
    public long? ToUnixMicroseconds(TimeZoneInfo zone)
    {
        if (ToDateTime() is not { } local)
        {
            return null;
        }

        // Times that a change of clocks skips mean the moment of the change.
        while (zone.IsInvalidTime(local))
        {
            local = local.AddTicks(-(local.Ticks % TimeSpan.TicksPerMinute)).AddMinutes(1);
        }

        var utc = local.Ticks - zone.GetUtcOffset(local).Ticks;
        return (utc - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;
    }

    /// <summary>The local time in <paramref name="zone"/>; zero when outside years 1 to 9999.</summary>
    public static PackedTime FromUnixMicroseconds(long microseconds, TimeZoneInfo zone)
    {
        var seconds = FloorDivide(microseconds, MicrosecondsPerSecond);
        if (seconds is < -62_135_596_800 or > 253_402_300_799)
        {
            return Zero;
        }

        var utc = DateTime.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);
        return FromDateTime(TimeZoneInfo.ConvertTimeFromUtc(utc, zone));
    }

    /// <summary>The same date at another time of day.</summary>
    public PackedTime WithTime(long microsecondOfDay)
    {
        var (seconds, microsecond) = Math.DivRem(microsecondOfDay, MicrosecondsPerSecond);
        return Create(
            Year, Month, Day, (int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60), (int)microsecond);
    }

    /// <summary>The day on which week 1 of a year begins; may be in December before.</summary>
    private static int FirstWeek(int year, bool monday, bool whole)
    {
        var firstDay = (365 * year) + FloorDivide(year - 1, 4) - FloorDivide(year - 1, 100) + FloorDivide(year - 1, 400) + 1;
        var offset = (firstDay + (monday ? 5 : 6)) % 7;
        var begunBefore = whole ? offset > 0 : offset > 3;
        return begunBefore ? firstDay + 7 - offset : firstDay - offset;
    }

    private static long FloorDivide(long value, long divisor) =>
        (value / divisor) - (value % divisor < 0 ? 1 : 0);

    private static int FloorDivide(int value, int divisor) => (value / divisor) - (value % divisor < 0 ? 1 : 0);
}
