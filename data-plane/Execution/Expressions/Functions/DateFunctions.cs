using System.Text;
using Cloud.Execution.Types;
using static Cloud.Execution.Expressions.TypedExpressions;

namespace Cloud.Execution.Expressions.Functions;

/// <summary>The current time, and parts of times. Source: MySQL 8.0 Reference Manual §12.7 "Date and Time Functions".</summary>
internal static class DateFunctions
{
    private static readonly string[] DayNames = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

    private static readonly string[] MonthNames =
    [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
    ];

    public static void AddTo(FunctionSet set)
    {
        Now(set, "NOW", static context => context.Now);
        Now(set, "SYSDATE", static context => PackedTime.FromUnixMicroseconds(
            (context.Clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond, context.TimeZone));
        Now(set, "UTC_TIMESTAMP", static context => context.UtcNow);
        set.Add("CURDATE", 0, 0, AsTime, FieldType.Temporal(MySqlType.Date), static (f, row) => f.Result.Append(f.Context.Now.DatePart));
        set.Add("UTC_DATE", 0, 0, AsTime, FieldType.Temporal(MySqlType.Date), static (f, row) => f.Result.Append(f.Context.UtcNow.DatePart));
        Clock(set, "CURTIME", static context => context.Now);
        Clock(set, "UTC_TIME", static context => context.UtcNow);
        Part(set, "YEAR", static time => time.Year);
        Part(set, "QUARTER", static time => time.Quarter);
        Part(set, "MONTH", static time => time.Month);
        Part(set, "DAY", static time => time.Day);
        CalendarPart(set, "DAYOFWEEK", static time => time.DayOfWeek);
        CalendarPart(set, "WEEKDAY", static time => time.Weekday);
        CalendarPart(set, "DAYOFYEAR", static time => time.DayOfYear);
        CalendarPart(set, "WEEKOFYEAR", static time => time.WeekOfYear(3).Week);
        CalendarPart(set, "TO_DAYS", static time => time.DayNumber);
        CalendarPart(set, "TO_SECONDS", static time => (time.DayNumber * 86_400L) + (time.MicrosecondOfDay / 1_000_000));
        ClockPart(set, "HOUR", static time => time.Hours);
        ClockPart(set, "MINUTE", static time => time.Minutes);
        ClockPart(set, "SECOND", static time => time.Seconds);
        ClockPart(set, "MICROSECOND", static time => time.Fraction);
        set.Add("WEEK", 1, 2, [AsTime, AsInt64], FunctionSet.Integer, static (f, row) => Week(f, row, yearToo: false));
        set.Add("YEARWEEK", 1, 2, [AsTime, AsInt64], FunctionSet.Integer, static (f, row) => Week(f, row, yearToo: true));
        set.Add("DAYNAME", 1, 1, AsTime, FieldType.VarChar(9), static (f, row) => Name(f, row, DayNames, static time => time.DayOfWeek));
        set.Add("MONTHNAME", 1, 1, AsTime, FieldType.VarChar(9), static (f, row) => Name(f, row, MonthNames, static time => time.Month));
        set.Add("DATE", 1, 1, arguments => new CastVectorExpression(arguments[0], FieldType.Temporal(MySqlType.Date), CastMode.Implicit));
        set.Add("TIME", 1, 1, arguments => new CastVectorExpression(
            arguments[0], FieldType.Temporal(MySqlType.Time, arguments[0].Type.IsString ? 6 : arguments[0].Type.FractionDigits), CastMode.Implicit));
        set.Add("TIMESTAMP", 1, 2, Timestamp);
        set.Add("LAST_DAY", 1, 1, AsTime, FieldType.Temporal(MySqlType.Date), static (f, row) =>
        {
            var time = f.Time(0, row);
            if (time.Month == 0 || time.Year == 0)
            {
                f.Result.AppendNull();
            }
            else
            {
                f.Result.Append(time.LastDayOfMonth);
            }
        });
        set.Add("TIME_TO_SEC", 1, 1, AsDuration, FunctionSet.Integer, static (f, row) => f.Result.Append(f.Duration(0, row).Microseconds / 1_000_000));
        foreach (var unit in TimeUnits.Names)
        {
            set.Add("EXTRACT_" + unit, 1, 1, arguments => Extract(unit, arguments[0]));
        }
    }

    private static void Now(FunctionSet set, string name, Func<EvaluationContext, PackedTime> read) => set.Add(name, 0, 1, arguments =>
    {
        var digits = Digits(arguments);
        return new FunctionExpression(
            name, FieldType.Temporal(MySqlType.DateTime, digits), [], (f, row) => f.Result.Append(read(f.Context).TruncateFraction(digits)), nullIfAnyNull: false);
    });

    private static void Clock(FunctionSet set, string name, Func<EvaluationContext, PackedTime> read) => set.Add(name, 0, 1, arguments =>
    {
        var digits = Digits(arguments);
        return new FunctionExpression(
            name,
            FieldType.Temporal(MySqlType.Time, digits),
            [],
            (f, row) => f.Result.Append(new MySqlDuration(read(f.Context).TruncateFraction(digits).MicrosecondOfDay)),
            nullIfAnyNull: false);
    });

    private static int Digits(IReadOnlyList<VectorExpression> arguments) =>
        arguments.Count > 0 && arguments[0] is ConstantExpression { Literal: { IsNull: false, Kind: VectorKind.Int64 } literal }
            ? (int)Math.Clamp(literal.Int64, 0, PackedTime.FractionDigitsMax)
            : 0;

    private static void Part(FunctionSet set, string name, Func<PackedTime, long> read) =>
        set.Add(name, 1, 1, AsTime, FunctionSet.Integer, (f, row) => f.Result.Append(read(f.Time(0, row))));

    /// <summary>Parts that only days of the calendar have.</summary>
    private static void CalendarPart(FunctionSet set, string name, Func<PackedTime, long> read) =>
        set.Add(name, 1, 1, AsTime, FunctionSet.Integer, (f, row) =>
        {
            if (f.Time(0, row).HasZeroInDate)
            {
                f.Result.AppendNull();
            }
            else
            {
                f.Result.Append(read(f.Time(0, row)));
            }
        });

    private static void ClockPart(FunctionSet set, string name, Func<MySqlDuration, long> read) =>
        set.Add(name, 1, 1, AsDuration, FunctionSet.Integer, (f, row) => f.Result.Append(read(f.Duration(0, row))));

    private static void Week(FunctionFrame f, int row, bool yearToo)
    {
        if (f.Time(0, row).HasZeroInDate)
        {
            f.Result.AppendNull();
            return;
        }

        var mode = f.ArgumentCount > 1 ? (int)f.Int64(1, row) & 7 : 0;
        var (year, week) = f.Time(0, row).WeekOfYear(yearToo ? mode | 2 : mode);
        f.Result.Append(yearToo ? (year * 100L) + week : week);
    }

    private static void Name(FunctionFrame f, int row, string[] names, Func<PackedTime, int> number)
    {
        if (f.Time(0, row).HasZeroInDate)
        {
            f.Result.AppendNull();
        }
        else
        {
            f.Result.Append(Encoding.ASCII.GetBytes(names[number(f.Time(0, row)) - 1]));
        }
    }

    private static VectorExpression Timestamp(IReadOnlyList<VectorExpression> arguments)
    {
        if (arguments.Count == 1)
        {
            var digits = arguments[0].Type.IsString ? 6 : arguments[0].Type.FractionDigits;
            return new CastVectorExpression(arguments[0], FieldType.Temporal(MySqlType.DateTime, digits), CastMode.Implicit);
        }

        return new FunctionExpression("TIMESTAMP", FunctionSet.DateTime6, [AsTime(arguments[0]), AsDuration(arguments[1])], static (f, row) =>
        {
            if (f.Time(0, row).AddMicroseconds(f.Duration(1, row).Microseconds) is { } sum)
            {
                f.Result.Append(sum);
            }
            else
            {
                f.Result.AppendNull();
            }
        }, nullIfAnyNull: true);
    }

    private static FunctionExpression Extract(string unit, VectorExpression argument)
    {
        var duration = argument.Type.Type == MySqlType.Time;
        return new FunctionExpression(
            "EXTRACT_" + unit,
            FunctionSet.Integer,
            [duration ? AsDuration(argument) : AsTime(argument)],
            (f, row) => f.Result.Append(duration
                ? TimeUnits.Extract(unit, PackedTime.Zero, f.Duration(0, row))
                : TimeUnits.Extract(unit, f.Time(0, row), new MySqlDuration(f.Time(0, row).MicrosecondOfDay))),
            nullIfAnyNull: true);
    }
}
