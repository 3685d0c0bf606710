using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Cloud.Execution.Types;
using Cloud.Kernel;

namespace Cloud.Execution.Chunks;

/// <summary>
/// A column on the wire, little-endian: u32 count, u32 NULLs, the validity bitmap of ceil(count/8) bytes only when
/// there are NULLs,
/// count+1 offsets of i64 only when of variable width, then the data. Source: KV-PROTOCOL §1.9. Values of fixed width
/// travel as the
/// vector holds them; decimals as the 40-byte image of <see cref="MySqlDecimal"/>.
/// </summary>
public static class ColumnCodec
{
    /// <summary>Largest data of one column that is read: that of <see cref="Chunk.RowsMax"/> rows of 64 KiB.</summary>
    public const int DataBytesMax = 64 * 1024 * 1024;

    public static void Encode(ColumnVector column, IBufferWriter<byte> output)
    {
        Invariant.Require(BitConverter.IsLittleEndian, "the image of values is little-endian");
        var header = output.GetSpan(8);
        BinaryPrimitives.WriteUInt32LittleEndian(header, (uint)column.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], (uint)column.NullCount);
        output.Advance(8);
        if (column.HasNulls)
        {
            output.Write(column.Validity);
        }

        if (column.Width != 0)
        {
            output.Write(column.FixedData);
            return;
        }

        var offsets = output.GetSpan(column.Offsets.Length * sizeof(long));
        for (var i = 0; i < column.Offsets.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(offsets[(i * sizeof(long))..], column.Offsets[i]);
        }

        output.Advance(column.Offsets.Length * sizeof(long));
        output.Write(column.Data);
    }

    /// <summary>Fills <paramref name="column"/> from the start of <paramref name="source"/>.</summary>
    /// <returns>Bytes read, or 0 when they are not a column of this kind; the column is then empty.</returns>
    public static int Decode(ReadOnlySpan<byte> source, ColumnVector column)
    {
        column.Reset();
        var rest = source;
        if (!TryTake(ref rest, 8, out var header))
        {
            return 0;
        }

        var count = BinaryPrimitives.ReadUInt32LittleEndian(header);
        var nullCount = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
        if (count > Chunk.RowsMax || nullCount > count)
        {
            return 0;
        }

        var rows = (int)count;
        Span<byte> validity = stackalloc byte[Chunk.RowsMax / 8];
        validity.Clear();
        if (!TryReadValidity(ref rest, rows, (int)nullCount, validity))
        {
            return 0;
        }

        Span<int> offsets = stackalloc int[column.Width == 0 ? rows + 1 : 0];
        var length = column.Width == 0 ? ReadOffsets(ref rest, offsets) : rows * column.Width;
        if (length is < 0 or > DataBytesMax || !TryTake(ref rest, length, out var data) || !AreValid(column.Kind, data))
        {
            return 0;
        }

        column.Load(rows, (int)nullCount, validity, offsets, data);
        return source.Length - rest.Length;
    }

    private static bool TryReadValidity(ref ReadOnlySpan<byte> rest, int count, int nullCount, scoped Span<byte> validity)
    {
        var bytes = (count + 7) / 8;
        if (nullCount == 0)
        {
            for (var row = 0; row < count; row++)
            {
                validity[row >> 3] |= (byte)(1 << (row & 7));
            }

            return true;
        }

        if (!TryTake(ref rest, bytes, out var bitmap))
        {
            return false;
        }

        bitmap.CopyTo(validity);
        if (count % 8 != 0)
        {
            validity[bytes - 1] &= (byte)((1 << (count % 8)) - 1);
        }

        var valid = 0;
        foreach (var octet in validity[..bytes])
        {
            valid += BitOperations.PopCount(octet);
        }

        return valid == count - nullCount;
    }

    /// <summary>Reads ascending offsets from 0; returns the last, which is the length of the data, or -1.</summary>
    private static int ReadOffsets(ref ReadOnlySpan<byte> rest, scoped Span<int> offsets)
    {
        if (!TryTake(ref rest, offsets.Length * sizeof(long), out var bytes))
        {
            return -1;
        }

        long last = 0;
        for (var i = 0; i < offsets.Length; i++)
        {
            var offset = BinaryPrimitives.ReadInt64LittleEndian(bytes[(i * sizeof(long))..]);
            if (offset < last || offset > DataBytesMax || (i == 0 && offset != 0))
            {
                return -1;
            }

            offsets[i] = (int)offset;
            last = offset;
        }

        return (int)last;
    }

    private static bool AreValid(VectorKind kind, ReadOnlySpan<byte> data)
    {
        switch (kind)
        {
            case VectorKind.Decimal:
                foreach (ref readonly var value in MemoryMarshal.Cast<byte, MySqlDecimal>(data))
                {
                    if (!value.IsValidImage())
                    {
                        return false;
                    }
                }

                return true;
            case VectorKind.Time:
                foreach (var bits in MemoryMarshal.Cast<byte, ulong>(data))
                {
                    if (PackedTime.FromBits(bits) is null)
                    {
                        return false;
                    }
                }

                return true;
            default:
                return true;
        }
    }

    private static bool TryTake(ref ReadOnlySpan<byte> rest, int length, out ReadOnlySpan<byte> taken)
    {
        if (rest.Length < length)
        {
            taken = default;
            return false;
        }

        taken = rest[..length];
        rest = rest[length..];
        return true;
    }
}
