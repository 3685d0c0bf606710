using Cloud.Execution.Types;
using Cloud.Sql.Ast;

namespace Cloud.Sql.Planning;

/// <summary>A constant as a value of a key's column.</summary>
/// <param name="Exact">Whether nothing was rounded or cut; otherwise the nearest value stands in and ranges must include it.</param>
internal readonly record struct KeyValue(Datum Value, bool Exact);

/// <summary>Brings constants to the types of key columns.</summary>
internal static class KeyValues
{
    private static readonly DateRules AnyDate = DateRules.AllowZeroDate | DateRules.AllowZeroInDate;

    /// <summary>
    /// Whether a key can answer a comparison with a constant: comparing as MySQL would must order values as the key does. Literals are
    /// looked at now; parameters and functions when their value is known (see <see cref="TryConvert"/>).
    /// </summary>
    public static bool Fits(FieldType column, Expression constant) => constant switch
    {
        Literal { Kind: LiteralKind.Null } => false,
        Literal { Kind: LiteralKind.String } => true,
        Literal { Kind: LiteralKind.Integer or LiteralKind.Decimal or LiteralKind.Boolean } =>
            column.IsInteger || column.Type is MySqlType.Decimal or MySqlType.Double,
        Literal { Kind: LiteralKind.Float } => column.Type is MySqlType.Double,
        Literal { Kind: LiteralKind.Binary } => column.IsString && !column.IsText,
        Literal { Kind: LiteralKind.Date or LiteralKind.Timestamp } => column.IsTime,
        Literal { Kind: LiteralKind.Time } => column.Type == MySqlType.Time,
        CollateExpression => false,
        _ => true,
    };

    /// <summary>Null when the key cannot be used with this value: the whole key range must be read.</summary>
    public static KeyValue? TryConvert(in Datum value, FieldType from, FieldType column, EvaluationContext context)
    {
        var source = new ValueRef(value);
        var text = value.Kind == VectorKind.Bytes;
        switch (column.Kind)
        {
            case VectorKind.Int64 or VectorKind.UInt64:
                return Whole(source, from, column);
            case VectorKind.Decimal:
                return value.Kind is VectorKind.Float64 or VectorKind.Float32 || Conversions.ToDecimal(source, from, out var exact) is not ConversionStatus.Ok
                    ? null
                    : new KeyValue(Datum.FromDecimal(Fit(exact, column, out var status)), status == ConversionStatus.Ok);
            case VectorKind.Float64:
                return Conversions.ToDouble(source, from, out var number) == ConversionStatus.Ok ? new KeyValue(Datum.FromDouble(number), Exact: true) : null;
            case VectorKind.Time:
                return !text && value.Kind is not VectorKind.Time
                    || Conversions.ToTime(source, FieldType.Temporal(MySqlType.DateTime, 6), AnyDate, context.Now, out var time) != ConversionStatus.Ok
                        ? null
                        : Temporal(time, column);
            case VectorKind.Duration:
                return (text || value.Kind == VectorKind.Duration) && Conversions.ToDuration(source, column, out var duration) == ConversionStatus.Ok
                    ? new KeyValue(Datum.FromDuration(duration), Exact: false)
                    : null;
            case VectorKind.Bytes:
                // Numbers compare with text as numbers, which is not the order of the key.
                return text && (!column.IsText || from.IsText || from.Type == MySqlType.Null) ? new KeyValue(value, Exact: true) : null;
            default:
                return null;
        }
    }

    private static KeyValue? Whole(in ValueRef source, FieldType from, FieldType column)
    {
        ConversionStatus status;
        Datum value;
        if (source.Kind == VectorKind.Bytes && TextNumber.ParseDouble(source.Bytes, out _) != ConversionStatus.Ok)
        {
            return null;
        }

        if (column.Kind == VectorKind.UInt64)
        {
            status = Conversions.ToUInt64(source, from, out var unsigned);
            value = Datum.FromUInt64(unsigned);
        }
        else
        {
            status = Conversions.ToInt64(source, from, out var signed);
            value = Datum.FromInt64(signed);
        }

        if (source.Kind is VectorKind.Float64 or VectorKind.Float32)
        {
            status = source.Float64 == Math.Floor(source.Float64) ? status : ConversionStatus.Truncated;
        }

        return source.Kind is VectorKind.Time or VectorKind.Duration ? null : new KeyValue(value, status == ConversionStatus.Ok);
    }

    private static MySqlDecimal Fit(in MySqlDecimal value, FieldType column, out ConversionStatus status)
    {
        status = value.Fit(column.Length, column.Decimals, out var fitted);
        return fitted;
    }

    private static KeyValue Temporal(PackedTime time, FieldType column)
    {
        var kept = column.Type == MySqlType.Date ? time.DatePart : time.TruncateFraction(column.FractionDigits);
        return new KeyValue(Datum.FromTime(kept), kept == time);
    }
}
