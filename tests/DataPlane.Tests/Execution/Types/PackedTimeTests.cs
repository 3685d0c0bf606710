using System.Text;
using Cloud.Execution.Types;
using Cloud.Kernel;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Execution.Types;

public sealed class PackedTimeTests
{
    [Theory]
    [InlineData("2024-02-29", "2024-02-29 00:00:00")]
    [InlineData("24-2-9", "2024-02-09 00:00:00")]
    [InlineData("70/12/31", "1970-12-31 00:00:00")]
    [InlineData("69^12^31", "2069-12-31 00:00:00")]
    [InlineData("20240229", "2024-02-29 00:00:00")]
    [InlineData("240229", "2024-02-29 00:00:00")]
    [InlineData("20240229010203", "2024-02-29 01:02:03")]
    [InlineData("240229010203.5", "2024-02-29 01:02:03.500000")]
    [InlineData("2024-02-29T23:59:59.9999995", "2024-03-01 00:00:00")]
    [InlineData("2024-02-29 23:59", "2024-02-29 23:59:00")]
    [InlineData("  2024-02-29 1:2:3.000004  ", "2024-02-29 01:02:03.000004")]
    [InlineData("0000-00-00", "0000-00-00 00:00:00")]
    public void Literals_are_read_in_all_forms_of_MySQL(string text, string expected)
    {
        PackedTime.Parse(Encoding.ASCII.GetBytes(text), 6, DateRules.AllowZeroDate, out var time).ShouldBe(ConversionStatus.Ok);
        time.ToString().ShouldBe(expected);
    }

    [Theory]
    [InlineData("2023-02-29")]
    [InlineData("2024-13-01")]
    [InlineData("2024-00-10")]
    [InlineData("2024-01-01 24:00:00")]
    [InlineData("hello")]
    [InlineData("")]
    [InlineData("2024-01")]
    [InlineData("9999-12-31 23:59:59.9999999")]
    public void Impossible_dates_are_refused(string text) =>
        PackedTime.Parse(Encoding.ASCII.GetBytes(text), 6, DateRules.Strict, out _).ShouldBe(ConversionStatus.Invalid);

    [Fact]
    public void Rules_admit_what_the_mode_of_the_session_admits()
    {
        Parse("2024-02-31", DateRules.AllowInvalidDay).ShouldBe(ConversionStatus.Ok);
        Parse("2024-02-00", DateRules.AllowZeroInDate).ShouldBe(ConversionStatus.Ok);
        Parse("2024-01-01 junk", DateRules.Strict).ShouldBe(ConversionStatus.Truncated);

        static ConversionStatus Parse(string text, DateRules rules) =>
            PackedTime.Parse(Encoding.ASCII.GetBytes(text), 0, rules, out _);
    }

    [Theory]
    [InlineData(20240229L, "2024-02-29 00:00:00")]
    [InlineData(240229L, "2024-02-29 00:00:00")]
    [InlineData(700101L, "1970-01-01 00:00:00")]
    [InlineData(20240229010203L, "2024-02-29 01:02:03")]
    [InlineData(240229010203L, "2024-02-29 01:02:03")]
    [InlineData(20240231L, null)]
    [InlineData(-1L, null)]
    public void Numbers_are_read_as_dates(long number, string? expected) =>
        PackedTime.FromNumber(number, DateRules.Strict)?.ToString().ShouldBe(expected);

    [Fact]
    public void Packing_keeps_the_layout_of_rows()
    {
        var time = PackedTime.Create(2024, 2, 29, 1, 2, 3, 4);
        time.Bits.ShouldBe(((((((2024UL * 13) + 2) << 5) | 29) << 17 | (1 << 12) | (2 << 6) | 3) << 24) | 4);
        (time.Year, time.Month, time.Day, time.Hour, time.Minute, time.Second, time.Microsecond).ShouldBe((2024, 2, 29, 1, 2, 3, 4));
        PackedTime.FromBits(time.Bits).ShouldBe(time);
        PackedTime.FromBits(ulong.MaxValue).ShouldBeNull();
    }

    [Fact]
    public void Day_numbers_agree_with_the_calendar_of_dotnet()
    {
        var random = new SeededRandom(1);
        for (var i = 0; i < 20_000; i++)
        {
            var date = new DateTime(1, 1, 1).AddDays(random.Next(3_652_058)).AddSeconds(random.Next(86_400));
            var packed = PackedTime.FromDateTime(date);
            packed.DayNumber.ShouldBe((int)(date.Date - new DateTime(1970, 1, 1)).TotalDays + PackedTime.UnixEpochDayNumber);
            PackedTime.FromDayNumber(packed.DayNumber).ShouldBe(packed.DatePart);
            packed.DayOfWeek.ShouldBe((int)date.DayOfWeek + 1);
            packed.DayOfYear.ShouldBe(date.DayOfYear);
            packed.ToDateTime().ShouldBe(date);

            var microseconds = (long)(random.NextUInt64() % 20_000_000_000_000) - 10_000_000_000_000;
            var months = random.Next(-600, 600);
            if (date.Year is > 100 and < 9900)
            {
                packed.AddMicroseconds(microseconds)!.Value.ToDateTime().ShouldBe(date.AddMicroseconds(microseconds));
                packed.AddMonths(months)!.Value.ToDateTime().ShouldBe(date.AddMonths(months));
            }
        }

        PackedTime.MaxDateTime.AddMicroseconds(1).ShouldBeNull();
        PackedTime.Create(1, 1, 1).AddMicroseconds(-1).ShouldBeNull();
        PackedTime.Create(0, 1, 1).DayNumber.ShouldBe(1);
    }

    [Theory]
    // The manual's example and the turn of the year 2000, a Saturday, in all modes.
    [InlineData("2008-02-20", 0, 2008, 7)]
    [InlineData("2008-02-20", 1, 2008, 8)]
    [InlineData("2008-12-31", 1, 2008, 53)]
    [InlineData("2000-01-01", 0, 2000, 0)]
    [InlineData("2000-01-01", 1, 2000, 0)]
    [InlineData("2000-01-01", 2, 1999, 52)]
    [InlineData("2000-01-01", 3, 1999, 52)]
    [InlineData("2000-01-01", 4, 2000, 0)]
    [InlineData("2000-01-01", 5, 2000, 0)]
    [InlineData("2000-01-01", 6, 1999, 52)]
    [InlineData("2000-01-01", 7, 1999, 52)]
    [InlineData("2008-12-31", 3, 2009, 1)]
    public void Weeks_are_counted_in_the_mode_asked_for(string text, int mode, int year, int week)
    {
        PackedTime.Parse(Encoding.ASCII.GetBytes(text), 0, DateRules.Strict, out var date);
        date.WeekOfYear(mode).ShouldBe((year, week));
    }

    [Fact]
    public void Iso_weeks_agree_with_dotnet()
    {
        for (var date = new DateTime(1990, 12, 20); date.Year < 2040; date = date.AddDays(1))
        {
            PackedTime.FromDateTime(date).WeekOfYear(3).ShouldBe(
                (System.Globalization.ISOWeek.GetYear(date), System.Globalization.ISOWeek.GetWeekOfYear(date)), $"{date}");
        }
    }

    [Fact]
    public void Timestamps_convert_between_zones()
    {
        var zone = TimeZoneInfo.CreateCustomTimeZone("plus two", TimeSpan.FromHours(2), "plus two", "plus two");
        var local = PackedTime.Create(1970, 1, 1, 2, 0, 1, 5);
        local.ToUnixMicroseconds(zone).ShouldBe(1_000_005);
        PackedTime.FromUnixMicroseconds(1_000_005, zone).ShouldBe(local);
        PackedTime.FromUnixMicroseconds(long.MaxValue, zone).ShouldBe(PackedTime.Zero);
        PackedTime.Zero.ToUnixMicroseconds(zone).ShouldBeNull();
    }

    [Theory]
    [InlineData("10:11:12", "10:11:12", ConversionStatus.Ok)]
    [InlineData("-10:11:12.5", "-10:11:12.500000", ConversionStatus.Ok)]
    [InlineData("1 02:03:04", "26:03:04", ConversionStatus.Ok)]
    [InlineData("34 22:59:59", "838:59:59", ConversionStatus.Ok)]
    [InlineData("11:12", "11:12:00", ConversionStatus.Ok)]
    [InlineData("1112", "00:11:12", ConversionStatus.Ok)]
    [InlineData("12", "00:00:12", ConversionStatus.Ok)]
    [InlineData("101112", "10:11:12", ConversionStatus.Ok)]
    [InlineData("2024-01-01 10:11:12", "10:11:12", ConversionStatus.Ok)]
    [InlineData("839:00:00", "838:59:59", ConversionStatus.Overflow)]
    [InlineData("-850:00:00", "-838:59:59", ConversionStatus.Overflow)]
    [InlineData("10:60:00", "00:00:00", ConversionStatus.Invalid)]
    [InlineData("x", "00:00:00", ConversionStatus.Invalid)]
    [InlineData("10:11:12x", "10:11:12", ConversionStatus.Truncated)]
    public void Durations_are_read_in_all_forms(string text, string expected, ConversionStatus status)
    {
        MySqlDuration.Parse(Encoding.ASCII.GetBytes(text), 6, out var duration).ShouldBe(status);
        duration.ToString().ShouldBe(expected);
    }
}
