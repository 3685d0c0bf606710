using System.Buffers.Binary;

namespace Cloud.Codec;

/// <summary>
/// Reads a record front to back. After a failed read <see cref="Failed"/> stays true and further reads give zeros and
/// empty spans.
/// </summary>
public ref struct ByteReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>Whether the input ended early or was malformed.</summary>
    public bool Failed { get; private set; }

    public readonly bool AtEnd => _rest.IsEmpty;

    public readonly int Remaining => _rest.Length;

    public byte ReadByte()
    {
        var one = Take(1);
        return one.IsEmpty ? (byte)0 : one[0];
    }

    public uint ReadUInt32LittleEndian()
    {
        var four = Take(4);
        return four.IsEmpty ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(four);
    }

    public ulong ReadUInt64LittleEndian()
    {
        var eight = Take(8);
        return eight.IsEmpty ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(eight);
    }

    public ulong ReadUInt64BigEndian()
    {
        var eight = Take(8);
        return eight.IsEmpty ? 0 : BinaryPrimitives.ReadUInt64BigEndian(eight);
    }

    public ulong ReadVarint()
    {
        var read = Varint.Read(_rest, out var value);
        if (read == 0)
        {
            Fail();
            return 0;
        }

        _rest = _rest[read..];
        return value;
    }

    /// <summary>The bytes behind a zig-zag varint length; a view of the input.</summary>
    public ReadOnlySpan<byte> ReadCompactBytes()
    {
        var read = Varint.ReadSigned(_rest, out var length);
        if (read == 0 || length < 0 || length > _rest.Length - read)
        {
            Fail();
            return default;
        }

        _rest = _rest[read..];
        return Take((int)length);
    }

    /// <summary>The next <paramref name="count"/> bytes; a view of the input.</summary>
    public ReadOnlySpan<byte> Take(int count)
    {
        if (Failed || (uint)count > (uint)_rest.Length)
        {
            Fail();
            return default;
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    private void Fail()
    {
        Failed = true;
        _rest = default;
    }
}
