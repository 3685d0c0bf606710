using Cloud.Execution.Types;
using Cloud.Sql.Ast;

namespace Cloud.Sql.Planning;

/// <summary>A column of some relation of the query, after names are resolved. Ids are unique in a statement.</summary>
internal sealed record BoundColumn(int Id, FieldType Type, string Name) : Expression;

/// <summary>A subquery that is run before the rows are read; its result stands here.</summary>
internal sealed record BoundSubquery(SubqueryPlan Plan) : Expression;

/// <summary><c>operand IN (subquery)</c> with the rows of the subquery held in memory.</summary>
internal sealed record BoundInSubquery(IReadOnlyList<Expression> Operands, SubqueryPlan Plan, bool Negated) : Expression;

/// <summary>A column that a name can mean.</summary>
internal sealed record ScopeColumn(BoundColumn Column, string? Schema, string? Table, string Name, ResultColumn Origin)
{
    /// <summary>Not part of <c>*</c>: the right side of USING, and row ids.</summary>
    public bool Hidden { get; init; }
}

/// <summary>What the subquery's rows are used for.</summary>
internal enum SubqueryUse
{
    Scalar,
    Exists,
    Set,
}

/// <summary>A subquery inside an expression.</summary>
internal sealed class SubqueryPlan(PlanNode root, SubqueryUse use, FieldType type)
{
    public PlanNode Root => root;

    public SubqueryUse Use => use;

    public FieldType Type => type;

    /// <summary>Columns of the query around it that it reads; empty when it can be run once, before the rest.</summary>
    public required IReadOnlyList<BoundColumn> Outer { get; init; }

    /// <summary>Where the result of a scalar or EXISTS subquery is put.</summary>
    public DeferredExpression Result { get; } = new(type);

    public SubqueryRows Rows { get; } = new();
}
