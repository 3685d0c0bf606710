using Cloud.Execution.Operators;
using Cloud.Sql.Ast;

namespace Cloud.Sql.Planning;

/// <summary>
/// One step of a plan: what it yields, how many rows that may be, and how to make the operator that does it. Immutable, so that a plan
/// can be kept and run again.
/// </summary>
internal abstract class PlanNode
{
    /// <summary>The columns of each row, in order.</summary>
    public abstract IReadOnlyList<BoundColumn> Columns { get; }

    /// <summary>An estimate, at least 1.</summary>
    public abstract double Rows { get; }

    public virtual IReadOnlyList<PlanNode> Children => [];

    /// <summary>One line of EXPLAIN without the estimate.</summary>
    public abstract string Describe();

    public abstract Operator Create(PlanRuntime runtime);

    /// <summary>Subqueries that must have run before rows are read.</summary>
    public virtual IEnumerable<Expression> Expressions => [];
}
