using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Cloud.Execution.Types;
using Cloud.Kernel;

namespace Cloud.Execution.Chunks;

/// <summary>
/// The values of one column for up to <see cref="Chunk.RowsMax"/> rows, laid out as Arrow does: a validity bitmap (bit
/// 1 = not
/// NULL), and either fixed-width values or offsets and bytes. The place of a NULL in fixed-width data holds zero bits,
/// in variable data
/// an empty string. Buffers are owned by the vector, grow on demand and are kept by <see cref="Reset"/>. Not
/// thread-safe.
/// </summary>
/// <remarks>Spans handed out are valid until the next append, resize, reset or disposal.</remarks>
public sealed class ColumnVector : IDisposable
{
    private const int ValidityBytes = Chunk.RowsMax / 8;

    // PERF-CRITICAL: rented, never zeroed beyond what is appended.
    private readonly byte[] _validity = new byte[ValidityBytes];
    private byte[] _data;
    private int[] _offsets;
    private int _count;
    private int _nullCount;

    public ColumnVector(VectorKind kind)
    {
        Kind = kind;
        Width = WidthOf(kind);
        _data = [];
        _offsets = Width == 0 ? ArrayPool<int>.Shared.Rent(Chunk.RowsMax + 1) : [];
        if (Width == 0)
        {
            _offsets[0] = 0;
        }
    }

    public VectorKind Kind { get; }

    /// <summary>Bytes of a value, 0 when variable.</summary>
    public int Width { get; }

    public int Count => _count;

    public int NullCount => _nullCount;

    public bool HasNulls => _nullCount != 0;

    public ReadOnlySpan<long> Int64s => Values<long>(VectorKind.Int64);

    public ReadOnlySpan<ulong> UInt64s => Values<ulong>(VectorKind.UInt64);

    public ReadOnlySpan<double> Float64s => Values<double>(VectorKind.Float64);

    public ReadOnlySpan<float> Float32s => Values<float>(VectorKind.Float32);

    public ReadOnlySpan<MySqlDecimal> Decimals => Values<MySqlDecimal>(VectorKind.Decimal);

    public ReadOnlySpan<PackedTime> Times => Values<PackedTime>(VectorKind.Time);

    public ReadOnlySpan<MySqlDuration> Durations => Values<MySqlDuration>(VectorKind.Duration);

    /// <summary>Bit i (byte i/8, bit i%8) is 1 when row i is not NULL; bits past <see cref="Count"/> are 0.</summary>
    public ReadOnlySpan<byte> Validity => _validity.AsSpan(0, (_count + 7) / 8);

    /// <summary>All bytes of a variable-width column, back to back.</summary>
    public ReadOnlySpan<byte> Data => _data.AsSpan(0, DataLength);

    /// <summary>Where each value of a variable-width column begins, and one more for the end of the last.</summary>
    public ReadOnlySpan<int> Offsets => _offsets.AsSpan(0, Width == 0 ? _count + 1 : 0);

    private int DataLength => Width == 0 ? _offsets[_count] : _count * Width;

    /// <summary>Bytes of a value of <paramref name="kind"/>, 0 when variable.</summary>
    public static int WidthOf(VectorKind kind) => kind switch
    {
        VectorKind.Bytes => 0,
        VectorKind.Float32 => sizeof(float),
        VectorKind.Decimal => MySqlDecimal.SizeOf,
        _ => sizeof(ulong),
    };

    public bool IsNull(int row)
    {
        CheckRow(row);
        return (_validity[row >> 3] & (1 << (row & 7))) == 0;
    }

    /// <summary>The value of a variable-width column; empty for NULL.</summary>
    public ReadOnlySpan<byte> Bytes(int row)
    {
        Invariant.Require(Kind == VectorKind.Bytes, "only variable-width columns have bytes");
        CheckRow(row);
        return _data.AsSpan(_offsets[row], _offsets[row + 1] - _offsets[row]);
    }

    public void AppendNull()
    {
        CheckRoom();
        if (Width == 0)
        {
            _offsets[_count + 1] = _offsets[_count];
        }
        else
        {
            EnsureData((_count + 1) * Width);
            _data.AsSpan(_count * Width, Width).Clear();
        }

        _validity[_count >> 3] &= (byte)~(1 << (_count & 7));
        _count++;
        _nullCount++;
    }

    public void Append(long value) => AppendFixed(VectorKind.Int64, value);

    public void Append(ulong value) => AppendFixed(VectorKind.UInt64, value);

    public void Append(double value) => AppendFixed(VectorKind.Float64, value);

    public void Append(float value) => AppendFixed(VectorKind.Float32, value);

    public void Append(in MySqlDecimal value) => AppendFixed(VectorKind.Decimal, value);

    public void Append(PackedTime value) => AppendFixed(VectorKind.Time, value);

    public void Append(MySqlDuration value) => AppendFixed(VectorKind.Duration, value);

    /// <summary>Appends a copy of <paramref name="value"/>.</summary>
    public void Append(ReadOnlySpan<byte> value)
    {
        value.CopyTo(Reserve(value.Length));
        Commit(value.Length);
    }

    /// <summary>
    /// Room for a value of at most <paramref name="lengthMax"/> bytes that is written in place, then <see
    /// cref="Commit"/>ted.
    /// </summary>
    public Span<byte> Reserve(int lengthMax)
    {
        Invariant.Require(Kind == VectorKind.Bytes, "only variable-width columns have bytes");
        CheckRoom();
        var start = _offsets[_count];
        EnsureData(checked(start + lengthMax));
        return _data.AsSpan(start, lengthMax);
    }

    /// <summary>
    /// Makes the first <paramref name="length"/> bytes of the last <see cref="Reserve"/> the next value.
    /// </summary>
    public void Commit(int length)
    {
        _offsets[_count + 1] = _offsets[_count] + length;
        SetValid(_count++);
    }

    /// <summary>
    /// Sets the count of a fixed-width column and marks all rows as not NULL; what the values are is the caller's to
    /// write into the span
    /// returned. <typeparamref name="T"/> has the width of the column.
    /// </summary>
    public Span<T> ResizeFixed<T>(int count)
        where T : unmanaged
    {
        Invariant.Require(Unsafe.SizeOf<T>() == Width, $"{typeof(T).Name} is not the value of a {Kind} column");
        Invariant.Require(count is >= 0 and <= Chunk.RowsMax, $"a column has at most {Chunk.RowsMax} rows: {count}");
        EnsureData(count * Width);
        _count = count;
        _nullCount = 0;
        _validity.AsSpan().Clear();
        _validity.AsSpan(0, count / 8).Fill(0xFF);
        if (count % 8 != 0)
        {
            _validity[count / 8] = (byte)((1 << (count % 8)) - 1);
        }

        return MemoryMarshal.Cast<byte, T>(_data.AsSpan(0, count * Width));
    }

    /// <summary>Makes row <paramref name="row"/> of a fixed-width column NULL and its value zero. Idempotent.</summary>
    public void SetNull(int row)
    {
        Invariant.Require(Width != 0, "rows of variable-width columns are only appended");
        if (IsNull(row))
        {
            return;
        }

        _validity[row >> 3] &= (byte)~(1 << (row & 7));
        _data.AsSpan(row * Width, Width).Clear();
        _nullCount++;
    }

    /// <summary>Appends row <paramref name="row"/> of a column of the same kind.</summary>
    public void AppendFrom(ColumnVector source, int row)
    {
        Invariant.Require(source.Kind == Kind, $"a {source.Kind} value is not a {Kind} value");
        if (source.IsNull(row))
        {
            AppendNull();
        }
        else if (Width == 0)
        {
            Append(source.Bytes(row));
        }
        else
        {
            CheckRoom();
            EnsureData((_count + 1) * Width);
            source._data.AsSpan(row * Width, Width).CopyTo(_data.AsSpan(_count * Width));
            SetValid(_count++);
        }
    }

    /// <summary>
    /// Appends the rows of a column of the same kind that <paramref name="rows"/> names, in that order.
    /// </summary>
    public void AppendFrom(ColumnVector source, ReadOnlySpan<int> rows)
    {
        foreach (var row in rows)
        {
            AppendFrom(source, row);
        }
    }

    /// <summary>
    /// Appends <paramref name="length"/> rows of a column of the same kind from <paramref name="start"/> on.
    /// </summary>
    public void AppendRange(ColumnVector source, int start, int length)
    {
        for (var row = start; row < start + length; row++)
        {
            AppendFrom(source, row);
        }
    }

    /// <summary>
    /// Appends the same value as row <paramref name="row"/> of <paramref name="source"/>, <paramref name="times"/>
    /// times.
    /// </summary>
    public void AppendRepeated(ColumnVector source, int row, int times)
    {
        for (var i = 0; i < times; i++)
        {
            AppendFrom(source, row);
        }
    }

    /// <summary>Drops rows from the end.</summary>
    public void Truncate(int count)
    {
        Invariant.Require(count >= 0 && count <= _count, $"a column of {_count} rows is not cut to {count}");
        for (var row = count; row < _count; row++)
        {
            _nullCount -= IsNull(row) ? 1 : 0;
            _validity[row >> 3] &= (byte)~(1 << (row & 7));
        }

        _count = count;
    }

    /// <summary>Empties the column and keeps its buffers.</summary>
    public void Reset()
    {
        _validity.AsSpan(0, (_count + 7) / 8).Clear();
        _count = 0;
        _nullCount = 0;
    }

    /// <summary>Gives the buffers back to the shared pools.</summary>
    public void Dispose()
    {
        Reset();
        if (_data.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_data);
            _data = [];
        }

        if (_offsets.Length > 0)
        {
            ArrayPool<int>.Shared.Return(_offsets);
            _offsets = [];
        }
    }

    /// <summary>Bytes of the values of a fixed-width column, as they travel.</summary>
    internal ReadOnlySpan<byte> FixedData => _data.AsSpan(0, _count * Width);

    internal int BufferBytes => _data.Length;

    /// <summary>Takes over rows that came from the wire and were checked.</summary>
    internal void Load(int count, int nullCount, ReadOnlySpan<byte> validity, ReadOnlySpan<int> offsets, ReadOnlySpan<byte> data)
    {
        Reset();
        EnsureData(data.Length);
        data.CopyTo(_data);
        offsets.CopyTo(_offsets);
        validity.CopyTo(_validity);
        _count = count;
        _nullCount = nullCount;
    }

    private ReadOnlySpan<T> Values<T>(VectorKind kind)
        where T : unmanaged
    {
        Invariant.Require(Kind == kind, $"a {Kind} column has no {kind} values");
        return MemoryMarshal.Cast<byte, T>(_data.AsSpan(0, _count * Width));
    }

    private void AppendFixed<T>(VectorKind kind, in T value)
        where T : unmanaged
    {
        Invariant.Require(Kind == kind, $"a {Kind} column takes no {kind} value");
        CheckRoom();
        EnsureData((_count + 1) * Width);
        MemoryMarshal.Write(_data.AsSpan(_count * Width), value);
        SetValid(_count++);
    }

    private void SetValid(int row) => _validity[row >> 3] |= (byte)(1 << (row & 7));

    private void CheckRow(int row) => Invariant.Require((uint)row < (uint)_count, $"row {row} is not among {_count}");

    private void CheckRoom() => Invariant.Require(_count < Chunk.RowsMax, $"a column has at most {Chunk.RowsMax} rows");

    private void EnsureData(int length)
    {
        if (length > _data.Length)
        {
            Grow(length);
        }
    }

    private void Grow(int length)
    {
        var room = Width == 0 ? Math.Max(length, Math.Min(_data.Length * 2L, Array.MaxLength)) : Chunk.RowsMax * Width;
        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Max(room, 256));
        _data.AsSpan().CopyTo(larger);
        if (_data.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_data);
        }

        _data = larger;
    }
}
