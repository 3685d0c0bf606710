using System.Buffers.Binary;

namespace Cloud.Codec.Tables;

/// <summary>
/// The value of an index entry. Entries that carry the handle in their key (of plain indexes, and of unique ones with a NULL) hold the
/// one byte <c>0</c>; entries of unique indexes hold the handle: 8 bytes of an integer, or a tail length of 0, the flag 127, a length
/// and the datums of a clustered key.
/// Source: TiDB's index value layout.
/// </summary>
public static class IndexValue
{
    private const byte ClusteredHandleFlag = 127;
    private const int ClusteredHeaderBytes = 4;

    /// <summary>The value of an entry whose key ends in the handle.</summary>
    public static ReadOnlyMemory<byte> HandleInKey { get; } = "0"u8.ToArray();

    /// <summary>The value of a unique entry.</summary>
    /// <param name="integer">Whether the handle is 8 bytes of an integer.</param>
    public static byte[] OfUnique(ReadOnlySpan<byte> handle, bool integer)
    {
        if (integer)
        {
            return handle.ToArray();
        }

        var value = new byte[ClusteredHeaderBytes + handle.Length];
        value[1] = ClusteredHandleFlag;
        BinaryPrimitives.WriteUInt16BigEndian(value.AsSpan(2), checked((ushort)handle.Length));
        handle.CopyTo(value.AsSpan(ClusteredHeaderBytes));
        return value;
    }

    /// <summary>The handle in a unique entry's value; empty when it is in the key.</summary>
    /// <exception cref="CodecException">The value has another form.</exception>
    public static ReadOnlySpan<byte> HandleOf(ReadOnlySpan<byte> value)
    {
        if (value.Length == 1)
        {
            return [];
        }

        if (value.Length == 8)
        {
            return value;
        }

        if (value.Length < ClusteredHeaderBytes || value[0] != 0 || value[1] != ClusteredHandleFlag
            || value.Length != ClusteredHeaderBytes + BinaryPrimitives.ReadUInt16BigEndian(value[2..]))
        {
            throw new CodecException($"an index entry's value of {value.Length} bytes holds no handle");
        }

        return value[ClusteredHeaderBytes..];
    }
}
