using Cloud.Execution.Chunks;
using Cloud.Execution.Types;

namespace Cloud.Execution.Expressions;

/// <summary>
/// A typed expression that computes one value for each physical row of a chunk, a column at a time. An instance keeps its result
/// buffers, so it belongs to one executing statement; it is not thread-safe.
/// </summary>
public abstract class VectorExpression(FieldType type)
{
    /// <summary>The type of every value.</summary>
    public FieldType Type { get; } = type;

    /// <summary>Whether every row of one execution has the same value: literals and parameters.</summary>
    public virtual bool IsConstant => false;

    /// <summary>
    /// The values for the physical rows of <paramref name="input"/>. The vector is the expression's, or a column of the input: valid until
    /// the next call or until the input changes, and never to be written to.
    /// </summary>
    public abstract ColumnVector Evaluate(Chunk input, EvaluationContext context);

    /// <summary>The expressions this one is computed from.</summary>
    public virtual IReadOnlyList<VectorExpression> Operands => [];

    /// <summary>The value of an expression that reads no columns, or that reads the one row of <paramref name="input"/>.</summary>
    public Datum EvaluateOne(Chunk input, EvaluationContext context) => Datum.FromVector(Evaluate(input, context), 0);
}

/// <summary>A column of the input.</summary>
public sealed class ColumnExpression(int index, FieldType type) : VectorExpression(type)
{
    public int Index { get; } = index;

    public override ColumnVector Evaluate(Chunk input, EvaluationContext context) => input[Index];
}

/// <summary>A value that is known before the rows are.</summary>
public abstract class ConstantBase(FieldType type) : VectorExpression(type)
{
    private readonly ColumnVector _vector = new(type.Kind);
    private Datum _filledWith;
    private bool _filled;

    public override bool IsConstant => true;

    public abstract Datum Value(EvaluationContext context);

    public override ColumnVector Evaluate(Chunk input, EvaluationContext context)
    {
        var value = Value(context);
        if (!_filled || !Same(value, _filledWith))
        {
            _vector.Reset();
            _filledWith = value;
            _filled = true;
        }

        var rows = input.PhysicalRows;
        if (_vector.Count > rows)
        {
            _vector.Truncate(rows);
        }

        while (_vector.Count < rows)
        {
            value.AppendTo(_vector);
        }

        return _vector;
    }

    private protected abstract bool Same(in Datum left, in Datum right);
}

/// <summary>A literal.</summary>
public sealed class ConstantExpression(Datum value, FieldType type) : ConstantBase(type)
{
    public override Datum Value(EvaluationContext context) => value;

    public Datum Literal => value;

    private protected override bool Same(in Datum left, in Datum right) => true;
}

/// <summary>A question mark of a prepared statement; its type is that of the value it was planned with.</summary>
public sealed class ParameterExpression(int index, FieldType type) : ConstantBase(type)
{
    public int Index { get; } = index;

    public override Datum Value(EvaluationContext context) => context.Parameters.Span[Index];

    private protected override bool Same(in Datum left, in Datum right) => false;
}

/// <summary>A value set from outside before execution, such as the result of a subquery that was run first.</summary>
public sealed class DeferredExpression(FieldType type) : ConstantBase(type)
{
    private Datum _value;

    public override Datum Value(EvaluationContext context) => _value;

    public void Set(Datum value) => _value = value;

    private protected override bool Same(in Datum left, in Datum right) => false;
}
