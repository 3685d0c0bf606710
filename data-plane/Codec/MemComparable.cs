using System.Diagnostics.CodeAnalysis;

namespace Cloud.Codec;

/// <summary>
/// Byte strings in a form whose order under memcmp is the order of the originals, and where no encoding is a prefix of
/// another: groups of 8 bytes, the last padded with zeros, each followed by a marker 0xFF − padding. A string whose
/// length is a multiple of 8 (also the empty one) ends in a group of padding alone. The descending form is the bitwise
/// complement of the ascending one.
/// Source: MyRocks, "Record format", memcomparable format; the layout and vectors of the TiKV key format.
/// </summary>
public static class MemComparable
{
    /// <summary>Payload bytes of a group.</summary>
    public const int GroupBytes = 8;

    private const int EncodedGroupBytes = GroupBytes + 1;
    private const byte FullMarker = 0xFF;

    /// <summary>Bytes that a string of <paramref name="length"/> bytes takes when encoded.</summary>
    public static int EncodedLength(int length) => checked(((length / GroupBytes) + 1) * EncodedGroupBytes);

    /// <summary>Encodes into the front of <paramref name="destination"/>, which does not overlap the source.</summary>
    /// <returns>The bytes written: <see cref="EncodedLength"/> of the source's length.</returns>
    /// <exception cref="ArgumentException">The destination is shorter than that.</exception>
    public static int Encode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        var total = EncodedLength(source.Length);
        if (destination.Length < total)
        {
            throw new ArgumentException(
                $"{total} bytes are needed, {destination.Length} were given", nameof(destination));
        }

        var at = 0;
        while (source.Length >= GroupBytes)
        {
            source[..GroupBytes].CopyTo(destination[at..]);
            destination[at + GroupBytes] = FullMarker;
            source = source[GroupBytes..];
            at += EncodedGroupBytes;
        }

        var last = destination.Slice(at, EncodedGroupBytes);
        source.CopyTo(last);
        last[source.Length..GroupBytes].Clear();
        last[GroupBytes] = (byte)(FullMarker - (GroupBytes - source.Length));
        return total;
    }

    /// <summary>As <see cref="Encode(ReadOnlySpan{byte}, Span{byte})"/>, in a new array.</summary>
    public static byte[] Encode(ReadOnlySpan<byte> source)
    {
        var encoded = new byte[EncodedLength(source.Length)];
        Encode(source, encoded);
        return encoded;
    }

    /// <summary>
    /// As <see cref="Encode(ReadOnlySpan{byte}, Span{byte})"/>, in the form that sorts the other way around.
    /// </summary>
    public static int EncodeDescending(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        var written = Encode(source, destination);
        Complement(destination[..written]);
        return written;
    }

    /// <summary>
    /// Decodes the string at the front of <paramref name="encoded"/>; bytes after it are left alone.
    /// </summary>
    /// <param name="destination">At least 8/9 of the bytes consumed; may be the very start of
    /// <paramref name="encoded"/>.</param>
    /// <param name="consumed">Encoded bytes read.</param>
    /// <param name="written">Decoded bytes.</param>
    /// <returns>False when the input ends early, a marker is out of range, padding is not zero or the destination is
    /// too short.</returns>
    public static bool TryDecode(
        ReadOnlySpan<byte> encoded, Span<byte> destination, out int consumed, out int written) =>
        TryDecode(encoded, destination, complement: 0, out consumed, out written);

    /// <summary>
    /// As <see cref="TryDecode(ReadOnlySpan{byte}, Span{byte}, out int, out int)"/>, of the descending form.
    /// </summary>
    public static bool TryDecodeDescending(
        ReadOnlySpan<byte> encoded, Span<byte> destination, out int consumed, out int written) =>
        TryDecode(encoded, destination, complement: 0xFF, out consumed, out written);

    /// <summary>Decodes the string at the front of <paramref name="encoded"/> into a new array.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out byte[]? decoded, out int consumed)
    {
        decoded = null;
        var length = EncodedSpan(encoded);
        consumed = 0;
        if (length < 0)
        {
            return false;
        }

        var padding = FullMarker - encoded[length - 1];
        var buffer = new byte[(length / EncodedGroupBytes * GroupBytes) - padding];
        if (!TryDecode(encoded, buffer, out consumed, out _))
        {
            return false;
        }

        decoded = buffer;
        return true;
    }

    /// <summary>
    /// The bytes that the encoded string at the front takes, found without decoding it; −1 when it is not complete.
    /// </summary>
    public static int EncodedSpan(ReadOnlySpan<byte> encoded)
    {
        for (var end = EncodedGroupBytes; end <= encoded.Length; end += EncodedGroupBytes)
        {
            var marker = encoded[end - 1];
            if (marker != FullMarker)
            {
                return marker >= FullMarker - GroupBytes ? end : -1;
            }
        }

        return -1;
    }

    private static bool TryDecode(
        ReadOnlySpan<byte> encoded, Span<byte> destination, byte complement, out int consumed, out int written)
    {
        consumed = written = 0;
        while (encoded.Length - consumed >= EncodedGroupBytes)
        {
            var group = encoded.Slice(consumed, EncodedGroupBytes);
            var padding = FullMarker - (byte)(group[GroupBytes] ^ complement);
            if (padding > GroupBytes || destination.Length - written < GroupBytes - padding)
            {
                return false;
            }

            var payload = GroupBytes - padding;
            for (var i = payload; i < GroupBytes; i++)
            {
                if ((group[i] ^ complement) != 0)
                {
                    return false;
                }
            }

            var target = destination.Slice(written, payload);
            group[..payload].CopyTo(target);
            if (complement != 0)
            {
                Complement(target);
            }

            consumed += EncodedGroupBytes;
            written += payload;
            if (padding != 0)
            {
                return true;
            }
        }

        return false;
    }

    private static void Complement(Span<byte> bytes)
    {
        foreach (ref var b in bytes)
        {
            b = (byte)~b;
        }
    }
}
