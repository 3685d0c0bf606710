namespace Cloud.Kernel;

/// <summary>
/// Crockford's base 32 for 128-bit values: 26 lower-case characters, most significant first, so that text order is value order.
/// Source: Douglas Crockford, "Base 32" (alphabet without i, l, o, u); the ULID specification for the 26-character layout.
/// </summary>
public static class Crockford32
{
    /// <summary>Characters of an encoded 128-bit value.</summary>
    public const int Length = 26;

    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    /// <summary>Encodes the big-endian bytes of <paramref name="value"/>.</summary>
    public static string Encode(Guid value)
    {
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        var bits = new UInt128(ReadUInt64(bytes), ReadUInt64(bytes[8..]));
        return string.Create(Length, bits, static (text, remaining) =>
        {
            for (var i = text.Length - 1; i >= 0; i--)
            {
                text[i] = Alphabet[(int)(remaining & 31)];
                remaining >>= 5;
            }
        });
    }

    /// <summary>Decodes exactly the text that <see cref="Encode"/> gives; no aliases, no upper case, no overflow past 128 bits.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, out Guid value)
    {
        value = default;
        if (text.Length != Length || text[0] > '7')
        {
            return false;
        }

        UInt128 bits = 0;
        foreach (var character in text)
        {
            var digit = Alphabet.IndexOf(character);
            if (digit < 0)
            {
                return false;
            }

            bits = (bits << 5) | (uint)digit;
        }

        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, bits);
        value = new Guid(bytes, bigEndian: true);
        return true;
    }

    private static ulong ReadUInt64(ReadOnlySpan<byte> bytes) =>
        System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes);
}
