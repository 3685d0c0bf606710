using Cloud.Execution.Types;

namespace Cloud.Execution.Expressions;

/// <summary>Makes typed expressions: brings operands to the types that the operators compute in.</summary>
public static class TypedExpressions
{
    public static VectorExpression Cast(VectorExpression operand, FieldType type) => operand.Type.Kind == type.Kind
        ? operand
        : new CastVectorExpression(operand, type, CastMode.Implicit);

    public static VectorExpression AsDouble(VectorExpression operand) => Cast(operand, FieldType.Double);

    public static VectorExpression AsInt64(VectorExpression operand) => Cast(operand, FieldType.BigInt);

    public static VectorExpression AsText(VectorExpression operand) => operand.Type.Kind == VectorKind.Bytes
        ? operand
        : new CastVectorExpression(operand, FieldType.VarChar(TypeRules.DisplayLength(operand.Type)), CastMode.Implicit);

    public static VectorExpression AsDecimal(VectorExpression operand) =>
        Cast(operand, TypeRules.DecimalOf(TypeRules.PrecisionOf(operand.Type), TypeRules.ScaleOf(operand.Type)));

    /// <summary>A DATETIME with all digits of a second.</summary>
    public static VectorExpression AsTime(VectorExpression operand) =>
        Cast(operand, FieldType.Temporal(MySqlType.DateTime, PackedTime.FractionDigitsMax));

    public static VectorExpression AsDuration(VectorExpression operand) =>
        Cast(operand, FieldType.Temporal(MySqlType.Time, PackedTime.FractionDigitsMax));

    public static VectorExpression Compare(ComparisonOperator comparison, VectorExpression left, VectorExpression right)
    {
        var (a, b) = Comparable(left, right);
        return new ComparisonExpression(comparison, a, b, TypeRules.CommonCollation(left.Type, right.Type));
    }

    /// <summary>Two operands brought to kinds that compare.</summary>
    public static (VectorExpression Left, VectorExpression Right) Comparable(VectorExpression left, VectorExpression right)
    {
        var (a, b) = (left.Type, right.Type);
        if (TypeRules.IsNullType(a))
        {
            return (Cast(left, b), right);
        }

        if (TypeRules.IsNullType(b))
        {
            return (left, Cast(right, a));
        }

        if (a.IsString && b.IsString)
        {
            return (left, right);
        }

        if (a.IsInteger && b.IsInteger)
        {
            return (left, right);
        }

        if (TypeRules.IsTemporal(a) || TypeRules.IsTemporal(b))
        {
            return Temporals(left, right);
        }

        return TypeRules.IsExact(a) && TypeRules.IsExact(b)
            ? (AsDecimal(left), AsDecimal(right))
            : (AsDouble(left), AsDouble(right));
    }

    public static VectorExpression Arithmetic(
        ArithmeticOperator operation, VectorExpression left, VectorExpression right, bool noUnsignedSubtraction)
    {
        var type = TypeRules.Arithmetic(operation, left.Type, right.Type, noUnsignedSubtraction);
        var a = TypeRules.Numeric(left.Type);
        var b = TypeRules.Numeric(right.Type);
        if (a.Kind == VectorKind.Float64 || b.Kind == VectorKind.Float64 || a.Kind == VectorKind.Float32 || b.Kind == VectorKind.Float32)
        {
            return new ArithmeticExpression(operation, AsDouble(left), AsDouble(right), type);
        }

        return type.Kind == VectorKind.Decimal || !a.IsInteger || !b.IsInteger
            ? new ArithmeticExpression(operation, AsDecimal(Cast(left, a)), AsDecimal(Cast(right, b)), type)
            : new ArithmeticExpression(operation, Cast(left, a), Cast(right, b), type);
    }

    /// <summary>Values that stand in the same place, all of one type.</summary>
    public static (FieldType Type, List<VectorExpression> Values) Unify(IReadOnlyList<VectorExpression> values)
    {
        var type = TypeRules.Common(values.Select(value => value.Type));
        return (type, values.Select(value => ConvertTo(value, type)).ToList());
    }

    /// <summary>A value as another type, keeping what makes its text differ (scale, fraction).</summary>
    public static VectorExpression ConvertTo(VectorExpression value, FieldType type) =>
        value.Type.Kind == type.Kind && (type.Kind != VectorKind.Decimal || value.Type.Decimals == type.Decimals)
            ? value
            : type.Kind == VectorKind.Bytes && value.Type.Kind != VectorKind.Bytes
                ? new CastVectorExpression(value, type with { Length = FieldType.Unspecified }, CastMode.Implicit)
                : new CastVectorExpression(value, type, type.Kind == VectorKind.Decimal ? CastMode.Explicit : CastMode.Implicit);

    private static (VectorExpression Left, VectorExpression Right) Temporals(VectorExpression left, VectorExpression right)
    {
        var (a, b) = (left.Type, right.Type);
        if (a.Type == MySqlType.Time && b.Type == MySqlType.Time)
        {
            return (left, right);
        }

        if (a.IsTime && b.IsTime)
        {
            return (left, right);
        }

        // A TIME beside text compares as TIME; everything else beside a date compares as DATETIME.
        if ((a.Type == MySqlType.Time && !b.IsTime) || (b.Type == MySqlType.Time && !a.IsTime))
        {
            return TypeRules.IsNumber(a) || TypeRules.IsNumber(b)
                ? (AsDouble(left), AsDouble(right))
                : (AsDuration(left), AsDuration(right));
        }

        return (AsTime(left), AsTime(right));
    }
}
