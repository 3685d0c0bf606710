using Cloud.Execution.Chunks;
using Cloud.Execution.Expressions;
using Cloud.Execution.Types;

namespace Cloud.Execution.Operators;

/// <summary>
/// Groups rows by keys and computes aggregates. Rows are the keys (of the first row of the group), then the aggregates, groups in order
/// of appearance. Without keys there is exactly one group, also over no rows.
/// </summary>
public sealed class HashAggregateOperator(
    Operator source, IReadOnlyList<VectorExpression> keys, IReadOnlyList<Aggregate> aggregates) : SingleSourceOperator(source)
{
    private readonly int[] _groups = new int[Chunk.RowsMax];
    private RowStore? _keyRows;
    private Chunk? _output;
    private int _groupCount;
    private int _next;

    public override IReadOnlyList<FieldType> Types { get; } =
        [.. keys.Select(key => key.Type), .. aggregates.Select(aggregate => aggregate.Type)];

    public override async ValueTask<Chunk?> NextAsync(EvaluationContext context, CancellationToken cancellationToken)
    {
        if (_output is null)
        {
            await ReadAsync(context, cancellationToken);
            _output = Chunk.Of(Types);
        }

        _output.Reset();
        for (; _next < _groupCount && _output.PhysicalRows < Chunk.RowsMax; _next++)
        {
            for (var i = 0; i < keys.Count; i++)
            {
                _output[i].AppendFrom(_keyRows!.ChunkOf(_next)[i], RowStore.RowIn(_next)); // Made by ReadAsync.
            }

            for (var i = 0; i < aggregates.Count; i++)
            {
                aggregates[i].AppendResult(_next, _output[keys.Count + i], context);
            }

            if (Types.Count == 0)
            {
                _output.SetRowsWithoutColumns(_output.PhysicalRows + 1);
            }
        }

        return _output.PhysicalRows > 0 ? _output : null;
    }

    public override async ValueTask DisposeAsync()
    {
        _keyRows?.Dispose();
        foreach (var aggregate in aggregates)
        {
            aggregate.Dispose();
        }

        await base.DisposeAsync();
    }

    private async ValueTask ReadAsync(EvaluationContext context, CancellationToken cancellationToken)
    {
        FieldType[] keyTypes = [.. keys.Select(key => key.Type)];
        _keyRows = new RowStore(keyTypes, context);
        using var table = new KeyTable(KeyTable.CollationsOf(keyTypes), context);
        _groupCount = keys.Count == 0 ? 1 : 0;
        var columns = new ColumnVector[keys.Count];

        // A view of the key columns of the current chunk: it is not disposed, since the columns stay the expressions' own.
        var view = new Chunk(columns);
        while (await Source.NextAsync(context, cancellationToken) is { } chunk)
        {
            cancellationToken.ThrowIfCancellationRequested();
            for (var i = 0; i < columns.Length; i++)
            {
                columns[i] = keys[i].Evaluate(chunk, context);
            }

            for (var row = 0; row < chunk.PhysicalRows; row++)
            {
                _groups[row] = keys.Count == 0 ? 0 : GroupOf(table, columns, view, row);
            }

            foreach (var aggregate in aggregates)
            {
                aggregate.Add(chunk, _groups.AsSpan(0, chunk.PhysicalRows), _groupCount, context);
            }
        }
    }

    private int GroupOf(KeyTable table, ColumnVector[] columns, Chunk view, int row)
    {
        var group = table.Add(columns, row, out var isNew);
        if (isNew)
        {
            _keyRows!.Add(view, row); // Made by ReadAsync.
            _groupCount++;
        }

        return group;
    }
}
