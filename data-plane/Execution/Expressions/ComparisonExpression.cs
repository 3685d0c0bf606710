using System.Runtime.CompilerServices;
using Cloud.Execution.Chunks;
using Cloud.Execution.Types;

namespace Cloud.Execution.Expressions;

public enum ComparisonOperator
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,

    /// <summary><c>&lt;=&gt;</c>: NULL equals NULL, and the result is never NULL.</summary>
    NullSafeEqual,
}

/// <summary>
/// Compares two columns of one kind (or of mixed signedness), giving 1, 0 or NULL. Text compares by <paramref name="collation"/>.
/// </summary>
public sealed class ComparisonExpression(
    ComparisonOperator comparison, VectorExpression left, VectorExpression right, Collation collation) : VectorExpression(FieldType.BigInt)
{
    private readonly ColumnVector _result = new(VectorKind.Int64);

    public ComparisonOperator Operator => comparison;

    public VectorExpression Left => left;

    public VectorExpression Right => right;

    public Collation Collation => collation;

    public override IReadOnlyList<VectorExpression> Operands => [left, right];

    public override ColumnVector Evaluate(Chunk input, EvaluationContext context)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        var a = left.Evaluate(input, context);
        var b = right.Evaluate(input, context);
        var results = _result.ResizeFixed<long>(input.PhysicalRows);

        // PERF-CRITICAL: one branch per chunk, then a loop without calls for the kinds that keys have.
        switch (a.Kind, b.Kind)
        {
            case (VectorKind.Int64, VectorKind.Int64):
                Compare(a.Int64s, b.Int64s, results);
                break;
            case (VectorKind.UInt64, VectorKind.UInt64):
                Compare(a.UInt64s, b.UInt64s, results);
                break;
            case (VectorKind.Float64, VectorKind.Float64):
                Compare(a.Float64s, b.Float64s, results);
                break;
            case (VectorKind.Decimal, VectorKind.Decimal):
                Compare(a.Decimals, b.Decimals, results);
                break;
            case (VectorKind.Time, VectorKind.Time):
                Compare(a.Times, b.Times, results);
                break;
            case (VectorKind.Duration, VectorKind.Duration):
                Compare(a.Durations, b.Durations, results);
                break;
            case (VectorKind.Bytes, VectorKind.Bytes):
                CompareText(a, b, results);
                break;
            default:
                CompareMixed(a, b, results);
                break;
        }

        ApplyNulls(a, b, results);
        return _result;
    }

    private void Compare<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<long> results)
        where T : IComparable<T>
    {
        for (var i = 0; i < results.Length; i++)
        {
            results[i] = Holds(a[i].CompareTo(b[i]));
        }
    }

    private void CompareText(ColumnVector a, ColumnVector b, Span<long> results)
    {
        if (comparison is ComparisonOperator.Equal or ComparisonOperator.NotEqual or ComparisonOperator.NullSafeEqual)
        {
            for (var i = 0; i < results.Length; i++)
            {
                results[i] = Holds(collation.AreEqual(a.Bytes(i), b.Bytes(i)) ? 0 : 1);
            }

            return;
        }

        for (var i = 0; i < results.Length; i++)
        {
            results[i] = Holds(collation.Compare(a.Bytes(i), b.Bytes(i)));
        }
    }

    private void CompareMixed(ColumnVector a, ColumnVector b, Span<long> results)
    {
        for (var i = 0; i < results.Length; i++)
        {
            var order = a.Kind == VectorKind.Int64
                ? a.Int64s[i] < 0 ? -1 : ((ulong)a.Int64s[i]).CompareTo(b.UInt64s[i])
                : b.Int64s[i] < 0 ? 1 : a.UInt64s[i].CompareTo((ulong)b.Int64s[i]);
            results[i] = Holds(order);
        }
    }

    private long Holds(int order) => comparison switch
    {
        ComparisonOperator.Equal or ComparisonOperator.NullSafeEqual => order == 0 ? 1 : 0,
        ComparisonOperator.NotEqual => order != 0 ? 1 : 0,
        ComparisonOperator.Less => order < 0 ? 1 : 0,
        ComparisonOperator.LessOrEqual => order <= 0 ? 1 : 0,
        ComparisonOperator.Greater => order > 0 ? 1 : 0,
        _ => order >= 0 ? 1 : 0,
    };

    private void ApplyNulls(ColumnVector a, ColumnVector b, Span<long> results)
    {
        if (!a.HasNulls && !b.HasNulls)
        {
            return;
        }

        for (var i = 0; i < results.Length; i++)
        {
            var leftNull = a.IsNull(i);
            var rightNull = b.IsNull(i);
            if (!leftNull && !rightNull)
            {
                continue;
            }

            if (comparison == ComparisonOperator.NullSafeEqual)
            {
                results[i] = leftNull && rightNull ? 1 : 0;
            }
            else
            {
                _result.SetNull(i);
            }
        }
    }
}
