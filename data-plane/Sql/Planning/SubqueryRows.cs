using Cloud.Execution.Chunks;
using Cloud.Execution.Operators;
using Cloud.Execution.Types;

namespace Cloud.Sql.Planning;

/// <summary>The rows of an IN subquery, held as a set. Filled before the expressions that ask it are computed.</summary>
internal sealed class SubqueryRows
{
    public KeyTable? Keys { get; private set; }

    /// <summary>Whether some row had a NULL, so that "not found" is unknown.</summary>
    public bool HasNull { get; private set; }

    public bool IsEmpty => Keys is null || (Keys.Count == 0 && !HasNull);

    public async ValueTask FillAsync(Operator source, EvaluationContext context, CancellationToken cancellationToken)
    {
        Keys?.Dispose();
        Keys = new KeyTable(KeyTable.CollationsOf(source.Types), context);
        HasNull = false;
        while (await source.NextAsync(context, cancellationToken) is { } chunk)
        {
            for (var row = 0; row < chunk.PhysicalRows; row++)
            {
                if (KeyTable.HasNull(chunk.Columns, row))
                {
                    HasNull = true;
                }
                else
                {
                    Keys.Add(chunk.Columns, row, out _);
                }
            }
        }
    }
}

/// <summary><c>operands [NOT] IN (rows)</c> in three-valued logic.</summary>
internal sealed class InSetExpression(IReadOnlyList<VectorExpression> operands, SubqueryRows rows, bool negated)
    : VectorExpression(FieldType.BigInt)
{
    private readonly ColumnVector _result = new(VectorKind.Int64);
    private readonly ColumnVector[] _columns = new ColumnVector[operands.Count];

    public override IReadOnlyList<VectorExpression> Operands => operands;

    public override ColumnVector Evaluate(Chunk input, EvaluationContext context)
    {
        for (var i = 0; i < _columns.Length; i++)
        {
            _columns[i] = operands[i].Evaluate(input, context);
        }

        var result = _result.ResizeFixed<long>(input.PhysicalRows);
        for (var row = 0; row < result.Length; row++)
        {
            if (rows.IsEmpty)
            {
                result[row] = negated ? 1 : 0;
            }
            else if (KeyTable.HasNull(_columns, row))
            {
                _result.SetNull(row);
            }
            else if (rows.Keys!.Find(_columns, row, matchNulls: false) >= 0) // Filled before.
            {
                result[row] = negated ? 0 : 1;
            }
            else if (rows.HasNull)
            {
                _result.SetNull(row);
            }
            else
            {
                result[row] = negated ? 1 : 0;
            }
        }

        return _result;
    }
}

/// <summary><c>@name</c>: the value the variable has when the row is computed.</summary>
internal sealed class UserVariableExpression(string name, FieldType type) : VectorExpression(type)
{
    private readonly ColumnVector _result = new(type.Kind);

    public override ColumnVector Evaluate(Chunk input, EvaluationContext context)
    {
        _result.Reset();
        var found = context.Variables.TryGetValue(name, out var variable);
        for (var row = 0; row < input.PhysicalRows; row++)
        {
            if (!found || variable.Value.IsNull)
            {
                _result.AppendNull();
            }
            else if (variable.Value.Kind == Type.Kind)
            {
                variable.Value.AppendTo(_result);
            }
            else if (Type.Kind == VectorKind.Bytes)
            {
                _result.Append(TextFormat.ToBytes(variable.Value, variable.Type).AsSpan());
            }
            else
            {
                _result.AppendNull();
            }
        }

        return _result;
    }
}

/// <summary><c>@name := value</c>.</summary>
internal sealed class AssignExpression(string name, VectorExpression value) : VectorExpression(value.Type)
{
    public override IReadOnlyList<VectorExpression> Operands => [value];

    public override ColumnVector Evaluate(Chunk input, EvaluationContext context)
    {
        var result = value.Evaluate(input, context);
        if (input.PhysicalRows > 0)
        {
            context.Variables[name] = (Datum.FromVector(result, input.PhysicalRows - 1), value.Type);
        }

        return result;
    }
}
