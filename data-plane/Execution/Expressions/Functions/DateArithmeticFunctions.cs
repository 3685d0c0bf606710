using System.Globalization;
using System.Text;
using Cloud.Execution.Types;
using static Cloud.Execution.Expressions.TypedExpressions;

namespace Cloud.Execution.Expressions.Functions;

/// <summary>Arithmetic on times, and their conversion to and from numbers and text.</summary>
internal static class DateArithmeticFunctions
{
    public static void AddTo(FunctionSet set)
    {
        foreach (var unit in TimeUnits.Names)
        {
            set.Add("DATE_ADD_" + unit, 2, 2, arguments => Add(unit, arguments, 1));
            set.Add("DATE_SUB_" + unit, 2, 2, arguments => Add(unit, arguments, -1));
            set.Add("TIMESTAMPDIFF_" + unit, 2, 2, AsTime, FunctionSet.Integer, (f, row) =>
            {
                if (f.Time(0, row).HasZeroInDate || f.Time(1, row).HasZeroInDate)
                {
                    f.Result.AppendNull();
                }
                else
                {
                    f.Result.Append(TimeUnits.Difference(unit, f.Time(0, row), f.Time(1, row)));
                }
            });
        }

        set.Add("DATEDIFF", 2, 2, AsTime, FunctionSet.Integer, static (f, row) =>
        {
            if (f.Time(0, row).HasZeroInDate || f.Time(1, row).HasZeroInDate)
            {
                f.Result.AppendNull();
            }
            else
            {
                f.Result.Append((long)f.Time(0, row).DayNumber - f.Time(1, row).DayNumber);
            }
        });
        set.Add("TIMEDIFF", 2, 2, TimeDifference);
        set.Add("ADDTIME", 2, 2, arguments => AddTime(arguments, 1));
        set.Add("SUBTIME", 2, 2, arguments => AddTime(arguments, -1));
        set.Add("UNIX_TIMESTAMP", 0, 1, UnixTimestamp);
        set.Add("FROM_UNIXTIME", 1, 2, FromUnixTime);
        set.Add("FROM_DAYS", 1, 1, AsInt64, FieldType.Temporal(MySqlType.Date), static (f, row) =>
            f.Result.Append(PackedTime.FromDayNumber(Math.Clamp(f.Int64(0, row), 0, PackedTime.DayNumberMax))));
        set.Add("SEC_TO_TIME", 1, 1, AsDouble, FieldType.Temporal(MySqlType.Time), static (f, row) =>
            f.Result.Append(new MySqlDuration((long)Math.Clamp(f.Double(0, row) * 1e6, -4e15, 4e15)).Clamp()));
        set.Add("MAKEDATE", 2, 2, AsInt64, FieldType.Temporal(MySqlType.Date), MakeDate);
        set.Add("MAKETIME", 3, 3, AsInt64, FieldType.Temporal(MySqlType.Time), MakeTime);
        set.Add("DATE_FORMAT", 2, 2, [AsTime, AsText], FieldType.VarChar(), static (f, row) =>
            f.Result.Append(Encoding.UTF8.GetBytes(DateFormat.Format(f.Time(0, row), Encoding.UTF8.GetString(f.Bytes(1, row))))));
        set.Add("TIME_FORMAT", 2, 2, [AsDuration, AsText], FieldType.VarChar(), static (f, row) =>
        {
            var time = PackedTime.Zero.WithTime(Math.Abs(f.Duration(0, row).Microseconds) % 86_400_000_000);
            f.Result.Append(Encoding.UTF8.GetBytes(DateFormat.Format(time, Encoding.UTF8.GetString(f.Bytes(1, row)))));
        });
        set.Add("STR_TO_DATE", 2, 2, AsText, FunctionSet.DateTime6 with { Decimals = 0 }, static (f, row) =>
        {
            if (DateFormat.Parse(Encoding.UTF8.GetString(f.Bytes(0, row)), Encoding.UTF8.GetString(f.Bytes(1, row))) is { } time
                && time.IsValid(f.Context.DateRules))
            {
                f.Result.Append(time);
            }
            else
            {
                f.Context.Warn(WarningLevel.Warning, 1411, $"Incorrect datetime value: '{Encoding.UTF8.GetString(f.Bytes(0, row))}' for function str_to_date");
                f.Result.AppendNull();
            }
        });
        set.Add("PERIOD_ADD", 2, 2, AsInt64, FunctionSet.Integer, static (f, row) => f.Result.Append(Period(Months(f.Int64(0, row)) + f.Int64(1, row))));
        set.Add("PERIOD_DIFF", 2, 2, AsInt64, FunctionSet.Integer, static (f, row) => f.Result.Append(Months(f.Int64(0, row)) - Months(f.Int64(1, row))));
        set.Add("CONVERT_TZ", 3, 3, [AsTime, AsText, AsText], FunctionSet.DateTime6, ConvertZone);
    }

    private static VectorExpression Add(string unit, IReadOnlyList<VectorExpression> arguments, int sign)
    {
        var date = arguments[0];
        var time = date.Type.Type == MySqlType.Time;
        var isDate = date.Type.Type == MySqlType.Date && TimeUnits.IsDateUnit(unit);
        var digits = unit.Contains("MICROSECOND", StringComparison.Ordinal) || (unit == "SECOND" && arguments[1].Type.Kind is VectorKind.Decimal)
            ? PackedTime.FractionDigitsMax
            : date.Type.FractionDigits;
        if (time && !TimeUnits.IsDateUnit(unit))
        {
            return new FunctionExpression("DATE_ADD", FieldType.Temporal(MySqlType.Time, digits), [AsDuration(date), AsText(arguments[1])], (f, row) =>
            {
                if (TimeUnits.Parse(unit, f.Bytes(1, row)) is { } span)
                {
                    f.Result.Append(new MySqlDuration(f.Duration(0, row).Microseconds + (sign * span.Microseconds)).Clamp());
                }
                else
                {
                    f.Result.AppendNull();
                }
            }, nullIfAnyNull: true);
        }

        var type = FieldType.Temporal(isDate ? MySqlType.Date : MySqlType.DateTime, isDate ? 0 : digits);
        var sum = new FunctionExpression("DATE_ADD", type, [AsTime(date), AsText(arguments[1])], (f, row) => AddSpan(f, row, unit, sign), nullIfAnyNull: true);

        // Text in gives text out, with a time only where there is one.
        return date.Type.IsString
            ? new FunctionExpression("DATE_ADD", FieldType.VarChar(26), [sum], (f, row) =>
            {
                var value = f.Time(0, row);
                var dateOnly = TimeUnits.IsDateUnit(unit) && value.MicrosecondOfDay == 0;
                f.Buffer.Advance(value.Format(f.Buffer.GetSpan(PackedTime.TextBytesMax), dateOnly, value.Microsecond > 0 ? 6 : 0));
                f.Result.Append(f.Buffer.Written);
            }, nullIfAnyNull: true)
            : sum;
    }

    private static void AddSpan(FunctionFrame f, int row, string unit, int sign)
    {
        var time = f.Time(0, row);
        PackedTime? sum = null;
        if (!time.HasZeroInDate && TimeUnits.Parse(unit, f.Bytes(1, row)) is { } span && span.Microseconds != long.MinValue)
        {
            sum = span.Months != 0 ? time.AddMonths(sign * span.Months) : time.AddMicroseconds(sign * span.Microseconds);
        }

        if (sum is { } value)
        {
            f.Result.Append(value);
        }
        else
        {
            f.Context.Warn(WarningLevel.Warning, 1441, "Datetime function: datetime field overflow");
            f.Result.AppendNull();
        }
    }

    private static VectorExpression TimeDifference(IReadOnlyList<VectorExpression> arguments)
    {
        var type = FieldType.Temporal(MySqlType.Time, Math.Max(arguments[0].Type.FractionDigits, arguments[1].Type.FractionDigits));
        var dates = arguments.All(argument => argument.Type.IsTime);
        return dates
            ? new FunctionExpression("TIMEDIFF", type, [.. arguments.Select(AsTime)], static (f, row) =>
                f.Result.Append(new MySqlDuration(f.Time(0, row).MicrosecondsSince(f.Time(1, row))).Clamp()), nullIfAnyNull: true)
            : new FunctionExpression("TIMEDIFF", type, [.. arguments.Select(AsDuration)], static (f, row) =>
                f.Result.Append(new MySqlDuration(f.Duration(0, row).Microseconds - f.Duration(1, row).Microseconds).Clamp()), nullIfAnyNull: true);
    }

    private static VectorExpression AddTime(IReadOnlyList<VectorExpression> arguments, int sign)
    {
        var span = AsDuration(arguments[1]);
        if (arguments[0].Type.IsTime)
        {
            return new FunctionExpression("ADDTIME", FunctionSet.DateTime6, [AsTime(arguments[0]), span], (f, row) =>
            {
                if (f.Time(0, row).AddMicroseconds(sign * f.Duration(1, row).Microseconds) is { } sum)
                {
                    f.Result.Append(sum);
                }
                else
                {
                    f.Result.AppendNull();
                }
            }, nullIfAnyNull: true);
        }

        return new FunctionExpression("ADDTIME", FieldType.Temporal(MySqlType.Time, arguments[0].Type.FractionDigits), [AsDuration(arguments[0]), span], (f, row) =>
            f.Result.Append(new MySqlDuration(f.Duration(0, row).Microseconds + (sign * f.Duration(1, row).Microseconds)).Clamp()), nullIfAnyNull: true);
    }

    private static VectorExpression UnixTimestamp(IReadOnlyList<VectorExpression> arguments)
    {
        if (arguments.Count == 0)
        {
            return new FunctionExpression("UNIX_TIMESTAMP", FunctionSet.Integer, [], static (f, row) =>
                f.Result.Append(f.Context.NowUnixMicroseconds / 1_000_000), nullIfAnyNull: false);
        }

        var digits = arguments[0].Type.IsString ? PackedTime.FractionDigitsMax : arguments[0].Type.FractionDigits;
        var type = digits == 0 ? FunctionSet.Integer : TypeRules.DecimalOf(20, digits);
        return new FunctionExpression("UNIX_TIMESTAMP", type, [AsTime(arguments[0])], (f, row) =>
        {
            var micro = f.Time(0, row).IsZero ? 0 : f.Time(0, row).ToUnixMicroseconds(f.Context.TimeZone) ?? 0;
            micro = Math.Max(micro, 0);
            if (digits == 0)
            {
                f.Result.Append(micro / 1_000_000);
            }
            else
            {
                f.Result.Append(MySqlDecimal.Create((UInt128)micro, 6, negative: false).Round(digits, DecimalRounding.Truncate));
            }
        }, nullIfAnyNull: true);
    }

    private static VectorExpression FromUnixTime(IReadOnlyList<VectorExpression> arguments)
    {
        var digits = arguments[0].Type.IsInteger ? 0 : TypeRules.ScaleOf(arguments[0].Type) is var scale and > 0 ? Math.Min(scale, 6) : 6;
        var time = new FunctionExpression("FROM_UNIXTIME", FieldType.Temporal(MySqlType.DateTime, digits), [AsDecimal(arguments[0])], static (f, row) =>
        {
            var seconds = f.Decimal(0, row);
            if (seconds.IsNegative || !MySqlDecimal.TryMultiply(seconds, 1_000_000L, out var micro)
                || micro.ToInt64(out var value) == ConversionStatus.Overflow || value > 32_536_771_199_999_999)
            {
                f.Result.AppendNull();
            }
            else
            {
                f.Result.Append(PackedTime.FromUnixMicroseconds(value, f.Context.TimeZone));
            }
        }, nullIfAnyNull: true);
        return arguments.Count == 1
            ? time
            : new FunctionExpression("FROM_UNIXTIME", FieldType.VarChar(), [time, AsText(arguments[1])], static (f, row) =>
                f.Result.Append(Encoding.UTF8.GetBytes(DateFormat.Format(f.Time(0, row), Encoding.UTF8.GetString(f.Bytes(1, row))))), nullIfAnyNull: true);
    }

    private static void MakeDate(FunctionFrame f, int row)
    {
        var year = f.Int64(0, row);
        var day = f.Int64(1, row);
        if (year is < 0 or > PackedTime.YearMax || day < 1 || day > PackedTime.DayNumberMax)
        {
            f.Result.AppendNull();
            return;
        }

        year += year < 70 ? 2000 : year < 100 ? 1900 : 0;
        var number = PackedTime.Create((int)year, 1, 1).DayNumber + day - 1;
        if (number > PackedTime.DayNumberMax)
        {
            f.Result.AppendNull();
        }
        else
        {
            f.Result.Append(PackedTime.FromDayNumber(number));
        }
    }

    private static void MakeTime(FunctionFrame f, int row)
    {
        var (hours, minutes, seconds) = (f.Int64(0, row), f.Int64(1, row), f.Int64(2, row));
        if (minutes is < 0 or > 59 || seconds is < 0 or > 59)
        {
            f.Result.AppendNull();
            return;
        }

        var total = ((Math.Min(Math.Abs(hours), 10_000) * 3600) + (minutes * 60) + seconds) * 1_000_000;
        f.Result.Append(new MySqlDuration(hours < 0 ? -total : total).Clamp());
    }

    private static long Months(long period)
    {
        var year = period / 100;
        year += year < 70 ? 2000 : year < 100 ? 1900 : 0;
        return (year * 12) + (period % 100) - 1;
    }

    private static long Period(long months) => (months / 12 * 100) + (months % 12) + 1;

    private static void ConvertZone(FunctionFrame f, int row)
    {
        var from = TimeZones.Find(Encoding.UTF8.GetString(f.Bytes(1, row)), f.Context.TimeZone);
        var to = TimeZones.Find(Encoding.UTF8.GetString(f.Bytes(2, row)), f.Context.TimeZone);
        if (from is null || to is null || f.Time(0, row).ToUnixMicroseconds(from) is not { } instant)
        {
            f.Result.AppendNull();
        }
        else
        {
            f.Result.Append(PackedTime.FromUnixMicroseconds(instant, to));
        }
    }
}

/// <summary>Time zones as MySQL names them: SYSTEM, offsets such as <c>+02:00</c>, and names of the IANA database.</summary>
public static class TimeZones
{
    private static readonly TimeSpan OffsetMax = TimeSpan.FromHours(14);

    /// <summary>Null for names that are not known.</summary>
    public static TimeZoneInfo? Find(string name, TimeZoneInfo system)
    {
        if (name.Equals("SYSTEM", StringComparison.OrdinalIgnoreCase))
        {
            return TimeZoneInfo.Utc;
        }

        if (name.Length > 1 && name[0] is '+' or '-'
            && TimeSpan.TryParseExact(name[1..], [@"h\:mm", @"hh\:mm"], CultureInfo.InvariantCulture, out var offset) && offset <= OffsetMax)
        {
            offset = name[0] == '-' ? -offset : offset;
            return offset == TimeSpan.Zero ? TimeZoneInfo.Utc : TimeZoneInfo.CreateCustomTimeZone(name, offset, name, name);
        }

        return name.Length > 1 && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) ? zone : null;
    }
}
