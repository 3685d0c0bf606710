using System.Runtime.CompilerServices;
using Cloud.Execution.Chunks;
using Cloud.Execution.Types;

namespace Cloud.Execution.Expressions;

/// <summary>AND or OR in three-valued logic over two or more operands.</summary>
public sealed class ConnectiveExpression(bool isAnd, IReadOnlyList<VectorExpression> operands) : VectorExpression(FieldType.BigInt)
{
    private readonly ColumnVector _result = new(VectorKind.Int64);

    public bool IsAnd => isAnd;

    public override IReadOnlyList<VectorExpression> Operands => operands;

    public override ColumnVector Evaluate(Chunk input, EvaluationContext context)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        var rows = input.PhysicalRows;
        var dominant = isAnd ? 0 : 1;
        var result = _result.ResizeFixed<long>(rows);
        result.Fill(1 - dominant);
        Span<bool> unknown = stackalloc bool[Chunk.RowsMax];
        unknown = unknown[..rows];
        unknown.Clear();
        foreach (var operand in operands)
        {
            var values = operand.Evaluate(input, context);
            for (var i = 0; i < rows; i++)
            {
                if (values.IsNull(i))
                {
                    unknown[i] = true;
                }
                else if ((values.Kind == VectorKind.Int64 ? values.Int64s[i] != 0 : Conversions.IsTrue(new ValueRef(values, i))) != isAnd)
                {
                    result[i] = dominant;
                }
            }
        }

        for (var i = 0; i < rows; i++)
        {
            if (unknown[i] && result[i] != dominant)
            {
                _result.SetNull(i);
            }
        }

        return _result;
    }
}

/// <summary>What a truth test asks.</summary>
public enum TruthTest
{
    Not,
    IsTrue,
    IsNotTrue,
    IsFalse,
    IsNotFalse,
    IsNull,
    IsNotNull,
}

/// <summary>NOT, IS [NOT] TRUE, FALSE and NULL. Only NOT gives NULL.</summary>
public sealed class TruthExpression(TruthTest test, VectorExpression operand) : VectorExpression(FieldType.BigInt)
{
    private readonly ColumnVector _result = new(VectorKind.Int64);

    public TruthTest Test => test;

    public VectorExpression Operand => operand;

    public override IReadOnlyList<VectorExpression> Operands => [operand];

    public override ColumnVector Evaluate(Chunk input, EvaluationContext context)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        var values = operand.Evaluate(input, context);
        var result = _result.ResizeFixed<long>(input.PhysicalRows);
        for (var i = 0; i < result.Length; i++)
        {
            var isNull = values.IsNull(i);
            if (isNull && test == TruthTest.Not)
            {
                _result.SetNull(i);
                continue;
            }

            var isTrue = !isNull && test < TruthTest.IsNull && Conversions.IsTrue(new ValueRef(values, i));
            var holds = test switch
            {
                TruthTest.Not or TruthTest.IsFalse => !isNull && !isTrue,
                TruthTest.IsTrue => isTrue,
                TruthTest.IsNotTrue => !isTrue,
                TruthTest.IsNotFalse => isNull || isTrue,
                TruthTest.IsNull => isNull,
                _ => !isNull,
            };
            result[i] = holds ? 1 : 0;
        }

        return _result;
    }
}

/// <summary>CASE, IF, IFNULL and COALESCE: the value of the first branch whose condition is true. All values have the result's kind.</summary>
public sealed class ChoiceExpression(
    IReadOnlyList<VectorExpression> conditions, IReadOnlyList<VectorExpression> values, VectorExpression? otherwise, FieldType type)
    : VectorExpression(type)
{
    private readonly ColumnVector _result = new(type.Kind);
    private readonly ColumnVector[] _conditions = new ColumnVector[conditions.Count];
    private readonly ColumnVector[] _values = new ColumnVector[conditions.Count];

    public override IReadOnlyList<VectorExpression> Operands =>
        [.. conditions, .. values, .. otherwise is null ? Array.Empty<VectorExpression>() : [otherwise]];

    public override ColumnVector Evaluate(Chunk input, EvaluationContext context)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        for (var i = 0; i < conditions.Count; i++)
        {
            _conditions[i] = conditions[i].Evaluate(input, context);
            _values[i] = values[i].Evaluate(input, context);
        }

        var rest = otherwise?.Evaluate(input, context);
        _result.Reset();
        for (var row = 0; row < input.PhysicalRows; row++)
        {
            var chosen = rest;
            for (var i = 0; i < _conditions.Length; i++)
            {
                if (!_conditions[i].IsNull(row) && Conversions.IsTrue(new ValueRef(_conditions[i], row)))
                {
                    chosen = _values[i];
                    break;
                }
            }

            if (chosen is null)
            {
                _result.AppendNull();
            }
            else
            {
                _result.AppendFrom(chosen, row);
            }
        }

        return _result;
    }
}
