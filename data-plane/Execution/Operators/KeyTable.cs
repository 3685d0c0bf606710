using Cloud.Codec;
using Cloud.Execution.Chunks;
using Cloud.Execution.Expressions;
using Cloud.Execution.Types;

namespace Cloud.Execution.Operators;

/// <summary>Numbers distinct rows of key columns: the first one seen is 0. What is equal is said by the columns' collations.</summary>
public sealed class KeyTable(IReadOnlyList<Collation> collations, EvaluationContext context) : IDisposable
{
    private const int EntryOverheadBytes = 64;

    private readonly Dictionary<byte[], int> _keys = new(ByteKeyComparer.Instance);
    private readonly ByteBuffer _buffer = new();
    private long _heldBytes;

    public int Count => _keys.Count;

    public static IReadOnlyList<Collation> CollationsOf(IReadOnlyList<FieldType> types) =>
        [.. types.Select(type => type.IsString ? type.Collation : Collation.Get(Collation.BinaryId))];

    /// <summary>The number of a row's key, and whether it is new.</summary>
    public int Add(ReadOnlySpan<ColumnVector> columns, int row, out bool isNew)
    {
        Fill(columns, row);
        var lookup = _keys.GetAlternateLookup<ReadOnlySpan<byte>>();
        if (lookup.TryGetValue(_buffer.Written, out var number))
        {
            isNew = false;
            return number;
        }

        isNew = true;
        number = _keys.Count;
        _keys.Add(_buffer.ToArray(), number);
        var bytes = _buffer.Length + EntryOverheadBytes;
        _heldBytes += bytes;
        context.Hold(bytes);
        return number;
    }

    /// <summary>The number of a row's key; -1 when it was never added, or one of its columns is NULL and <paramref name="matchNulls"/> is off.</summary>
    public int Find(ReadOnlySpan<ColumnVector> columns, int row, bool matchNulls)
    {
        if (!matchNulls && HasNull(columns, row))
        {
            return -1;
        }

        Fill(columns, row);
        return _keys.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(_buffer.Written, out var number) ? number : -1;
    }

    public static bool HasNull(ReadOnlySpan<ColumnVector> columns, int row)
    {
        foreach (var column in columns)
        {
            if (column.IsNull(row))
            {
                return true;
            }
        }

        return false;
    }

    public void Dispose()
    {
        _buffer.Dispose();
        context.Hold(-_heldBytes);
        _heldBytes = 0;
    }

    private void Fill(ReadOnlySpan<ColumnVector> columns, int row)
    {
        _buffer.Clear();
        for (var i = 0; i < columns.Length; i++)
        {
            ColumnOrder.AppendIdentity(columns[i], row, collations[i], _buffer);
        }
    }

    private sealed class ByteKeyComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static readonly ByteKeyComparer Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = default(HashCode);
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
