using System.Text.Json;
using System.Text.Json.Serialization;
using Cloud.Execution.Types;

namespace Cloud.Sql.Catalog;

/// <summary>
/// The stored form of databases and tables: JSON with a format version. A foreign version is refused, so that an older node never
/// misreads what a newer one wrote.
/// </summary>
internal static class CatalogRecords
{
    public const int FormatVersion = 1;

    private static readonly JsonSerializerOptions Options = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
    };

    private sealed record StoredDatabase(int Format, long Id, string Name, ushort Collation);

    private sealed record StoredColumn(
        uint Id,
        string Name,
        byte Type,
        ushort Flags,
        int Length,
        int Decimals,
        ushort Collation,
        DefaultKind DefaultKind,
        byte[]? DefaultText,
        byte[]? OriginalDefaultText,
        bool OnUpdateNow,
        string Comment);

    private sealed record StoredPart(int Column, int? PrefixLength, bool Descending);

    private sealed record StoredIndex(
        long Id, string Name, bool Unique, bool Primary, IndexState State, string Comment, IReadOnlyList<StoredPart> Parts);

    private sealed record StoredTable(
        int Format,
        long Id,
        long DatabaseId,
        string Name,
        ushort Collation,
        string Comment,
        uint NextColumnId,
        long NextIndexId,
        long CreatedUnixSeconds,
        long Revision,
        IReadOnlyList<StoredColumn> Columns,
        IReadOnlyList<StoredIndex> Indexes);

    public static byte[] Write(DatabaseDefinition database) => JsonSerializer.SerializeToUtf8Bytes(
        new StoredDatabase(FormatVersion, database.Id, database.Name, database.CollationId), Options);

    public static DatabaseDefinition ReadDatabase(byte[] bytes)
    {
        var stored = Parse<StoredDatabase>(bytes);
        RequireFormat(stored.Format);
        return new DatabaseDefinition(stored.Id, stored.Name, stored.Collation);
    }

    public static byte[] Write(TableDefinition table) => JsonSerializer.SerializeToUtf8Bytes(
        new StoredTable(
            FormatVersion,
            table.Id,
            table.DatabaseId,
            table.Name,
            table.CollationId,
            table.Comment,
            table.NextColumnId,
            table.NextIndexId,
            table.CreatedUnixSeconds,
            table.Revision,
            [.. table.Columns.Select(Store)],
            [.. table.Indexes.Select(Store)]),
        Options);

    public static TableDefinition ReadTable(byte[] bytes)
    {
        var stored = Parse<StoredTable>(bytes);
        RequireFormat(stored.Format);
        return new TableDefinition
        {
            Id = stored.Id,
            DatabaseId = stored.DatabaseId,
            Name = stored.Name,
            CollationId = stored.Collation,
            Comment = stored.Comment ?? string.Empty,
            NextColumnId = stored.NextColumnId,
            NextIndexId = stored.NextIndexId,
            CreatedUnixSeconds = stored.CreatedUnixSeconds,
            Revision = stored.Revision,
            Columns = [.. stored.Columns.Select(Restore)],
            Indexes = [.. stored.Indexes.Select(Restore)],
        };
    }

    private static StoredColumn Store(ColumnDefinition column) => new(
        column.Id,
        column.Name,
        (byte)column.Type.Type,
        (ushort)column.Type.Flags,
        column.Type.Length,
        column.Type.Decimals,
        column.Type.CollationId,
        column.DefaultKind,
        column.DefaultText,
        column.OriginalDefaultText,
        column.OnUpdateNow,
        column.Comment);

    private static ColumnDefinition Restore(StoredColumn stored)
    {
        var type = new FieldType
        {
            Type = (MySqlType)stored.Type,
            Flags = (FieldFlags)stored.Flags,
            Length = stored.Length,
            Decimals = stored.Decimals,
            CollationId = stored.Collation,
        };
        return new ColumnDefinition
        {
            Id = stored.Id,
            Name = stored.Name,
            Type = type,
            DefaultKind = stored.DefaultKind,
            DefaultText = stored.DefaultText,
            Default = ColumnDefaults.Parse(stored.DefaultText, type),
            OriginalDefaultText = stored.OriginalDefaultText,
            OriginalDefault = ColumnDefaults.Parse(stored.OriginalDefaultText, type),
            OnUpdateNow = stored.OnUpdateNow,
            Comment = stored.Comment ?? string.Empty,
        };
    }

    private static StoredIndex Store(IndexDefinition index) => new(
        index.Id,
        index.Name,
        index.Unique,
        index.Primary,
        index.State,
        index.Comment,
        [.. index.Parts.Select(part => new StoredPart(part.Column, part.PrefixLength, part.Descending))]);

    private static IndexDefinition Restore(StoredIndex stored) => new()
    {
        Id = stored.Id,
        Name = stored.Name,
        Unique = stored.Unique,
        Primary = stored.Primary,
        State = stored.State,
        Comment = stored.Comment ?? string.Empty,
        Parts = [.. stored.Parts.Select(part => new IndexPart(part.Column, part.PrefixLength, part.Descending))],
    };

    private static T Parse<T>(byte[] bytes) =>
        JsonSerializer.Deserialize<T>(bytes, Options) ?? throw new InvalidDataException("a catalog record is empty");

    private static void RequireFormat(int format)
    {
        if (format != FormatVersion)
        {
            throw new InvalidDataException(
                $"the catalog has format {format}, this build reads {FormatVersion}; run the version of the SQL service that wrote it");
        }
    }
}
