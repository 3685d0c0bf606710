using System.Collections.Concurrent;
using Cloud.Execution.Types;

namespace Cloud.Execution.Chunks;

/// <summary>
/// Keeps columns of finished statements for the next ones, so that steady load does not allocate. Thread-safe. At most
/// <see cref="KeptPerKindMax"/> columns are kept per kind, none with a buffer over <see cref="KeptBytesMax"/>.
/// </summary>
public sealed class ChunkPool
{
    /// <summary>Chosen here: 256 columns of 8 KiB are 2 MiB, enough for some dozen statements at once.</summary>
    public const int KeptPerKindMax = 256;

    /// <summary>Chosen here: a column of large texts is rare and would pin its memory.</summary>
    public const int KeptBytesMax = 256 * 1024;

    private readonly ConcurrentBag<ColumnVector>[] _kept;

    public ChunkPool()
    {
        _kept = new ConcurrentBag<ColumnVector>[(int)VectorKind.Bytes + 1];
        for (var i = 0; i < _kept.Length; i++)
        {
            _kept[i] = [];
        }
    }

    /// <summary>The pool of this process.</summary>
    public static ChunkPool Shared { get; } = new();

    /// <summary>An empty chunk; the caller returns or disposes it.</summary>
    public Chunk Rent(IReadOnlyList<FieldType> types)
    {
        var columns = new ColumnVector[types.Count];
        for (var i = 0; i < columns.Length; i++)
        {
            columns[i] = RentColumn(types[i].Kind);
        }

        return new Chunk(columns);
    }

    /// <summary>An empty column.</summary>
    public ColumnVector RentColumn(VectorKind kind) =>
        _kept[(int)kind].TryTake(out var column) ? column : new ColumnVector(kind);

    /// <summary>Takes the chunk's columns back; the chunk must not be used any more.</summary>
    public void Return(Chunk chunk)
    {
        foreach (var column in chunk.Columns)
        {
            ReturnColumn(column);
        }
    }

    /// <summary>Takes a column back.</summary>
    public void ReturnColumn(ColumnVector column)
    {
        var kept = _kept[(int)column.Kind];
        if (column.BufferBytes > KeptBytesMax || kept.Count >= KeptPerKindMax)
        {
            column.Dispose();
            return;
        }

        column.Reset();
        kept.Add(column);
    }
}
