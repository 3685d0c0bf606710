using System.Buffers;
using System.Buffers.Binary;

namespace Cloud.Codec;

/// <summary>
/// A growing, reusable byte buffer over pooled arrays. <see cref="Clear"/> keeps the array; <see cref="Dispose"/> gives
/// it back. Spans handed out are valid until the next write, clear or dispose. Not thread-safe.
/// </summary>
public sealed class ByteBuffer(int capacity = 256) : IBufferWriter<byte>, IDisposable
{
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(capacity);
    private int _length;

    /// <summary>Bytes written.</summary>
    public int Length => _length;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    public ReadOnlyMemory<byte> WrittenMemory => _bytes.AsMemory(0, _length);

    /// <summary>Forgets the content.</summary>
    public void Clear() => _length = 0;

    /// <summary>Cuts the content down to its first <paramref name="length"/> bytes.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)_length);
        _length = length;
    }

    /// <summary>A part of what was written, to be changed in place.</summary>
    public Span<byte> Slice(int start, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)start, (uint)(_length - length));
        return _bytes.AsSpan(start, length);
    }

    public byte[] ToArray() => Written.ToArray();

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(_bytes.Length - _length));
        _length += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _bytes.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _bytes.AsSpan(_length);
    }

    /// <summary>Appends <paramref name="count"/> bytes for the caller to fill.</summary>
    public Span<byte> Append(int count)
    {
        Reserve(count);
        _length += count;
        return _bytes.AsSpan(_length - count, count);
    }

    public void Write(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Append(bytes.Length));

    public void WriteByte(byte value) => Append(1)[0] = value;

    public void WriteUInt32LittleEndian(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Append(4), value);

    public void WriteUInt64LittleEndian(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Append(8), value);

    public void WriteUInt64BigEndian(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Append(8), value);

    public void WriteVarint(ulong value)
    {
        Reserve(Varint.MaxBytes);
        _length += Varint.Write(_bytes.AsSpan(_length), value);
    }

    /// <summary>A length as a zig-zag varint, then the bytes ("compact bytes").</summary>
    public void WriteCompactBytes(ReadOnlySpan<byte> bytes)
    {
        Reserve(Varint.MaxBytes + bytes.Length);
        _length += Varint.WriteSigned(_bytes.AsSpan(_length), bytes.Length);
        Write(bytes);
    }

    /// <summary>Appends the memcomparable form of <paramref name="bytes"/>.</summary>
    public void WriteMemComparable(ReadOnlySpan<byte> bytes) =>
        MemComparable.Encode(bytes, Append(MemComparable.EncodedLength(bytes.Length)));

    public void Dispose()
    {
        var bytes = _bytes;
        _bytes = [];
        _length = 0;
        if (bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private void Reserve(int count)
    {
        if (_bytes.Length - _length >= count)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(checked(_length + count), _bytes.Length * 2));
        Written.CopyTo(larger);
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }

        _bytes = larger;
    }
}
