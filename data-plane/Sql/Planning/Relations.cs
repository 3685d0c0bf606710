using Cloud.Sql.Ast;
using Cloud.Sql.Catalog;

namespace Cloud.Sql.Planning;

/// <summary>What FROM names, before access paths and join methods are chosen.</summary>
internal abstract class Relation
{
    /// <summary>Ids of all columns that it can give.</summary>
    public abstract IEnumerable<int> ColumnIds { get; }
}

/// <param name="columns">One per column of the table, and the row id behind them where there is one.</param>
internal sealed class TableRelation(TableDefinition table, string schema, string alias, IReadOnlyList<BoundColumn> columns) : Relation
{
    public TableDefinition Table => table;

    public string Schema => schema;

    public string Alias => alias;

    public IReadOnlyList<BoundColumn> Columns => columns;

    public override IEnumerable<int> ColumnIds => columns.Select(column => column.Id);
}

/// <summary>A derived or virtual table, or one row of nothing.</summary>
internal sealed class PlannedRelation(PlanNode plan) : Relation
{
    public PlanNode Plan => plan;

    public override IEnumerable<int> ColumnIds => plan.Columns.Select(column => column.Id);
}

/// <summary>A join; a right join is a left join the other way around.</summary>
internal sealed class JoinRelation(Relation left, Relation right, bool outer, IReadOnlyList<Expression> conditions) : Relation
{
    public Relation Left => left;

    public Relation Right => right;

    public bool Outer => outer;

    public IReadOnlyList<Expression> Conditions => conditions;

    public override IEnumerable<int> ColumnIds => left.ColumnIds.Concat(right.ColumnIds);
}
