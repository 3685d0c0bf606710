using Cloud.Execution.Types;

namespace Cloud.Execution.Expressions;

/// <summary>
/// Which type values of different types are brought to, for operators and for columns of CASE, UNION and the like.
/// Source: MySQL 8.0 Reference Manual §12.3 and §12.5 (CASE), §13.2.18 (UNION result columns).
/// </summary>
public static class TypeRules
{
    private const int BigIntDigits = 20;

    public static bool IsNumber(FieldType type) => type.IsInteger || type.Type is MySqlType.Decimal or MySqlType.Double or MySqlType.Float;

    public static bool IsExact(FieldType type) => type.IsInteger || type.Type == MySqlType.Decimal;

    public static bool IsTemporal(FieldType type) => type.IsTime || type.Type == MySqlType.Time;

    public static bool IsNullType(FieldType type) => type.Type == MySqlType.Null;

    public static int PrecisionOf(FieldType type) => type.Type switch
    {
        MySqlType.Decimal => type.Length,
        MySqlType.TinyInt => 3,
        MySqlType.SmallInt => 5,
        MySqlType.MediumInt => 8,
        MySqlType.Int => 10,
        MySqlType.Year => 4,
        MySqlType.BigInt when type.Length is > 0 and < BigIntDigits => type.Length,
        _ => BigIntDigits,
    };

    public static int ScaleOf(FieldType type) => type.Type == MySqlType.Decimal ? Math.Max(type.Decimals, 0) : type.FractionDigits;

    /// <summary>DECIMAL with limits applied: 65 digits, 30 of them behind the point.</summary>
    public static FieldType DecimalOf(int precision, int scale)
    {
        var cut = Math.Clamp(scale, 0, MySqlDecimal.ScaleMax);
        return FieldType.Decimal(Math.Clamp(Math.Max(precision, cut + 1), 1, MySqlDecimal.PrecisionMax), cut);
    }

    /// <summary>The type of an arithmetic operator's operands (and of its result, but for division).</summary>
    public static FieldType Arithmetic(ArithmeticOperator operation, FieldType left, FieldType right, bool noUnsignedSubtraction)
    {
        left = Numeric(left);
        right = Numeric(right);
        if (left.Kind == VectorKind.Float64 || right.Kind == VectorKind.Float64)
        {
            return operation == ArithmeticOperator.IntegerDivide ? FieldType.BigInt : FieldType.Double;
        }

        var unsigned = left.IsUnsigned || right.IsUnsigned;
        if (operation == ArithmeticOperator.Modulo)
        {
            unsigned = left.IsUnsigned;
        }

        if (operation == ArithmeticOperator.Subtract && noUnsignedSubtraction)
        {
            unsigned = false;
        }

        var integer = unsigned ? FieldType.UnsignedBigInt : FieldType.BigInt;
        var integers = left.IsInteger && right.IsInteger;
        var (p1, s1, p2, s2) = (PrecisionOf(left), ScaleOf(left), PrecisionOf(right), ScaleOf(right));
        var scale = Math.Max(s1, s2);
        return operation switch
        {
            ArithmeticOperator.IntegerDivide => integer,
            ArithmeticOperator.Divide => DecimalOf(p1 + s2 + MySqlDecimal.DivisionPrecisionIncrement, s1 + MySqlDecimal.DivisionPrecisionIncrement),
            _ when integers => integer,
            ArithmeticOperator.Multiply => DecimalOf(p1 + p2, s1 + s2),
            ArithmeticOperator.Modulo => DecimalOf(Math.Max(p1 - s1, p2 - s2) + scale, scale),
            _ => DecimalOf(Math.Max(p1 - s1, p2 - s2) + scale + 1, scale),
        };
    }

    /// <summary>The type a value has where a number is needed.</summary>
    public static FieldType Numeric(FieldType type)
    {
        if (type.IsInteger || type.Type == MySqlType.Decimal)
        {
            return type;
        }

        if (IsTemporal(type))
        {
            return type.FractionDigits == 0 ? FieldType.BigInt : DecimalOf(BigIntDigits, type.FractionDigits);
        }

        return IsNullType(type) ? FieldType.BigInt : FieldType.Double;
    }

    /// <summary>The one type of several values that stand in the same place.</summary>
    public static FieldType Common(IEnumerable<FieldType> types)
    {
        FieldType? common = null;
        foreach (var type in types)
        {
            common = common is null || IsNullType(common) ? type : IsNullType(type) ? common : Common(common, type);
        }

        return (common ?? FieldType.Null) with { Flags = (common ?? FieldType.Null).Flags & ~(FieldFlags.NotNull | FieldFlags.PrimaryKey | FieldFlags.AutoIncrement) };
    }

    /// <summary>The collation under which two texts are compared; the binary one wins, then <c>_bin</c>, then the column's.</summary>
    public static Collation CommonCollation(FieldType left, FieldType right)
    {
        if (!left.IsString || !right.IsString)
        {
            return left.IsString ? left.Collation : right.IsString ? right.Collation : Collation.Get(Collation.BinaryId);
        }

        if (left.CollationId == right.CollationId)
        {
            return left.Collation;
        }

        if (!left.IsText || !right.IsText)
        {
            return IsNullType(left) ? right.Collation : IsNullType(right) ? left.Collation : Collation.Get(Collation.BinaryId);
        }

        return right.Collation.IsBinary ? right.Collation : left.Collation;
    }

    private static FieldType Common(FieldType left, FieldType right)
    {
        if (left.IsInteger && right.IsInteger)
        {
            if (left.IsUnsigned == right.IsUnsigned)
            {
                return left.Type == right.Type ? left : left.IsUnsigned ? FieldType.UnsignedBigInt : FieldType.BigInt;
            }

            return PrecisionOf(left.IsUnsigned ? left : right) < BigIntDigits ? FieldType.BigInt : DecimalOf(BigIntDigits, 0);
        }

        if (IsExact(left) && IsExact(right))
        {
            var scale = Math.Max(ScaleOf(left), ScaleOf(right));
            return DecimalOf(Math.Max(PrecisionOf(left) - ScaleOf(left), PrecisionOf(right) - ScaleOf(right)) + scale, scale);
        }

        if (IsNumber(left) && IsNumber(right))
        {
            return FieldType.Double;
        }

        if (IsTemporal(left) && IsTemporal(right))
        {
            var digits = Math.Max(left.FractionDigits, right.FractionDigits);
            return left.Type == right.Type ? FieldType.Temporal(left.Type, digits) : FieldType.Temporal(MySqlType.DateTime, digits);
        }

        var length = Math.Max(DisplayLength(left), DisplayLength(right));
        if ((left.IsString && !left.IsText) || (right.IsString && !right.IsText))
        {
            return FieldType.VarBinary(length);
        }

        var text = left.IsText ? left : right.IsText ? right : FieldType.VarChar();
        return text with { Type = Larger(left, right), Length = length, CollationId = left.IsText && right.IsText ? CommonCollation(left, right).Id : text.CollationId };
    }

    private static MySqlType Larger(FieldType left, FieldType right) =>
        left.Type is MySqlType.Blob or MySqlType.MediumBlob or MySqlType.LongBlob ? left.Type
        : right.Type is MySqlType.Blob or MySqlType.MediumBlob or MySqlType.LongBlob ? right.Type : MySqlType.VarString;

    /// <summary>Characters that the text of a value takes at most.</summary>
    public static int DisplayLength(FieldType type) => type.Type switch
    {
        MySqlType.Decimal => type.Length + 2,
        MySqlType.Double or MySqlType.Float => 22,
        MySqlType.Date => 10,
        MySqlType.DateTime or MySqlType.Timestamp => 19 + (type.FractionDigits > 0 ? type.FractionDigits + 1 : 0),
        MySqlType.Time => 10 + (type.FractionDigits > 0 ? type.FractionDigits + 1 : 0),
        _ when type.IsInteger => PrecisionOf(type) + 1,
        _ => Math.Max(type.Length, 0),
    };
}
