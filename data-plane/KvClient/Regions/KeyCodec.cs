using Cloud.Codec;

namespace Cloud.KvClient.Regions;

/// <summary>
/// How users' keys are placed in the key space of regions: transactional keys memcomparable-encoded, raw keys as they are.
/// Source: KV-PROTOCOL §1.6.
/// </summary>
internal static class KeyCodec
{
    /// <summary>The region key of a transactional key.</summary>
    public static byte[] Encode(ReadOnlySpan<byte> key) => MemComparable.Encode(key);

    /// <summary>As <see cref="Encode"/>, of an array.</summary>
    public static byte[] EncodeArray(byte[] key) => MemComparable.Encode(key);

    /// <summary>
    /// The least transactional key at or above a region's boundary; empty for an empty boundary. A boundary that a raw key made is not an
    /// encoded key; then the payload of its last, partial group counts without the padding.
    /// </summary>
    public static byte[] DecodeBoundary(ReadOnlySpan<byte> boundary)
    {
        if (boundary.IsEmpty)
        {
            return [];
        }

        if (MemComparable.TryDecode(boundary, out var key, out var consumed) && consumed == boundary.Length)
        {
            return key;
        }

        var payload = new List<byte>(boundary.Length);
        while (boundary.Length > MemComparable.GroupBytes && boundary[MemComparable.GroupBytes] == 0xFF)
        {
            payload.AddRange(boundary[..MemComparable.GroupBytes]);
            boundary = boundary[(MemComparable.GroupBytes + 1)..];
        }

        payload.AddRange(boundary[..Math.Min(boundary.Length, MemComparable.GroupBytes)].TrimEnd((byte)0));
        return [.. payload];
    }
}
