using System.Buffers.Binary;

namespace Cloud.Codec.Tables;

/// <summary>What a row says about a column.</summary>
public enum RowColumn
{
    /// <summary>The row was written before the column was added: its original default counts.</summary>
    Absent,
    Null,
    Present,
}

/// <summary>
/// Reads a row in format 2 (see <see cref="RowWriter"/>) without copying. Valid as long as the bytes are.
/// </summary>
public readonly ref struct RowReader
{
    private readonly ReadOnlySpan<byte> _row;
    private readonly bool _big;
    private readonly int _notNull;
    private readonly int _null;
    private readonly int _offsetsAt;
    private readonly int _valuesAt;

    /// <exception cref="CodecException">The bytes are no row of this format.</exception>
    public RowReader(ReadOnlySpan<byte> row)
    {
        if (row.Length < RowWriter.HeaderBytes || row[0] != RowWriter.Version)
        {
            throw new CodecException($"a row of {row.Length} bytes is not in format 2");
        }

        _row = row;
        _big = (row[1] & RowWriter.BigFlag) != 0;
        _notNull = BinaryPrimitives.ReadUInt16LittleEndian(row[2..]);
        _null = BinaryPrimitives.ReadUInt16LittleEndian(row[4..]);
        _offsetsAt = RowWriter.HeaderBytes + ((_notNull + _null) * (_big ? 4 : 1));
        _valuesAt = _offsetsAt + (_notNull * (_big ? 4 : 2));
        if (_valuesAt > row.Length)
        {
            throw new CodecException($"a row of {row.Length} bytes names more columns than it holds");
        }
    }

    /// <summary>Finds a column by id.</summary>
    public RowColumn Find(uint columnId, out ReadOnlySpan<byte> value)
    {
        value = default;
        var at = Search(columnId, 0, _notNull);
        if (at >= 0)
        {
            var start = at == 0 ? 0 : Offset(at - 1);
            var end = Offset(at);
            if (start > end || _valuesAt + end > _row.Length)
            {
                throw new CodecException($"column {columnId} lies outside its row of {_row.Length} bytes");
            }

            value = _row[(_valuesAt + start)..(_valuesAt + end)];
            return RowColumn.Present;
        }

        return Search(columnId, _notNull, _notNull + _null) >= 0 ? RowColumn.Null : RowColumn.Absent;
    }

    /// <exception cref="CodecException">The value is not 1, 2, 4 or 8 bytes long.</exception>
    public static long ReadInt64(ReadOnlySpan<byte> value) => value.Length switch
    {
        1 => (sbyte)value[0],
        2 => BinaryPrimitives.ReadInt16LittleEndian(value),
        4 => BinaryPrimitives.ReadInt32LittleEndian(value),
        8 => BinaryPrimitives.ReadInt64LittleEndian(value),
        _ => throw new CodecException($"an integer is not {value.Length} bytes long"),
    };

    /// <exception cref="CodecException">The value is not 1, 2, 4 or 8 bytes long.</exception>
    public static ulong ReadUInt64(ReadOnlySpan<byte> value) => value.Length switch
    {
        1 => value[0],
        2 => BinaryPrimitives.ReadUInt16LittleEndian(value),
        4 => BinaryPrimitives.ReadUInt32LittleEndian(value),
        8 => BinaryPrimitives.ReadUInt64LittleEndian(value),
        _ => throw new CodecException($"an integer is not {value.Length} bytes long"),
    };

    /// <exception cref="CodecException">The value is not 8 bytes long.</exception>
    public static double ReadDouble(ReadOnlySpan<byte> value)
    {
        if (value.Length != 8)
        {
            throw new CodecException($"a floating-point number is not {value.Length} bytes long");
        }

        var bits = BinaryPrimitives.ReadUInt64BigEndian(value);
        return BitConverter.UInt64BitsToDouble((bits >> 63) != 0 ? bits & ~(1UL << 63) : ~bits);
    }

    private int Search(uint columnId, int low, int high)
    {
        while (low < high)
        {
            var middle = (low + high) >> 1;
            var id = Id(middle);
            if (id == columnId)
            {
                return middle;
            }

            if (id < columnId)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return -1;
    }

    private uint Id(int index) => _big
        ? BinaryPrimitives.ReadUInt32LittleEndian(_row[(RowWriter.HeaderBytes + (index * 4))..])
        : _row[RowWriter.HeaderBytes + index];

    private int Offset(int index) => _big
        ? BinaryPrimitives.ReadInt32LittleEndian(_row[(_offsetsAt + (index * 4))..])
        : BinaryPrimitives.ReadUInt16LittleEndian(_row[(_offsetsAt + (index * 2))..]);
}
