namespace Cloud.Sql.Ast;

/// <summary>Something that yields rows: a SELECT, a UNION or VALUES-less parenthesised query.</summary>
internal abstract record Query : Statement
{
    public IReadOnlyList<OrderItem> OrderBy { get; init; } = [];

    public LimitClause? Limit { get; init; }
}

internal enum RowLockKind
{
    None,
    Share,
    Update,
}

internal enum LockWaitPolicy
{
    Wait,
    NoWait,
    SkipLocked,
}

internal sealed record SelectQuery(
    bool Distinct,
    IReadOnlyList<SelectItem> Items,
    TableSource? From,
    Expression? Where,
    IReadOnlyList<Expression> GroupBy,
    Expression? Having) : Query
{
    public bool CalculateFoundRows { get; init; }

    public bool WithRollup { get; init; }

    public RowLockKind Lock { get; init; }

    public LockWaitPolicy LockWait { get; init; }
}

/// <summary>Left-associative chain; <see cref="All"/> tells whether duplicates are kept.</summary>
internal sealed record UnionQuery(Query Left, Query Right, bool All) : Query;

/// <summary>One output column, or a star when <see cref="Expression"/> is null.</summary>
/// <param name="Expression">Null for <c>*</c> and <c>table.*</c>.</param>
/// <param name="Alias">As written after AS; null when there is none.</param>
/// <param name="Text">The source text, which names the column when there is no alias.</param>
/// <param name="StarSchema">Schema of <c>schema.table.*</c>.</param>
/// <param name="StarTable">Table of <c>table.*</c>.</param>
internal sealed record SelectItem(Expression? Expression, string? Alias, string Text, string? StarSchema, string? StarTable);

internal sealed record OrderItem(Expression Expression, bool Descending);

/// <summary>Both are literals or parameters.</summary>
internal sealed record LimitClause(Expression Count, Expression? Offset);

internal sealed record TableName(string? Schema, string Name)
{
    public override string ToString() => Schema is null ? Name : $"{Schema}.{Name}";
}

internal abstract record TableSource;

internal sealed record NamedTable(TableName Name, string? Alias) : TableSource;

internal sealed record DerivedTable(Query Query, string Alias, IReadOnlyList<string> ColumnAliases) : TableSource;

internal enum JoinKind
{
    Inner,
    Left,
    Right,
}

/// <summary>A join; at most one of <paramref name="On"/> and <paramref name="Using"/> is present.</summary>
internal sealed record JoinSource(
    JoinKind Kind, TableSource Left, TableSource Right, Expression? On, IReadOnlyList<string>? Using, bool Natural) : TableSource;
