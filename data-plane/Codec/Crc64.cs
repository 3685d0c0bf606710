namespace Cloud.Codec;

/// <summary>
/// CRC-64/XZ (ECMA-182 polynomial reflected, 0xC96C5795D7870F42; initial value and final xor all ones), which raw
/// checksums use.
/// Source: the XZ file format, section 6, and its check value for "123456789".
/// </summary>
public static class Crc64
{
    private const ulong Polynomial = 0xC96C5795D7870F42;
    private static readonly ulong[] Table = MakeTable();

    public static ulong Compute(ReadOnlySpan<byte> bytes) => Append(0, bytes);

    /// <summary>Continues a checksum: <c>Append(Compute(a), b)</c> is the checksum of a followed by b.</summary>
    public static ulong Append(ulong checksum, ReadOnlySpan<byte> bytes)
    {
        var state = ~checksum;
        foreach (var b in bytes)
        {
            state = Table[(byte)state ^ b] ^ (state >> 8);
        }

        return ~state;
    }

    private static ulong[] MakeTable()
    {
        var table = new ulong[256];
        for (var i = 0; i < table.Length; i++)
        {
            var value = (ulong)i;
            for (var bit = 0; bit < 8; bit++)
            {
                value = (value & 1) == 0 ? value >> 1 : (value >> 1) ^ Polynomial;
            }

            table[i] = value;
        }

        return table;
    }
}
