using System.Buffers.Binary;
using Cloud.Codec.Tables;

namespace Cloud.Sql.Catalog;

/// <summary>
/// Keys of the catalog, all under <c>m</c>: <c>msql/version</c>, <c>msql/id</c> (the next id), <c>msql/d/</c> + id (databases),
/// <c>msql/t/</c> + id (tables), <c>msql/a/</c> + table (next AUTO_INCREMENT), <c>msql/r/</c> + table (next row id) and <c>msql/g/</c> +
/// table (dropped tables whose rows are to be removed). Ids are big-endian.
/// </summary>
internal static class CatalogKeys
{
    public static byte[] Version { get; } = "msql/version"u8.ToArray();

    public static byte[] NextId { get; } = "msql/id"u8.ToArray();

    public static byte[] Databases { get; } = "msql/d/"u8.ToArray();

    public static byte[] Tables { get; } = "msql/t/"u8.ToArray();

    public static byte[] Garbage { get; } = "msql/g/"u8.ToArray();

    public static byte[] Database(long id) => WithId(Databases, id);

    public static byte[] Table(long id) => WithId(Tables, id);

    public static byte[] AutoIncrement(long tableId) => WithId("msql/a/"u8, tableId);

    public static byte[] RowId(long tableId) => WithId("msql/r/"u8, tableId);

    public static byte[] GarbageOf(long tableId) => WithId(Garbage, tableId);

    public static byte[] GarbageOf(long tableId, long indexId) => WithId(GarbageOf(tableId), indexId);

    /// <summary>What the keys begin with that a note of garbage is about: a table's, or an index's.</summary>
    public static byte[] GarbagePrefix(ReadOnlySpan<byte> note)
    {
        var ids = note[Garbage.Length..];
        var table = BinaryPrimitives.ReadInt64BigEndian(ids);
        return ids.Length > 8
            ? TableKeys.IndexPrefix(table, BinaryPrimitives.ReadInt64BigEndian(ids[8..]))
            : TableKeys.TablePrefix(table);
    }

    public static long IdOf(ReadOnlySpan<byte> key) => BinaryPrimitives.ReadInt64BigEndian(key[^8..]);

    public static byte[] Number(long value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes;
    }

    public static long ReadNumber(byte[]? value) => value is null ? 0 : BinaryPrimitives.ReadInt64BigEndian(value);

    private static byte[] WithId(ReadOnlySpan<byte> prefix, long id)
    {
        var key = new byte[prefix.Length + 8];
        prefix.CopyTo(key);
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(prefix.Length), id);
        return key;
    }
}
