using Cloud.Execution.Chunks;
using Cloud.Execution.Expressions;
using Cloud.Execution.Types;

namespace Cloud.Execution.Operators;

/// <summary>
/// Joins by equality of keys: the right side is read first and hashed, the left is streamed. Without keys every pair is looked at. An
/// outer join gives unmatched rows of the left with NULLs. Rows are the left's columns, then the right's.
/// </summary>
/// <param name="nullSafe">Per key: whether NULL equals NULL (<c>&lt;=&gt;</c>).</param>
/// <param name="condition">On joined rows, beyond the keys; null for none.</param>
public sealed class HashJoinOperator(
    Operator left,
    Operator right,
    IReadOnlyList<VectorExpression> leftKeys,
    IReadOnlyList<VectorExpression> rightKeys,
    IReadOnlyList<bool> nullSafe,
    VectorExpression? condition,
    bool outer) : Operator
{
    private readonly Chunk _joined = Chunk.Of([.. left.Types, .. right.Types]);
    private readonly Chunk _output = Chunk.Of([.. left.Types, .. right.Types]);
    private readonly int[] _leftRows = new int[Chunk.RowsMax];
    private readonly int[] _selected = new int[Chunk.RowsMax];
    private readonly bool[] _matched = new bool[Chunk.RowsMax];
    private readonly ColumnVector[] _keyColumns = new ColumnVector[leftKeys.Count];

    private KeyTable? _table;
    private RowStore? _rows;
    private readonly List<int> _first = [];
    private readonly List<int> _nextOfRow = [];
    private Chunk? _chunk;
    private int _row;
    private int _match = -2;
    private int _unmatchedRow;

    public override IReadOnlyList<FieldType> Types { get; } = [.. left.Types, .. right.Types];

    public override async ValueTask<Chunk?> NextAsync(EvaluationContext context, CancellationToken cancellationToken)
    {
        if (_table is null)
        {
            await BuildAsync(context, cancellationToken);
        }

        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_chunk is null && !await AdvanceAsync(context, cancellationToken))
            {
                return null;
            }

            if (Probe(context) is { } result)
            {
                return result;
            }
        }
    }

    public override async ValueTask DisposeAsync()
    {
        _table?.Dispose();
        _rows?.Dispose();
        await left.DisposeAsync();
        await right.DisposeAsync();
    }

    private async ValueTask BuildAsync(EvaluationContext context, CancellationToken cancellationToken)
    {
        _rows = new RowStore(right.Types, context);
        List<Collation> collations = [];
        for (var i = 0; i < leftKeys.Count; i++)
        {
            collations.Add(TypeRules.CommonCollation(leftKeys[i].Type, rightKeys[i].Type));
        }

        var table = new KeyTable(collations, context);
        var columns = new ColumnVector[rightKeys.Count];
        while (await right.NextAsync(context, cancellationToken) is { } chunk)
        {
            cancellationToken.ThrowIfCancellationRequested();
            for (var i = 0; i < columns.Length; i++)
            {
                columns[i] = rightKeys[i].Evaluate(chunk, context);
            }

            for (var row = 0; row < chunk.PhysicalRows; row++)
            {
                if (!NullKey(columns, row))
                {
                    Insert(table, columns, chunk, row);
                }
            }
        }

        _table = table;
    }

    private void Insert(KeyTable table, ColumnVector[] columns, Chunk chunk, int row)
    {
        var number = table.Add(columns, row, out var isNew);
        var stored = _rows!.Count; // Made by BuildAsync.
        _rows.Add(chunk, row);

        // Rows of one key form a chain, the newest first.
        if (isNew)
        {
            _first.Add(stored);
            _nextOfRow.Add(-1);
        }
        else
        {
            _nextOfRow.Add(_first[number]);
            _first[number] = stored;
        }
    }

    private bool NullKey(ReadOnlySpan<ColumnVector> columns, int row)
    {
        for (var i = 0; i < columns.Length; i++)
        {
            if (!nullSafe[i] && columns[i].IsNull(row))
            {
                return true;
            }
        }

        return false;
    }

    private async ValueTask<bool> AdvanceAsync(EvaluationContext context, CancellationToken cancellationToken)
    {
        _chunk = await left.NextAsync(context, cancellationToken);
        if (_chunk is null)
        {
            return false;
        }

        for (var i = 0; i < leftKeys.Count; i++)
        {
            _keyColumns[i] = leftKeys[i].Evaluate(_chunk, context);
        }

        (_row, _match, _unmatchedRow) = (0, -2, 0);
        _matched.AsSpan().Clear();
        return true;
    }

    /// <summary>Joins until a chunk is full or the left chunk is used up; null when nothing came of it.</summary>
    private Chunk? Probe(EvaluationContext context)
    {
        var chunk = _chunk!; // Looked at by the caller.
        _joined.Reset();
        var count = 0;
        while (_row < chunk.PhysicalRows && count < Chunk.RowsMax)
        {
            if (_match == -2)
            {
                var number = NullKey(_keyColumns, _row) ? -1 : _table!.Find(_keyColumns, _row, matchNulls: true); // Built before.
                _match = number < 0 ? -1 : _first[number];
            }

            if (_match < 0)
            {
                _row++;
                _match = -2;
                continue;
            }

            Append(chunk, _row, _match);
            _leftRows[count++] = _row;
            _match = _nextOfRow[_match];
            if (_match < 0)
            {
                _row++;
                _match = -2;
            }
        }

        var result = Keep(count, context);
        if (_row < chunk.PhysicalRows)
        {
            return result;
        }

        // The left chunk is done: what matched nothing follows, as far as there is room.
        return outer ? AddUnmatched(chunk, result) : Finish(result);
    }

    private Chunk? Finish(Chunk? result)
    {
        _chunk = null;
        return result;
    }

    private Chunk? Keep(int count, EvaluationContext context)
    {
        if (count == 0)
        {
            return null;
        }

        var kept = count;
        if (condition is not null)
        {
            kept = FilterOperator.Select(condition, _joined, context, _selected);
        }

        for (var i = 0; i < kept; i++)
        {
            _matched[_leftRows[condition is null ? i : _selected[i]]] = true;
        }

        if (kept == count)
        {
            return _joined;
        }

        if (kept == 0)
        {
            return null;
        }

        _joined.Select(_selected.AsSpan(0, kept));
        _joined.Compact(_output);
        _joined.ClearSelection();
        return _output;
    }

    private Chunk? AddUnmatched(Chunk chunk, Chunk? result)
    {
        if (result is null)
        {
            _output.Reset();
        }
        else if (result == _joined)
        {
            _joined.Compact(_output);
        }

        for (; _unmatchedRow < chunk.PhysicalRows; _unmatchedRow++)
        {
            if (_matched[_unmatchedRow])
            {
                continue;
            }

            if (_output.PhysicalRows == Chunk.RowsMax)
            {
                return _output;
            }

            for (var i = 0; i < left.Types.Count; i++)
            {
                _output[i].AppendFrom(chunk[i], _unmatchedRow);
            }

            for (var i = 0; i < right.Types.Count; i++)
            {
                _output[left.Types.Count + i].AppendNull();
            }
        }

        _chunk = null;
        return _output.PhysicalRows > 0 ? _output : null;
    }

    private void Append(Chunk chunk, int leftRow, int rightRow)
    {
        for (var i = 0; i < left.Types.Count; i++)
        {
            _joined[i].AppendFrom(chunk[i], leftRow);
        }

        var source = _rows!.ChunkOf(rightRow); // Made by BuildAsync.
        for (var i = 0; i < right.Types.Count; i++)
        {
            _joined[left.Types.Count + i].AppendFrom(source[i], RowStore.RowIn(rightRow));
        }

        if (_joined.ColumnCount == 0)
        {
            _joined.SetRowsWithoutColumns(_joined.PhysicalRows + 1);
        }
    }
}
