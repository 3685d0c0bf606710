using Cloud.Execution.Chunks;
using Cloud.Execution.Expressions;
using Cloud.Execution.Types;

namespace Cloud.Execution.Operators;

/// <summary>Rows that are there from the start: one row without columns for a SELECT without FROM, or rows of a virtual table.</summary>
public sealed class RowsOperator(IReadOnlyList<FieldType> types, IEnumerable<IReadOnlyList<Datum>> rows) : Operator
{
    private readonly IEnumerator<IReadOnlyList<Datum>> _rows = rows.GetEnumerator();
    private readonly Chunk _chunk = Chunk.Of(types);

    public override IReadOnlyList<FieldType> Types => types;

    public override ValueTask<Chunk?> NextAsync(EvaluationContext context, CancellationToken cancellationToken)
    {
        _chunk.Reset();
        var count = 0;
        while (count < Chunk.RowsMax && _rows.MoveNext())
        {
            for (var i = 0; i < types.Count; i++)
            {
                _rows.Current[i].AppendTo(_chunk[i]);
            }

            count++;
        }

        if (types.Count == 0)
        {
            _chunk.SetRowsWithoutColumns(count);
        }

        return new ValueTask<Chunk?>(count > 0 ? _chunk : null);
    }

    public override ValueTask DisposeAsync()
    {
        _rows.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>Keeps the rows for which the condition is true.</summary>
public sealed class FilterOperator(Operator source, VectorExpression condition) : SingleSourceOperator(source)
{
    private readonly Chunk _output = Chunk.Of(source.Types);
    private readonly int[] _rows = new int[Chunk.RowsMax];

    public override async ValueTask<Chunk?> NextAsync(EvaluationContext context, CancellationToken cancellationToken)
    {
        while (await Source.NextAsync(context, cancellationToken) is { } chunk)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var kept = Select(condition, chunk, context, _rows);
            if (kept == chunk.PhysicalRows)
            {
                return chunk;
            }

            if (kept > 0)
            {
                chunk.Select(_rows.AsSpan(0, kept));
                chunk.Compact(_output);
                return _output;
            }
        }

        return null;
    }

    /// <summary>Writes the rows for which a condition is true and returns how many they are.</summary>
    public static int Select(VectorExpression condition, Chunk chunk, EvaluationContext context, int[] rows)
    {
        var values = condition.Evaluate(chunk, context);
        var kept = 0;
        for (var i = 0; i < chunk.PhysicalRows; i++)
        {
            if (!values.IsNull(i) && Conversions.IsTrue(new ValueRef(values, i)))
            {
                rows[kept++] = i;
            }
        }

        return kept;
    }
}

/// <summary>Computes columns from rows.</summary>
public sealed class ProjectionOperator(Operator source, IReadOnlyList<VectorExpression> expressions) : SingleSourceOperator(source)
{
    private readonly Chunk _output = Chunk.Of([.. expressions.Select(expression => expression.Type)]);

    public override IReadOnlyList<FieldType> Types { get; } = [.. expressions.Select(expression => expression.Type)];

    public override async ValueTask<Chunk?> NextAsync(EvaluationContext context, CancellationToken cancellationToken)
    {
        if (await Source.NextAsync(context, cancellationToken) is not { } chunk)
        {
            return null;
        }

        _output.Reset();
        for (var i = 0; i < expressions.Count; i++)
        {
            _output[i].AppendRange(expressions[i].Evaluate(chunk, context), 0, chunk.PhysicalRows);
        }

        if (expressions.Count == 0)
        {
            _output.SetRowsWithoutColumns(chunk.PhysicalRows);
        }

        return _output;
    }
}

/// <summary>Skips rows, then passes a number of them on.</summary>
public sealed class LimitOperator(Operator source, ulong offset, ulong count) : SingleSourceOperator(source)
{
    private readonly Chunk _output = Chunk.Of(source.Types);
    private ulong _toSkip = offset;
    private ulong _left = count;

    public override async ValueTask<Chunk?> NextAsync(EvaluationContext context, CancellationToken cancellationToken)
    {
        while (_left > 0 && await Source.NextAsync(context, cancellationToken) is { } chunk)
        {
            var rows = (ulong)chunk.PhysicalRows;
            if (_toSkip >= rows)
            {
                _toSkip -= rows;
                continue;
            }

            var start = (int)_toSkip;
            var taken = (int)Math.Min(rows - _toSkip, _left);
            _toSkip = 0;
            _left -= (ulong)taken;
            if (taken == chunk.PhysicalRows)
            {
                return chunk;
            }

            _output.Reset();
            for (var row = start; row < start + taken; row++)
            {
                _output.AppendRow(chunk, row);
            }

            return _output;
        }

        return null;
    }
}

/// <summary>Rows of several sources, one after the other; all have the same kinds of columns.</summary>
public sealed class UnionAllOperator(IReadOnlyList<Operator> sources) : Operator
{
    private int _current;

    public override IReadOnlyList<FieldType> Types => sources[0].Types;

    public override async ValueTask<Chunk?> NextAsync(EvaluationContext context, CancellationToken cancellationToken)
    {
        while (_current < sources.Count)
        {
            if (await sources[_current].NextAsync(context, cancellationToken) is { } chunk)
            {
                return chunk;
            }

            _current++;
        }

        return null;
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var source in sources)
        {
            await source.DisposeAsync();
        }
    }
}
