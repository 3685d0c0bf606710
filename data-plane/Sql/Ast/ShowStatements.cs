namespace Cloud.Sql.Ast;

internal enum ShowKind
{
    Databases,
    Tables,
    TableStatus,
    Columns,
    CreateTable,
    CreateDatabase,
    Index,
    Variables,
    Status,
    Warnings,
    Errors,
    Engines,
    CharacterSets,
    Collations,
    ProcessList,
    Grants,
    Triggers,
    Events,
    ProcedureStatus,
    FunctionStatus,
    Plugins,
    Privileges,
    OpenTables,
    MasterStatus,
    SlaveStatus,
    CountWarnings,
    CountErrors,
}

/// <summary>Any SHOW, and DESCRIBE of a table.</summary>
internal sealed record ShowStatement(ShowKind Kind) : Statement
{
    public bool Full { get; init; }

    public bool Global { get; init; }

    public bool IfNotExists { get; init; }

    public string? Schema { get; init; }

    public TableName? Table { get; init; }

    public Expression? Like { get; init; }

    public Expression? Where { get; init; }

    public LimitClause? Limit { get; init; }
}
