using Cloud.Execution.Types;

namespace Cloud.Sql.Catalog;

/// <summary>The text of a DEFAULT clause as a value of its column.</summary>
internal static class ColumnDefaults
{
    private static readonly DateRules AnyDate = DateRules.AllowZeroDate | DateRules.AllowZeroInDate | DateRules.AllowInvalidDay;

    /// <summary>The value; NULL for no text. The text was checked when the column was defined.</summary>
    public static Datum Parse(byte[]? text, FieldType type)
    {
        if (text is null)
        {
            return Datum.Null;
        }

        var value = new ValueRef(Datum.FromBytes(text));
        switch (type.Kind)
        {
            case VectorKind.Int64:
                Conversions.ToInt64(value, type, out var signed);
                return Datum.FromInt64(signed);
            case VectorKind.UInt64:
                Conversions.ToUInt64(value, type, out var unsigned);
                return Datum.FromUInt64(unsigned);
            case VectorKind.Float64:
                Conversions.ToDouble(value, type, out var number);
                return Datum.FromDouble(number);
            case VectorKind.Float32:
                Conversions.ToDouble(value, type, out var single);
                return Datum.FromFloat((float)single);
            case VectorKind.Decimal:
                Conversions.ToDecimal(value, type, out var exact);
                exact.Fit(type.Length, Math.Max(type.Decimals, 0), out exact);
                return Datum.FromDecimal(exact);
            case VectorKind.Time:
                Conversions.ToTime(value, type, AnyDate, PackedTime.Zero, out var time);
                return Datum.FromTime(time);
            case VectorKind.Duration:
                Conversions.ToDuration(value, type, out var duration);
                return Datum.FromDuration(duration);
            default:
                return Datum.FromBytes(text);
        }
    }
}
