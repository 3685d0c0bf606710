using System.Buffers.Binary;
using Cloud.Kernel;

namespace Cloud.Codec.Tables;

/// <summary>
/// Builds a row in format 2: <c>128, flags, u16 notNull, u16 null, ids of not-null, ids of null, end offsets, values</c>, all
/// little-endian, ids ascending; ids of 1 byte and offsets of 2 unless an id exceeds 255 or the values 65535 bytes (flag 1), then 4 and 4.
/// Columns may be added in any order of id. Reusable through <see cref="Begin"/>. Not thread-safe.
/// Source: TiDB's row format v2 (KV-PROTOCOL Annex B).
/// </summary>
public sealed class RowWriter : IDisposable
{
    internal const byte Version = 128;
    internal const byte BigFlag = 1;
    internal const int HeaderBytes = 6;

    private readonly ByteBuffer _values = new();
    private readonly List<(uint Id, int Start, int End)> _notNull = [];
    private readonly List<uint> _null = [];

    /// <summary>Forgets the columns of the row before.</summary>
    public void Begin()
    {
        _values.Clear();
        _notNull.Clear();
        _null.Clear();
    }

    public void AddNull(uint columnId) => _null.Add(columnId);

    /// <summary>A signed number in the fewest of 1, 2, 4 and 8 bytes.</summary>
    public void AddInt64(uint columnId, long value)
    {
        var start = _values.Length;
        switch (value)
        {
            case >= sbyte.MinValue and <= sbyte.MaxValue:
                _values.WriteByte((byte)value);
                break;
            case >= short.MinValue and <= short.MaxValue:
                BinaryPrimitives.WriteInt16LittleEndian(_values.Append(2), (short)value);
                break;
            case >= int.MinValue and <= int.MaxValue:
                BinaryPrimitives.WriteInt32LittleEndian(_values.Append(4), (int)value);
                break;
            default:
                BinaryPrimitives.WriteInt64LittleEndian(_values.Append(8), value);
                break;
        }

        _notNull.Add((columnId, start, _values.Length));
    }

    /// <summary>An unsigned number in the fewest of 1, 2, 4 and 8 bytes.</summary>
    public void AddUInt64(uint columnId, ulong value)
    {
        var start = _values.Length;
        switch (value)
        {
            case <= byte.MaxValue:
                _values.WriteByte((byte)value);
                break;
            case <= ushort.MaxValue:
                BinaryPrimitives.WriteUInt16LittleEndian(_values.Append(2), (ushort)value);
                break;
            case <= uint.MaxValue:
                BinaryPrimitives.WriteUInt32LittleEndian(_values.Append(4), (uint)value);
                break;
            default:
                BinaryPrimitives.WriteUInt64LittleEndian(_values.Append(8), value);
                break;
        }

        _notNull.Add((columnId, start, _values.Length));
    }

    /// <summary>The value's bytes as they are.</summary>
    public void AddBytes(uint columnId, ReadOnlySpan<byte> value)
    {
        var start = _values.Length;
        _values.Write(value);
        _notNull.Add((columnId, start, _values.Length));
    }

    /// <summary>A floating-point number in the order-keeping form of keys.</summary>
    public void AddDouble(uint columnId, double value)
    {
        var bits = BitConverter.DoubleToUInt64Bits(value);
        var start = _values.Length;
        _values.WriteUInt64BigEndian((bits >> 63) != 0 ? ~bits : bits | (1UL << 63));
        _notNull.Add((columnId, start, _values.Length));
    }

    /// <summary>Precision, scale and MySQL's binary form.</summary>
    public void AddDecimal(uint columnId, int precision, int scale, ReadOnlySpan<byte> binary)
    {
        var start = _values.Length;
        _values.WriteByte((byte)precision);
        _values.WriteByte((byte)scale);
        _values.Write(binary);
        _notNull.Add((columnId, start, _values.Length));
    }

    /// <summary>The row; owned by the caller.</summary>
    public byte[] ToArray()
    {
        _notNull.Sort(static (left, right) => left.Id.CompareTo(right.Id));
        _null.Sort();
        Invariant.Require(_notNull.Count + _null.Count <= ushort.MaxValue, "a row has at most 65535 columns");
        var idMax = Math.Max(_notNull.Count > 0 ? _notNull[^1].Id : 0, _null.Count > 0 ? _null[^1] : 0);
        var big = idMax > byte.MaxValue || _values.Length > ushort.MaxValue;
        var idBytes = big ? 4 : 1;
        var offsetBytes = big ? 4 : 2;
        var header = HeaderBytes + ((_notNull.Count + _null.Count) * idBytes) + (_notNull.Count * offsetBytes);
        var row = new byte[header + _values.Length];
        row[0] = Version;
        row[1] = big ? BigFlag : (byte)0;
        BinaryPrimitives.WriteUInt16LittleEndian(row.AsSpan(2), (ushort)_notNull.Count);
        BinaryPrimitives.WriteUInt16LittleEndian(row.AsSpan(4), (ushort)_null.Count);
        WriteColumns(row, big, header);
        return row;
    }

    public void Dispose() => _values.Dispose();

    private void WriteColumns(Span<byte> row, bool big, int valuesAt)
    {
        var at = HeaderBytes;
        foreach (var (id, _, _) in _notNull)
        {
            at += WriteNumber(row[at..], id, big ? 4 : 1);
        }

        foreach (var id in _null)
        {
            at += WriteNumber(row[at..], id, big ? 4 : 1);
        }

        var end = 0;
        foreach (var (_, from, to) in _notNull)
        {
            var value = _values.Written[from..to];
            value.CopyTo(row[(valuesAt + end)..]);
            end += value.Length;
            at += WriteNumber(row[at..], (uint)end, big ? 4 : 2);
        }
    }

    private static int WriteNumber(Span<byte> destination, uint value, int bytes)
    {
        switch (bytes)
        {
            case 1:
                destination[0] = (byte)value;
                break;
            case 2:
                BinaryPrimitives.WriteUInt16LittleEndian(destination, (ushort)value);
                break;
            default:
                BinaryPrimitives.WriteUInt32LittleEndian(destination, value);
                break;
        }

        return bytes;
    }
}
