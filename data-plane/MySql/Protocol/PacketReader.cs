using System.Buffers.Binary;

namespace Cloud.MySql.Protocol;

/// <summary>
/// Reads the basic types from one packet, checking every length against what is there.
/// Source: MySQL 8.0 source documentation, "Protocol Basics: Integers, Strings".
/// </summary>
/// <remarks>All methods throw <see cref="ProtocolException"/> where the packet ends too early.</remarks>
internal ref struct PacketReader(ReadOnlySpan<byte> packet)
{
    private ReadOnlySpan<byte> _rest = packet;

    public readonly bool IsEmpty => _rest.IsEmpty;

    public readonly ReadOnlySpan<byte> Rest => _rest;

    public ReadOnlySpan<byte> ReadBytes(long length)
    {
        if (length < 0 || length > _rest.Length)
        {
            throw ProtocolException.Malformed();
        }

        var taken = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return taken;
    }

    public byte ReadByte() => ReadBytes(1)[0];

    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16LittleEndian(ReadBytes(2));

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(ReadBytes(4));

    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64LittleEndian(ReadBytes(8));

    /// <summary>A length-encoded integer; the markers of NULL and of an error are malformed here.</summary>
    public ulong ReadLengthEncoded()
    {
        var first = ReadByte();
        switch (first)
        {
            case < 0xFB:
                return first;
            case 0xFC:
                return ReadUInt16();
            case 0xFD:
                var bytes = ReadBytes(3);
                return (uint)(bytes[0] | (bytes[1] << 8) | (bytes[2] << 16));
            case 0xFE:
                return ReadUInt64();
            default:
                throw ProtocolException.Malformed();
        }
    }

    /// <summary>A string with its length in front.</summary>
    public ReadOnlySpan<byte> ReadLengthEncodedBytes()
    {
        var length = ReadLengthEncoded();
        return length > int.MaxValue ? throw ProtocolException.Malformed() : ReadBytes((long)length);
    }

    /// <summary>Whether the next value of a text row is NULL, which is then skipped.</summary>
    public bool TryReadNull()
    {
        if (_rest.IsEmpty || _rest[0] != Wire.NullColumn)
        {
            return false;
        }

        _rest = _rest[1..];
        return true;
    }

    /// <summary>A string up to a zero byte, which is skipped.</summary>
    public ReadOnlySpan<byte> ReadZeroTerminated()
    {
        var end = _rest.IndexOf((byte)0);
        var text = ReadBytes(end < 0 ? -1 : end);
        _rest = _rest[1..];
        return text;
    }

    /// <summary>A string up to a zero byte or, as some clients leave that out, the packet's end.</summary>
    public ReadOnlySpan<byte> ReadZeroTerminatedOrRest() => _rest.Contains((byte)0) ? ReadZeroTerminated() : ReadBytes(_rest.Length);
}
