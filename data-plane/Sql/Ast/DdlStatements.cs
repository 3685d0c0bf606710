namespace Cloud.Sql.Ast;

/// <summary>A type as written in DDL or CAST.</summary>
/// <param name="Name">Upper case, synonyms resolved, for example <c>INT</c>, <c>VARCHAR</c>, <c>DATETIME</c>; CAST adds <c>SIGNED</c> and <c>UNSIGNED</c>.</param>
internal sealed record DataTypeSpec(string Name)
{
    /// <summary>Length, display width, precision or fractional seconds; null when not written.</summary>
    public int? Length { get; init; }

    public int? Decimals { get; init; }

    public bool Unsigned { get; init; }

    public bool Zerofill { get; init; }

    public string? Charset { get; init; }

    public string? Collation { get; init; }

    /// <summary>The BINARY attribute: the binary collation of the character set.</summary>
    public bool BinaryCollation { get; init; }
}

internal sealed record CreateDatabaseStatement(string Name, bool IfNotExists, string? Charset, string? Collation) : Statement;

internal sealed record AlterDatabaseStatement(string? Name, string? Charset, string? Collation) : Statement;

internal sealed record DropDatabaseStatement(string Name, bool IfExists) : Statement;

internal sealed record ColumnSpec(string Name, DataTypeSpec Type)
{
    /// <summary>Null when neither NULL nor NOT NULL is written.</summary>
    public bool? Nullable { get; init; }

    /// <summary>A literal, a signed literal or CURRENT_TIMESTAMP; null when there is no DEFAULT clause.</summary>
    public Expression? Default { get; init; }

    public bool OnUpdateNow { get; init; }

    public bool AutoIncrement { get; init; }

    public bool PrimaryKey { get; init; }

    public bool Unique { get; init; }

    public string Comment { get; init; } = string.Empty;
}

internal enum IndexKind
{
    Plain,
    Unique,
    Primary,
}

/// <param name="PrefixLength">In characters (bytes for binary types); null for the whole column.</param>
internal sealed record IndexPartSpec(string Column, int? PrefixLength, bool Descending);

internal sealed record IndexSpec(IndexKind Kind, string? Name, IReadOnlyList<IndexPartSpec> Parts, string Comment);

internal sealed record TableOptions
{
    public string? Charset { get; init; }

    public string? Collation { get; init; }

    public ulong? AutoIncrement { get; init; }

    public string? Comment { get; init; }

    public string? Engine { get; init; }
}

internal sealed record CreateTableStatement(
    TableName Name,
    bool IfNotExists,
    IReadOnlyList<ColumnSpec> Columns,
    IReadOnlyList<IndexSpec> Indexes,
    TableOptions Options) : Statement;

internal sealed record CreateTableLikeStatement(TableName Name, bool IfNotExists, TableName Source) : Statement;

internal sealed record DropTableStatement(IReadOnlyList<TableName> Tables, bool IfExists) : Statement;

/// <summary>DROP VIEW IF EXISTS, which clients and dumps send; there are no views, so without IF EXISTS it fails.</summary>
internal sealed record DropViewStatement(IReadOnlyList<TableName> Views, bool IfExists) : Statement;

internal sealed record TruncateStatement(TableName Table) : Statement;

internal sealed record RenameTableStatement(IReadOnlyList<(TableName From, TableName To)> Renames) : Statement;

internal sealed record AlterTableStatement(TableName Table, IReadOnlyList<TableAlteration> Alterations) : Statement;

internal abstract record TableAlteration;

/// <param name="After">Null: at the end, unless <paramref name="First"/>.</param>
internal sealed record AddColumn(ColumnSpec Column, bool First, string? After) : TableAlteration;

internal sealed record DropColumn(string Name) : TableAlteration;

internal sealed record RenameColumn(string From, string To) : TableAlteration;

/// <summary>MODIFY, or CHANGE when the name differs.</summary>
internal sealed record ChangeColumn(string From, ColumnSpec Column, bool First, string? After) : TableAlteration;

/// <param name="Default">Null drops the default.</param>
internal sealed record SetColumnDefault(string Name, Expression? Default) : TableAlteration;

internal sealed record AddIndex(IndexSpec Index) : TableAlteration;

/// <param name="Name"><c>PRIMARY</c> for the primary key.</param>
internal sealed record DropIndex(string Name) : TableAlteration;

internal sealed record RenameIndex(string From, string To) : TableAlteration;

internal sealed record RenameTo(TableName Name) : TableAlteration;

internal sealed record ChangeTableOptions(TableOptions Options) : TableAlteration;

/// <summary>ENABLE KEYS and DISABLE KEYS: without effect, as in InnoDB.</summary>
internal sealed record ToggleKeys : TableAlteration;
