namespace Cloud.Codec;

/// <summary>
/// Little-endian base-128 integers, 7 bits a byte, the high bit set on all but the last; signed ones are zig-zag mapped
/// first.
/// Source: Protocol Buffers, "Encoding", base 128 varints and ZigZag.
/// </summary>
public static class Varint
{
    /// <summary>Most bytes of a 64-bit number.</summary>
    public const int MaxBytes = 10;

    /// <summary>Writes to the front of <paramref name="destination"/> and returns the bytes written.</summary>
    public static int Write(Span<byte> destination, ulong value)
    {
        var at = 0;
        while (value >= 0x80)
        {
            destination[at++] = (byte)(value | 0x80);
            value >>= 7;
        }

        destination[at++] = (byte)value;
        return at;
    }

    /// <summary>As <see cref="Write"/> for a signed number.</summary>
    public static int WriteSigned(Span<byte> destination, long value) =>
        Write(destination, (ulong)((value << 1) ^ (value >> 63)));

    /// <summary>Reads from the front of <paramref name="source"/>.</summary>
    /// <returns>The bytes read; 0 when the input ends early or the number does not fit 64 bits.</returns>
    public static int Read(ReadOnlySpan<byte> source, out ulong value)
    {
        value = 0;
        for (var i = 0; i < source.Length && i < MaxBytes; i++)
        {
            var b = source[i];
            if (i == MaxBytes - 1 && b > 1)
            {
                break;
            }

            value |= (ulong)(b & 0x7F) << (7 * i);
            if (b < 0x80)
            {
                return i + 1;
            }
        }

        value = 0;
        return 0;
    }

    /// <summary>As <see cref="Read"/> for a signed number.</summary>
    public static int ReadSigned(ReadOnlySpan<byte> source, out long value)
    {
        var read = Read(source, out var zigzag);
        value = (long)(zigzag >> 1) ^ -(long)(zigzag & 1);
        return read;
    }
}
