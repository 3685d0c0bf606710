using System.Buffers.Binary;

namespace Cloud.Codec.Tables;

/// <summary>
/// Keys of tables: <c>t</c> + table + <c>_r</c> + handle for rows, <c>t</c> + table + <c>_i</c> + index + datums for index entries, the
/// ids as big-endian numbers with the sign bit flipped, so that keys sort as ids do.
/// Source: TiDB's key layout (KV-PROTOCOL Annex B).
/// </summary>
public static class TableKeys
{
    /// <summary>Bytes before the handle of a row, and before the datums' index id.</summary>
    public const int RowPrefixBytes = 1 + 8 + 2;

    /// <summary>Bytes of a row's key whose handle is an integer.</summary>
    public const int IntegerRowBytes = RowPrefixBytes + 8;

    /// <summary>Bytes before the datums of an index entry.</summary>
    public const int IndexPrefixBytes = RowPrefixBytes + 8;

    private const ulong SignBit = 1UL << 63;

    /// <summary>A signed number so that its bytes sort as it does.</summary>
    public static void WriteInt64(Span<byte> destination, long value) =>
        BinaryPrimitives.WriteUInt64BigEndian(destination, (ulong)value ^ SignBit);

    public static long ReadInt64(ReadOnlySpan<byte> source) => (long)(BinaryPrimitives.ReadUInt64BigEndian(source) ^ SignBit);

    /// <summary>The key of a row by integer handle.</summary>
    public static byte[] Row(long tableId, long handle)
    {
        var key = new byte[IntegerRowBytes];
        WritePrefix(key, tableId, (byte)'r');
        WriteInt64(key.AsSpan(RowPrefixBytes), handle);
        return key;
    }

    /// <summary>The key of a row by handle bytes: 8 bytes of an integer, or the datums of a clustered key.</summary>
    public static byte[] Row(long tableId, ReadOnlySpan<byte> handle)
    {
        var key = new byte[RowPrefixBytes + handle.Length];
        WritePrefix(key, tableId, (byte)'r');
        handle.CopyTo(key.AsSpan(RowPrefixBytes));
        return key;
    }

    /// <summary>What all rows of a table begin with.</summary>
    public static byte[] RowPrefix(long tableId) => Row(tableId, []);

    /// <summary>What all entries of an index begin with.</summary>
    public static byte[] IndexPrefix(long tableId, long indexId)
    {
        var key = new byte[IndexPrefixBytes];
        WritePrefix(key, tableId, (byte)'i');
        WriteInt64(key.AsSpan(RowPrefixBytes), indexId);
        return key;
    }

    /// <summary>What rows and index entries of a table begin with.</summary>
    public static byte[] TablePrefix(long tableId) => RowPrefix(tableId)[..9];

    /// <summary>The handle bytes of a row's key.</summary>
    public static ReadOnlySpan<byte> HandleOf(ReadOnlySpan<byte> rowKey) => rowKey[RowPrefixBytes..];

    /// <summary>Reads table and index of an index entry's key; false for other keys.</summary>
    public static bool TryParseIndex(ReadOnlySpan<byte> key, out long tableId, out long indexId)
    {
        tableId = indexId = 0;
        if (key.Length < IndexPrefixBytes || key[0] != 't' || key[9] != '_' || key[10] != 'i')
        {
            return false;
        }

        tableId = ReadInt64(key[1..]);
        indexId = ReadInt64(key[RowPrefixBytes..]);
        return true;
    }

    /// <summary>Reads the table of a row's key; false for other keys.</summary>
    public static bool TryParseRow(ReadOnlySpan<byte> key, out long tableId)
    {
        tableId = 0;
        if (key.Length < RowPrefixBytes || key[0] != 't' || key[9] != '_' || key[10] != 'r')
        {
            return false;
        }

        tableId = ReadInt64(key[1..]);
        return true;
    }

    /// <summary>The least key greater than all that begin with <paramref name="prefix"/>; empty when there is none.</summary>
    public static byte[] PrefixEnd(ReadOnlySpan<byte> prefix)
    {
        var end = prefix.ToArray();
        for (var i = end.Length - 1; i >= 0; i--)
        {
            if (++end[i] != 0)
            {
                return end[..(i + 1)];
            }
        }

        return [];
    }

    private static void WritePrefix(Span<byte> key, long tableId, byte kind)
    {
        key[0] = (byte)'t';
        WriteInt64(key[1..], tableId);
        key[9] = (byte)'_';
        key[10] = kind;
    }
}
