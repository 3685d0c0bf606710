namespace Cloud.Codec;

/// <summary>
/// Who owns a part of the physical key space: the first byte of every data key. Modes are chosen per request, so data
/// of one mode must never be reachable from another, whatever bytes the users put in their keys.
/// Source: the storage design document, "Key modes" (TiKV has one mode per cluster and one byte, 'z').
/// </summary>
public static class DataPrefix
{
    /// <summary>
    /// API V1: transactional keys in the default, lock and write column families; raw keys in the raw one.
    /// </summary>
    public const byte V1 = (byte)'z';

    /// <summary>API V1TTL: raw keys whose values end in an expiry, in the raw column family.</summary>
    public const byte V1Ttl = (byte)'y';

    /// <summary>
    /// API V2: keys that begin with a mode and a keyspace, in the default, lock and write column families.
    /// </summary>
    public const byte V2 = (byte)'x';

    /// <summary>The byte after a prefix: the exclusive end of its part of the key space.</summary>
    public static byte After(byte prefix) => (byte)(prefix + 1);
}

/// <summary>
/// Physical keys: prefix, then the memcomparable form of the user's key (transactional and V2) or the key itself (V1
/// raw), then, for versioned entries, the complemented timestamp.
/// Source: the TiKV key format: <c>'z' + MCE(key) + BE64(~ts)</c>.
/// </summary>
public static class DataKey
{
    /// <summary>Bytes of an encoded data key without a timestamp.</summary>
    public static int EncodedLength(int userKeyLength) => 1 + MemComparable.EncodedLength(userKeyLength);

    /// <summary>Prefix and memcomparable key.</summary>
    public static byte[] Encode(byte prefix, ReadOnlySpan<byte> userKey)
    {
        var key = new byte[EncodedLength(userKey.Length)];
        key[0] = prefix;
        MemComparable.Encode(userKey, key.AsSpan(1));
        return key;
    }

    /// <summary>Writes prefix and memcomparable key, and returns the bytes written.</summary>
    public static int Encode(byte prefix, ReadOnlySpan<byte> userKey, Span<byte> destination)
    {
        destination[0] = prefix;
        return 1 + MemComparable.Encode(userKey, destination[1..]);
    }

    /// <summary>Prefix and the key as it is.</summary>
    public static byte[] Plain(byte prefix, ReadOnlySpan<byte> userKey)
    {
        var key = new byte[1 + userKey.Length];
        key[0] = prefix;
        userKey.CopyTo(key.AsSpan(1));
        return key;
    }

    /// <summary>A data key with a timestamp behind it.</summary>
    public static byte[] WithTimestamp(ReadOnlySpan<byte> dataKey, ulong timestamp)
    {
        var key = new byte[dataKey.Length + Tso.SuffixBytes];
        WithTimestamp(dataKey, timestamp, key);
        return key;
    }

    /// <summary>Writes a data key with a timestamp behind it, and returns the bytes written.</summary>
    public static int WithTimestamp(ReadOnlySpan<byte> dataKey, ulong timestamp, Span<byte> destination)
    {
        dataKey.CopyTo(destination);
        Tso.WriteSuffix(destination.Slice(dataKey.Length, Tso.SuffixBytes), timestamp);
        return dataKey.Length + Tso.SuffixBytes;
    }

    /// <summary>The part of a versioned key before its timestamp.</summary>
    /// <exception cref="CodecException">The key is too short to have one.</exception>
    public static ReadOnlySpan<byte> WithoutTimestamp(ReadOnlySpan<byte> versionedKey) =>
        versionedKey.Length > Tso.SuffixBytes
            ? versionedKey[..^Tso.SuffixBytes]
            : throw CodecException.Malformed("a versioned key", versionedKey);

    /// <summary>The user's key inside a data key without timestamp.</summary>
    /// <exception cref="CodecException">The key is not of that form.</exception>
    public static byte[] DecodeUserKey(ReadOnlySpan<byte> dataKey)
    {
        if (dataKey.Length < 1
            || !MemComparable.TryDecode(dataKey[1..], out var userKey, out var consumed)
            || consumed != dataKey.Length - 1)
        {
            throw CodecException.Malformed("a data key", dataKey);
        }

        return userKey;
    }
}
