using System.Runtime.CompilerServices;
using Cloud.Execution.Chunks;
using Cloud.Execution.Types;

namespace Cloud.Execution.Expressions;

public enum ArithmeticOperator
{
    Add,
    Subtract,
    Multiply,
    Divide,
    IntegerDivide,
    Modulo,
}

/// <summary>
/// Arithmetic on two columns of the kind that the result is computed in: whole numbers, decimals or doubles. Out of range is error 1690;
/// division by zero gives NULL and warning or error 1365.
/// Source: MySQL 8.0 Reference Manual §12.6.1 "Arithmetic Operators" and §11.1.7.
/// </summary>
public sealed class ArithmeticExpression(
    ArithmeticOperator operation, VectorExpression left, VectorExpression right, FieldType type) : VectorExpression(type)
{
    private readonly ColumnVector _result = new(type.Kind);

    public ArithmeticOperator Operator => operation;

    public override IReadOnlyList<VectorExpression> Operands => [left, right];

    public override ColumnVector Evaluate(Chunk input, EvaluationContext context)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        var a = left.Evaluate(input, context);
        var b = right.Evaluate(input, context);
        _result.Reset();
        for (var row = 0; row < input.PhysicalRows; row++)
        {
            if (a.IsNull(row) || b.IsNull(row))
            {
                _result.AppendNull();
                continue;
            }

            switch (a.Kind)
            {
                case VectorKind.Float64:
                    Doubles(a.Float64s[row], b.Float64s[row], context);
                    break;
                case VectorKind.Decimal:
                    Decimals(a.Decimals[row], b.Decimals[row], context);
                    break;
                default:
                    Integers(Wide(a, row), Wide(b, row), context);
                    break;
            }
        }

        return _result;
    }

    private static Int128 Wide(ColumnVector vector, int row) =>
        vector.Kind == VectorKind.UInt64 ? vector.UInt64s[row] : vector.Int64s[row];

    private void Integers(Int128 a, Int128 b, EvaluationContext context)
    {
        if (operation is ArithmeticOperator.IntegerDivide or ArithmeticOperator.Modulo && b == 0)
        {
            context.DivisionByZero();
            _result.AppendNull();
            return;
        }

        // Both operands fit in 65 bits, so that nothing but a product can leave 128 bits, and that only beyond any 64-bit range.
        Int128 value;
        try
        {
            value = operation switch
            {
                ArithmeticOperator.Add => a + b,
                ArithmeticOperator.Subtract => a - b,
                ArithmeticOperator.Multiply => checked(a * b),
                ArithmeticOperator.IntegerDivide => a / b,
                _ => a % b,
            };
        }
        catch (OverflowException)
        {
            throw OutOfRange(a.ToString(), b.ToString());
        }

        if (_result.Kind == VectorKind.UInt64)
        {
            _result.Append(value >= 0 && value <= ulong.MaxValue ? (ulong)value : throw OutOfRange(a.ToString(), b.ToString()));
        }
        else
        {
            _result.Append(value >= long.MinValue && value <= long.MaxValue ? (long)value : throw OutOfRange(a.ToString(), b.ToString()));
        }
    }

    private void Doubles(double a, double b, EvaluationContext context)
    {
        if (operation >= ArithmeticOperator.Divide && b == 0)
        {
            context.DivisionByZero();
            _result.AppendNull();
            return;
        }

        var value = operation switch
        {
            ArithmeticOperator.Add => a + b,
            ArithmeticOperator.Subtract => a - b,
            ArithmeticOperator.Multiply => a * b,
            ArithmeticOperator.Divide => a / b,
            ArithmeticOperator.IntegerDivide => Math.Truncate(a / b),
            _ => a % b,
        };
        if (!double.IsFinite(value))
        {
            throw OutOfRange(a.ToString("R"), b.ToString("R"));
        }

        if (_result.Kind == VectorKind.Int64)
        {
            _result.Append(Math.Abs(value) < 9.2e18 ? (long)value : throw OutOfRange(a.ToString("R"), b.ToString("R")));
        }
        else
        {
            _result.Append(value);
        }
    }

    private void Decimals(in MySqlDecimal a, in MySqlDecimal b, EvaluationContext context)
    {
        if (operation >= ArithmeticOperator.Divide && b.IsZero)
        {
            context.DivisionByZero();
            _result.AppendNull();
            return;
        }

        MySqlDecimal value;
        var fits = operation switch
        {
            ArithmeticOperator.Add => MySqlDecimal.TryAdd(a, b, out value),
            ArithmeticOperator.Subtract => MySqlDecimal.TrySubtract(a, b, out value),
            ArithmeticOperator.Multiply => MySqlDecimal.TryMultiply(a, b, out value),
            ArithmeticOperator.Divide => MySqlDecimal.TryDivide(a, b, out value),
            ArithmeticOperator.IntegerDivide => MySqlDecimal.TryDivideInteger(a, b, out value),
            _ => Remainder(a, b, out value),
        };
        if (!fits)
        {
            throw OutOfRange(a.ToString(), b.ToString());
        }

        switch (_result.Kind)
        {
            case VectorKind.Int64:
                _result.Append(value.ToInt64(out var whole) == ConversionStatus.Overflow ? throw OutOfRange(a.ToString(), b.ToString()) : whole);
                break;
            case VectorKind.UInt64:
                _result.Append(value.ToUInt64(out var unsigned) == ConversionStatus.Overflow ? throw OutOfRange(a.ToString(), b.ToString()) : unsigned);
                break;
            default:
                _result.Append(Type.Decimals >= 0 && value.Scale != Type.Decimals ? value.Round(Type.Decimals) : value);
                break;
        }
    }

    private static bool Remainder(in MySqlDecimal a, in MySqlDecimal b, out MySqlDecimal value)
    {
        value = MySqlDecimal.Remainder(a, b);
        return true;
    }

    private SqlException OutOfRange(string a, string b)
    {
        var symbol = operation switch
        {
            ArithmeticOperator.Add => "+",
            ArithmeticOperator.Subtract => "-",
            ArithmeticOperator.Multiply => "*",
            ArithmeticOperator.Divide => "/",
            ArithmeticOperator.IntegerDivide => "DIV",
            _ => "%",
        };
        var type = Type.Kind switch
        {
            VectorKind.Int64 => "BIGINT",
            VectorKind.UInt64 => "BIGINT UNSIGNED",
            VectorKind.Decimal => "DECIMAL",
            _ => "DOUBLE",
        };
        return new SqlException(1690, "22003", $"{type} value is out of range in '({a} {symbol} {b})'");
    }
}
