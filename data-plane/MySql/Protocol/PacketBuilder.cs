using System.Buffers.Binary;
using System.Text;

namespace Cloud.MySql.Protocol;

/// <summary>Builds the payload of one packet in a buffer that is reused for the next. Not thread-safe.</summary>
internal sealed class PacketBuilder
{
    // Chosen here: larger buffers are not kept, so that one long error or definition does not stay in memory.
    private const int KeptBytesMax = 64 * 1024;

    private byte[] _buffer = new byte[256];
    private int _length;

    public ReadOnlyMemory<byte> Payload => _buffer.AsMemory(0, _length);

    public PacketBuilder Start()
    {
        if (_buffer.Length > KeptBytesMax)
        {
            _buffer = new byte[256];
        }

        _length = 0;
        return this;
    }

    public PacketBuilder Byte(byte value)
    {
        Room(1)[0] = value;
        return this;
    }

    public PacketBuilder UInt16(int value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(Room(2), (ushort)value);
        return this;
    }

    public PacketBuilder UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(Room(4), value);
        return this;
    }

    public PacketBuilder Zeros(int count)
    {
        Room(count).Clear();
        return this;
    }

    public PacketBuilder Bytes(ReadOnlySpan<byte> value)
    {
        value.CopyTo(Room(value.Length));
        return this;
    }

    public PacketBuilder LengthEncoded(ulong value)
    {
        Span<byte> encoded = stackalloc byte[9];
        return Bytes(encoded[..WriteLengthEncoded(encoded, value)]);
    }

    public PacketBuilder LengthEncodedBytes(ReadOnlySpan<byte> value) => LengthEncoded((ulong)value.Length).Bytes(value);

    public PacketBuilder LengthEncodedText(string value) =>
        LengthEncoded((ulong)Encoding.UTF8.GetByteCount(value)).Text(value);

    public PacketBuilder ZeroTerminatedText(string value) => Text(value).Byte(0);

    public PacketBuilder Text(string value)
    {
        Encoding.UTF8.GetBytes(value, Room(Encoding.UTF8.GetByteCount(value)));
        return this;
    }

    /// <summary>Writes a length-encoded integer and returns its length, at most 9.</summary>
    public static int WriteLengthEncoded(Span<byte> destination, ulong value)
    {
        switch (value)
        {
            case < 0xFB:
                destination[0] = (byte)value;
                return 1;
            case <= 0xFFFF:
                destination[0] = 0xFC;
                BinaryPrimitives.WriteUInt16LittleEndian(destination[1..], (ushort)value);
                return 3;
            case <= 0xFF_FFFF:
                BinaryPrimitives.WriteUInt32LittleEndian(destination, ((uint)value << 8) | 0xFD);
                return 4;
            default:
                destination[0] = 0xFE;
                BinaryPrimitives.WriteUInt64LittleEndian(destination[1..], value);
                return 9;
        }
    }

    private Span<byte> Room(int count)
    {
        if (_buffer.Length - _length < count)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, checked(_length + count)));
        }

        _length += count;
        return _buffer.AsSpan(_length - count, count);
    }
}
