using System.Text;
using Cloud.Execution.Types;
using Cloud.Sql.Ast;

namespace Cloud.Sql.Planning;

/// <summary>Literals and parameters as typed constants.</summary>
internal static class Literals
{
    public static ConstantExpression Compile(Literal literal)
    {
        switch (literal.Kind)
        {
            case LiteralKind.Null:
                return new ConstantExpression(Datum.Null, FieldType.Null);
            case LiteralKind.Integer:
                return Integer(literal.Text);
            case LiteralKind.Decimal:
                return Decimal(literal.Text);
            case LiteralKind.Float:
                TextNumber.ParseDouble(Encoding.ASCII.GetBytes(literal.Text), out var number);
                return new ConstantExpression(Datum.FromDouble(number), FieldType.Double);
            case LiteralKind.Boolean:
                return new ConstantExpression(Datum.FromInt64(literal.Text == "1" ? 1 : 0), FieldType.BigInt with { Length = 1 });
            case LiteralKind.String:
                return new ConstantExpression(Datum.FromBytes(literal.Bytes), FieldType.VarChar(Utf8Text.CharacterCount(literal.Bytes)));
            case LiteralKind.Binary:
                return new ConstantExpression(Datum.FromBytes(literal.Bytes), FieldType.VarBinary(literal.Bytes.Length));
            default:
                return Temporal(literal);
        }
    }

    /// <summary>The type that a parameter's value has.</summary>
    public static FieldType TypeOf(in Datum value)
    {
        if (value.IsNull)
        {
            return FieldType.Null;
        }

        return value.Kind switch
        {
            VectorKind.Int64 => FieldType.BigInt,
            VectorKind.UInt64 => FieldType.UnsignedBigInt,
            VectorKind.Float64 => FieldType.Double,
            VectorKind.Float32 => FieldType.Double with { Type = MySqlType.Float },
            VectorKind.Decimal => TypeRules.DecimalOf(value.Decimal.Precision, value.Decimal.Scale),
            VectorKind.Time => FieldType.Temporal(MySqlType.DateTime, PackedTime.FractionDigitsMax),
            VectorKind.Duration => FieldType.Temporal(MySqlType.Time, PackedTime.FractionDigitsMax),
            _ => FieldType.VarChar(value.Bytes.Length),
        };
    }

    /// <summary>
    /// A constant brought to the type of the column it is compared with where no comparison changes: text that is a number beside a
    /// number, text that is a time beside a time. Otherwise the constant as it is.
    /// </summary>
    public static VectorExpression FitTo(VectorExpression value, VectorExpression column)
    {
        if (value is not ConstantExpression { Literal: { IsNull: false, Kind: VectorKind.Bytes } literal } || column is not ColumnExpression)
        {
            return value;
        }

        var text = new ValueRef(literal);
        if (column.Type.IsInteger && Conversions.ToInt64(text, value.Type, out var whole) == ConversionStatus.Ok)
        {
            return new ConstantExpression(Datum.FromInt64(whole), FieldType.BigInt);
        }

        if (column.Type.Kind == VectorKind.Decimal && Conversions.ToDecimal(text, value.Type, out var exact) == ConversionStatus.Ok)
        {
            return new ConstantExpression(Datum.FromDecimal(exact), TypeRules.DecimalOf(exact.Precision, exact.Scale));
        }

        return value;
    }

    private static ConstantExpression Integer(string text)
    {
        var length = text.Length;
        if (long.TryParse(text, out var signed))
        {
            return new ConstantExpression(Datum.FromInt64(signed), FieldType.BigInt with { Length = length });
        }

        return ulong.TryParse(text, out var unsigned)
            ? new ConstantExpression(Datum.FromUInt64(unsigned), FieldType.UnsignedBigInt with { Length = length })
            : Decimal(text);
    }

    private static ConstantExpression Decimal(string text)
    {
        MySqlDecimal.Parse(Encoding.ASCII.GetBytes(text), out var value);
        return new ConstantExpression(Datum.FromDecimal(value), TypeRules.DecimalOf(value.Precision, value.Scale));
    }

    private static ConstantExpression Temporal(Literal literal)
    {
        var text = Encoding.UTF8.GetString(literal.Bytes);
        var digits = text.LastIndexOf('.') is var point and >= 0 ? Math.Min(text.Length - point - 1, PackedTime.FractionDigitsMax) : 0;
        if (literal.Kind == LiteralKind.Time)
        {
            return MySqlDuration.Parse(literal.Bytes, digits, out var duration) == ConversionStatus.Ok
                ? new ConstantExpression(Datum.FromDuration(duration), FieldType.Temporal(MySqlType.Time, digits))
                : throw new SqlException(1525, "HY000", $"Incorrect TIME value: '{text}'");
        }

        var date = literal.Kind == LiteralKind.Date;
        return PackedTime.Parse(literal.Bytes, digits, DateRules.AllowZeroDate, out var time) == ConversionStatus.Ok && (!date || time.MicrosecondOfDay == 0)
            ? new ConstantExpression(Datum.FromTime(time), FieldType.Temporal(date ? MySqlType.Date : MySqlType.DateTime, date ? 0 : digits))
            : throw new SqlException(1525, "HY000", $"Incorrect {(date ? "DATE" : "DATETIME")} value: '{text}'");
    }
}
