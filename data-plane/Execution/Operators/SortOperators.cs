using Cloud.Execution.Chunks;
using Cloud.Execution.Expressions;
using Cloud.Execution.Types;

namespace Cloud.Execution.Operators;

public sealed record SortKey(VectorExpression Expression, bool Descending);

/// <summary>
/// Sorts all rows, stably; with a limit it keeps only about twice that many at any time. NULL sorts first, last when descending.
/// </summary>
public sealed class SortOperator(Operator source, IReadOnlyList<SortKey> keys, int limit = int.MaxValue) : SingleSourceOperator(source)
{
    private const int PruneFactor = 2;

    private readonly Chunk _output = Chunk.Of(source.Types);
    private readonly Collation[] _collations =
        [.. keys.Select(key => key.Expression.Type.IsString ? key.Expression.Type.Collation : Collation.Get(Collation.BinaryId))];

    private RowStore? _rows;
    private RowStore? _keys;
    private int[] _order = [];
    private int _next;

    public override async ValueTask<Chunk?> NextAsync(EvaluationContext context, CancellationToken cancellationToken)
    {
        if (_rows is null)
        {
            await ReadAsync(context, cancellationToken);
        }

        var count = Math.Min(_order.Length - _next, Chunk.RowsMax);
        if (count <= 0)
        {
            return null;
        }

        _rows!.CopyTo(_output, _order.AsSpan(_next, count)); // ReadAsync made it.
        _next += count;
        return _output;
    }

    public override async ValueTask DisposeAsync()
    {
        _rows?.Dispose();
        _keys?.Dispose();
        await base.DisposeAsync();
    }

    private async ValueTask ReadAsync(EvaluationContext context, CancellationToken cancellationToken)
    {
        FieldType[] keyTypes = [.. keys.Select(key => key.Expression.Type)];
        (_rows, _keys) = (new RowStore(Types, context), new RowStore(keyTypes, context));
        while (await Source.NextAsync(context, cancellationToken) is { } chunk)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using (var view = new Chunk([.. keys.Select(key => Copy(key.Expression.Evaluate(chunk, context)))]))
            {
                _keys.AddAll(view);
            }

            _rows.AddAll(chunk);
            if (limit < int.MaxValue / PruneFactor && _rows.Count > Math.Max(limit * PruneFactor, Chunk.RowsMax * PruneFactor))
            {
                Prune(keyTypes, context);
            }
        }

        _order = Sorted();
    }

    private static ColumnVector Copy(ColumnVector vector)
    {
        var copy = new ColumnVector(vector.Kind);
        copy.AppendRange(vector, 0, vector.Count);
        return copy;
    }

    private void Prune(FieldType[] keyTypes, EvaluationContext context)
    {
        var order = Sorted();
        Array.Sort(order);
        var (rows, keyRows) = (new RowStore(Types, context), new RowStore(keyTypes, context));
        foreach (var row in order)
        {
            rows.Add(_rows!.ChunkOf(row), RowStore.RowIn(row)); // Made by ReadAsync, as below.
            keyRows.Add(_keys!.ChunkOf(row), RowStore.RowIn(row));
        }

        _rows!.Dispose();
        _keys!.Dispose();
        (_rows, _keys) = (rows, keyRows);
    }

    private int[] Sorted()
    {
        var order = new int[_rows!.Count]; // Made by ReadAsync.
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        Array.Sort(order, Compare);
        return order.Length > limit ? order[..limit] : order;
    }

    private int Compare(int left, int right)
    {
        var (a, b) = (_keys!.ChunkOf(left), _keys.ChunkOf(right)); // Made by ReadAsync.
        for (var i = 0; i < keys.Count; i++)
        {
            var order = ColumnOrder.Compare(a[i], RowStore.RowIn(left), b[i], RowStore.RowIn(right), _collations[i]);
            if (order != 0)
            {
                return keys[i].Descending ? -order : order;
            }
        }

        // Rows that tie stay in the order they came in.
        return left.CompareTo(right);
    }
}

/// <summary>Passes the first of rows that are equal in all columns.</summary>
public sealed class DistinctOperator(Operator source) : SingleSourceOperator(source)
{
    private readonly Chunk _output = Chunk.Of(source.Types);
    private readonly int[] _kept = new int[Chunk.RowsMax];
    private KeyTable? _seen;

    public override async ValueTask<Chunk?> NextAsync(EvaluationContext context, CancellationToken cancellationToken)
    {
        _seen ??= new KeyTable(KeyTable.CollationsOf(Types), context);
        while (await Source.NextAsync(context, cancellationToken) is { } chunk)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = 0;
            for (var row = 0; row < chunk.PhysicalRows; row++)
            {
                _seen.Add(chunk.Columns, row, out var isNew);
                if (isNew)
                {
                    _kept[count++] = row;
                }
            }

            if (count > 0)
            {
                chunk.Select(_kept.AsSpan(0, count));
                chunk.Compact(_output);
                chunk.ClearSelection();
                return _output;
            }
        }

        return null;
    }

    public override async ValueTask DisposeAsync()
    {
        _seen?.Dispose();
        await base.DisposeAsync();
    }
}
