using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Cloud.Codec;

/// <summary>
/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78, initial value and final xor all ones), by the processor's
/// instruction where there is one.
/// Source: RFC 3720, appendix B.4 (test vectors).
/// </summary>
public static class Crc32C
{
    public static uint Compute(ReadOnlySpan<byte> bytes) => Append(0, bytes);

    /// <summary>Continues a checksum: <c>Append(Compute(a), b)</c> is the checksum of a followed by b.</summary>
    public static uint Append(uint checksum, ReadOnlySpan<byte> bytes)
    {
        var state = ~checksum;
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (var word in words)
        {
            var littleEndian = BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word);
            state = BitOperations.Crc32C(state, littleEndian);
        }

        foreach (var b in bytes[(words.Length * sizeof(ulong))..])
        {
            state = BitOperations.Crc32C(state, b);
        }

        return ~state;
    }
}
