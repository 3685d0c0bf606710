namespace Cloud.Sql.Ast;

/// <summary>One parsed statement.</summary>
internal abstract record Statement
{
    /// <summary>How many question marks it holds.</summary>
    public int ParameterCount { get; init; }
}

internal enum InsertKind
{
    Insert,
    Ignore,
    Replace,
}

internal sealed record Assignment(ColumnReference Column, Expression Value);

/// <summary>INSERT or REPLACE. Exactly one of <see cref="Rows"/> and <see cref="Source"/> is present.</summary>
/// <param name="Columns">Empty means all, in order of the table.</param>
internal sealed record InsertStatement(
    InsertKind Kind,
    TableName Table,
    IReadOnlyList<string> Columns,
    IReadOnlyList<IReadOnlyList<Expression>>? Rows,
    Query? Source,
    IReadOnlyList<Assignment> OnDuplicate) : Statement;

internal sealed record UpdateStatement(
    bool Ignore,
    TableSource Target,
    IReadOnlyList<Assignment> Assignments,
    Expression? Where,
    IReadOnlyList<OrderItem> OrderBy,
    Expression? Limit) : Statement;

/// <param name="Targets">Names or aliases to delete from in the multi-table form; empty in the single-table form.</param>
internal sealed record DeleteStatement(
    IReadOnlyList<TableName> Targets,
    TableSource From,
    Expression? Where,
    IReadOnlyList<OrderItem> OrderBy,
    Expression? Limit) : Statement;

internal sealed record ExplainStatement(Statement Target, bool Tree) : Statement;

internal sealed record UseStatement(string Schema) : Statement;

internal sealed record BeginStatement(bool ReadOnly, bool ConsistentSnapshot) : Statement;

internal sealed record CommitStatement(bool Chain) : Statement;

internal sealed record RollbackStatement(bool Chain) : Statement;

internal sealed record SavepointStatement(string Name) : Statement;

internal sealed record RollbackToStatement(string Name) : Statement;

internal sealed record ReleaseSavepointStatement(string Name) : Statement;

/// <summary>One assignment of SET.</summary>
/// <param name="Value">Null means DEFAULT.</param>
internal sealed record VariableAssignment(VariableScope Scope, string Name, Expression? Value);

internal sealed record SetStatement(IReadOnlyList<VariableAssignment> Assignments) : Statement;

/// <summary>SET NAMES or SET CHARACTER SET.</summary>
/// <param name="Charset">Null means DEFAULT.</param>
internal sealed record SetNamesStatement(string? Charset, string? Collation) : Statement;

/// <param name="Scope">Implicit: the next transaction only.</param>
internal sealed record SetTransactionStatement(VariableScope Scope, string? IsolationLevel, bool? ReadOnly) : Statement;

internal sealed record KillStatement(bool QueryOnly, Expression ConnectionId) : Statement;

/// <summary>LOCK TABLES and UNLOCK TABLES: accepted, since every statement already reads a consistent snapshot.</summary>
internal sealed record LockTablesStatement(IReadOnlyList<TableName> Tables) : Statement;

internal sealed record FlushStatement : Statement;

internal enum TableMaintenance
{
    Analyze,
    Check,
    Optimize,
    Repair,
}

internal sealed record TableMaintenanceStatement(TableMaintenance Kind, IReadOnlyList<TableName> Tables) : Statement;

internal sealed record PrepareStatement(string Name, Expression Text) : Statement;

internal sealed record ExecuteStatement(string Name, IReadOnlyList<string> Variables) : Statement;

internal sealed record DeallocateStatement(string Name) : Statement;

/// <summary>A statement that is nothing but a comment.</summary>
internal sealed record EmptyStatement : Statement;

/// <summary>DO expr, …</summary>
internal sealed record DoStatement(IReadOnlyList<Expression> Expressions) : Statement;
