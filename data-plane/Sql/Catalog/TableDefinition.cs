using Cloud.Execution.Types;

namespace Cloud.Sql.Catalog;

internal sealed record DatabaseDefinition(long Id, string Name, ushort CollationId);

/// <summary>Where a column's value comes from when a statement gives none.</summary>
internal enum DefaultKind
{
    /// <summary>No DEFAULT clause: NULL where allowed, else error 1364.</summary>
    None,
    Value,
    CurrentTimestamp,
}

internal sealed record ColumnDefinition
{
    /// <summary>Unique in the table's life, from 1; the id that rows are stored under.</summary>
    public required uint Id { get; init; }

    public required string Name { get; init; }

    /// <summary>With the flags that the protocol shows.</summary>
    public required FieldType Type { get; init; }

    public bool Nullable => !Type.IsNotNull;

    public DefaultKind DefaultKind { get; init; }

    /// <summary>The text of the default; null for DEFAULT NULL and for other kinds.</summary>
    public byte[]? DefaultText { get; init; }

    /// <summary><see cref="DefaultText"/> as a value of the column.</summary>
    public Datum Default { get; init; }

    /// <summary>What rows hold that were written before the column was added.</summary>
    public Datum OriginalDefault { get; init; }

    public byte[]? OriginalDefaultText { get; init; }

    public bool OnUpdateNow { get; init; }

    public bool AutoIncrement => Type.Flags.HasFlag(FieldFlags.AutoIncrement);

    public string Comment { get; init; } = string.Empty;
}

/// <summary>
/// How far an index has come. A change moves through these in order, each in a transaction of its own and only when every node has seen
/// the one before, so that at any moment nodes differ by at most one step.
/// Source: Rae et al., "Online, Asynchronous Schema Change in F1".
/// </summary>
internal enum IndexState
{
    /// <summary>Entries are removed with their rows, never added or read.</summary>
    DeleteOnly,

    /// <summary>Entries are kept up to date, not read.</summary>
    WriteOnly,
    Public,
}

/// <param name="Column">Position in the table's columns.</param>
/// <param name="PrefixLength">In characters, bytes for binary types; null for the whole column.</param>
internal sealed record IndexPart(int Column, int? PrefixLength, bool Descending);

internal sealed record IndexDefinition
{
    public required long Id { get; init; }

    public required string Name { get; init; }

    public required IReadOnlyList<IndexPart> Parts { get; init; }

    public bool Unique { get; init; }

    public bool Primary { get; init; }

    public IndexState State { get; init; } = IndexState.Public;

    public string Comment { get; init; } = string.Empty;
}

/// <summary>What identifies a row in storage.</summary>
internal enum HandleKind
{
    /// <summary>A hidden number: the table has no primary key.</summary>
    RowId,

    /// <summary>The primary key is one integer column, whose value is the handle and is not stored again.</summary>
    Integer,

    /// <summary>The primary key's columns as they are encoded in keys.</summary>
    Clustered,
}

/// <summary>A table at one schema version. Immutable.</summary>
internal sealed record TableDefinition
{
    /// <summary>Unique in the cluster, never reused; part of every key of the table.</summary>
    public required long Id { get; init; }

    public required long DatabaseId { get; init; }

    public required string Name { get; init; }

    public required IReadOnlyList<ColumnDefinition> Columns { get; init; }

    /// <summary>With the primary key first, where there is one.</summary>
    public required IReadOnlyList<IndexDefinition> Indexes { get; init; }

    public ushort CollationId { get; init; } = Collation.DefaultId;

    public string Comment { get; init; } = string.Empty;

    public uint NextColumnId { get; init; } = 1;

    public long NextIndexId { get; init; } = 1;

    public long CreatedUnixSeconds { get; init; }

    /// <summary>The schema version of its last change; a transaction that wrote under another one fails at commit.</summary>
    public long Revision { get; init; }

    public IndexDefinition? PrimaryKey => Indexes.Count > 0 && Indexes[0].Primary ? Indexes[0] : null;

    public HandleKind HandleKind => PrimaryKey is not { } key ? HandleKind.RowId
        : key.Parts.Count == 1 && key.Parts[0].PrefixLength is null && Columns[key.Parts[0].Column].Type is { IsInteger: true, Type: not MySqlType.Year and not MySqlType.Bit }
            ? HandleKind.Integer
            : HandleKind.Clustered;

    /// <summary>Position of the column that is the handle, or -1.</summary>
    public int HandleColumn => HandleKind == HandleKind.Integer ? PrimaryKey!.Parts[0].Column : -1; // An integer handle has a key.

    public int AutoIncrementColumn
    {
        get
        {
            for (var i = 0; i < Columns.Count; i++)
            {
                if (Columns[i].AutoIncrement)
                {
                    return i;
                }
            }

            return -1;
        }
    }

    /// <summary>Position by name, or -1; names of columns ignore case.</summary>
    public int FindColumn(string name)
    {
        for (var i = 0; i < Columns.Count; i++)
        {
            if (string.Equals(Columns[i].Name, name, StringComparison.OrdinalIgnoreCase))
            {
                return i;
            }
        }

        return -1;
    }

    public IndexDefinition? FindIndex(string name) =>
        Indexes.FirstOrDefault(index => string.Equals(index.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether the index is stored apart from the rows; a primary key is the rows.</summary>
    public bool IsSecondary(IndexDefinition index) => !index.Primary;
}
