using Cloud.Execution.Chunks;
using Cloud.Execution.Expressions;
using Cloud.Execution.Types;

namespace Cloud.Execution.Operators;

/// <summary>Rows held in memory as chunks, addressed by number, and accounted for. Not thread-safe.</summary>
public sealed class RowStore(IReadOnlyList<FieldType> types, EvaluationContext context) : IDisposable
{
    private const int RowOverheadBytes = 16;

    private readonly List<Chunk> _chunks = [];
    private long _heldBytes;

    public int Count { get; private set; }

    public Chunk ChunkOf(int row) => _chunks[row / Chunk.RowsMax];

    public static int RowIn(int row) => row % Chunk.RowsMax;

    public void Add(Chunk source, int physicalRow)
    {
        if (Count % Chunk.RowsMax == 0)
        {
            _chunks.Add(Chunk.Of(types));
        }

        _chunks[^1].AppendRow(source, physicalRow);
        Count++;
        long bytes = RowOverheadBytes;
        foreach (var column in source.Columns)
        {
            bytes += column.Width > 0 ? column.Width : column.Bytes(physicalRow).Length + sizeof(int);
        }

        _heldBytes += bytes;
        context.Hold(bytes);
    }

    public void AddAll(Chunk source)
    {
        for (var row = 0; row < source.PhysicalRows; row++)
        {
            Add(source, row);
        }
    }

    /// <summary>Copies rows by number into a chunk, which is emptied first.</summary>
    public void CopyTo(Chunk target, ReadOnlySpan<int> rows)
    {
        target.Reset();
        foreach (var row in rows)
        {
            target.AppendRow(ChunkOf(row), RowIn(row));
        }
    }

    public void Dispose()
    {
        foreach (var chunk in _chunks)
        {
            chunk.Dispose();
        }

        _chunks.Clear();
        context.Hold(-_heldBytes);
        _heldBytes = 0;
        Count = 0;
    }
}
