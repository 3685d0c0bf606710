using Cloud.Execution.Types;
using Cloud.Kernel;

namespace Cloud.Execution.Chunks;

/// <summary>
/// Up to <see cref="RowsMax"/> rows as columns, optionally narrowed by a selection: the row numbers that a filter left,
/// ascending.
/// Operators that honour the selection read <see cref="RowCount"/> rows through <see cref="RowAt"/>; <see
/// cref="Compact"/> removes
/// it. Owned by one operator at a time. Not thread-safe.
/// </summary>
public sealed class Chunk : IDisposable
{
    /// <summary>
    /// Chosen here: large enough to spread per-chunk cost, small enough for a chunk to stay in the L2 cache; as TiDB's.
    /// </summary>
    public const int RowsMax = 1024;

    private readonly ColumnVector[] _columns;
    private readonly int[] _selection = new int[RowsMax];
    private int _selected = -1;
    private int _rowsWithoutColumns;

    public Chunk(IReadOnlyList<VectorKind> kinds)
    {
        _columns = new ColumnVector[kinds.Count];
        for (var i = 0; i < _columns.Length; i++)
        {
            _columns[i] = new ColumnVector(kinds[i]);
        }
    }

    /// <summary>Wraps columns, which the chunk owns from now on.</summary>
    public Chunk(params ColumnVector[] columns) => _columns = columns;

    public int ColumnCount => _columns.Length;

    public ReadOnlySpan<ColumnVector> Columns => _columns;

    /// <summary>Rows in the columns, selected or not.</summary>
    public int PhysicalRows => _columns.Length == 0 ? _rowsWithoutColumns : _columns[0].Count;

    /// <summary>Rows that count.</summary>
    public int RowCount => _selected >= 0 ? _selected : PhysicalRows;

    public bool IsFull => PhysicalRows == RowsMax;

    public bool HasSelection => _selected >= 0;

    /// <summary>The physical rows that count; empty when there is no selection.</summary>
    public ReadOnlySpan<int> Selection => _selection.AsSpan(0, Math.Max(_selected, 0));

    public ColumnVector this[int column] => _columns[column];

    public static Chunk Of(IReadOnlyList<FieldType> types)
    {
        var kinds = new VectorKind[types.Count];
        for (var i = 0; i < kinds.Length; i++)
        {
            kinds[i] = types[i].Kind;
        }

        return new Chunk(kinds);
    }

    /// <summary>The physical row of the <paramref name="index"/>-th row that counts.</summary>
    public int RowAt(int index) => _selected >= 0 ? _selection[index] : index;

    /// <summary>Narrows the chunk to physical rows, in ascending order and each at most once.</summary>
    public void Select(ReadOnlySpan<int> rows)
    {
        rows.CopyTo(_selection);
        _selected = rows.Length;
    }

    public void ClearSelection() => _selected = -1;

    /// <summary>Rows of a chunk that has no columns, such as of <c>SELECT 1</c>.</summary>
    public void SetRowsWithoutColumns(int count)
    {
        Invariant.Require(_columns.Length == 0 && count is >= 0 and <= RowsMax, $"a chunk without columns has up to {RowsMax} rows: {count}");
        _rowsWithoutColumns = count;
    }

    /// <summary>Appends one physical row of a chunk with the same kinds of columns.</summary>
    public void AppendRow(Chunk source, int physicalRow)
    {
        for (var i = 0; i < _columns.Length; i++)
        {
            _columns[i].AppendFrom(source._columns[i], physicalRow);
        }

        _rowsWithoutColumns += _columns.Length == 0 ? 1 : 0;
    }

    /// <summary>
    /// Appends rows that count of <paramref name="source"/> from its <paramref name="start"/>-th on, as many as have
    /// room.
    /// </summary>
    /// <returns>Rows appended.</returns>
    public int AppendRows(Chunk source, int start)
    {
        var taken = Math.Min(source.RowCount - start, RowsMax - PhysicalRows);
        for (var i = 0; i < taken; i++)
        {
            AppendRow(source, source.RowAt(start + i));
        }

        return taken;
    }

    /// <summary>Copies the rows that count into <paramref name="target"/>, which is emptied first.</summary>
    public void Compact(Chunk target)
    {
        target.Reset();
        target.AppendRows(this, 0);
    }

    /// <summary>Empties all columns, keeps their buffers, and drops the selection.</summary>
    public void Reset()
    {
        foreach (var column in _columns)
        {
            column.Reset();
        }

        _selected = -1;
        _rowsWithoutColumns = 0;
    }

    public void Dispose()
    {
        foreach (var column in _columns)
        {
            column.Dispose();
        }
    }
}
