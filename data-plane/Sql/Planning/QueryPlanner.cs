using Cloud.Execution.Types;
using Cloud.Sql.Ast;

namespace Cloud.Sql.Planning;

/// <summary>A query ready to run, with the columns that its client sees.</summary>
internal sealed record PlannedQuery(PlanNode Root, IReadOnlyList<ResultColumn> Output);

/// <summary>Plans queries: SELECT, UNION and subqueries.</summary>
internal sealed class QueryPlanner(PlanningContext context)
{
    /// <exception cref="SqlException">Whatever is wrong with the query's names and types.</exception>
    public PlannedQuery Plan(Query query, NameScope? outer) => query switch
    {
        SelectQuery select => new SelectPlanner(context, this, select, outer).Plan(),
        UnionQuery union => Union(union, outer),
        _ => throw Errors.NotSupported(query.GetType().Name),
    };

    /// <summary>A query inside an expression, and the columns of the queries around it that it reads.</summary>
    public (PlanNode Root, IReadOnlyList<BoundColumn> Captured) PlanSubquery(Query query, NameScope outer, SubqueryUse use)
    {
        var boundary = new NameScope(outer);
        if (use == SubqueryUse.Exists && query is SelectQuery { Limit: null } select)
        {
            query = select with { Limit = new LimitClause(Literal.Integer(1), null), OrderBy = [] };
        }

        var planned = Plan(query, boundary);
        return (planned.Root, boundary.Captured);
    }

    private PlannedQuery Union(UnionQuery union, NameScope? outer)
    {
        var left = Plan(union.Left, outer);
        var right = Plan(union.Right, outer);
        if (left.Output.Count != right.Output.Count)
        {
            throw Errors.WrongColumnCount();
        }

        var columns = new List<BoundColumn>();
        var output = new List<ResultColumn>();
        for (var i = 0; i < left.Output.Count; i++)
        {
            var type = TypeRules.Common([left.Root.Columns[i].Type, right.Root.Columns[i].Type]);
            columns.Add(context.NewColumn(left.Output[i].Name, type));
            output.Add(new ResultColumn(left.Output[i].Name, type));
        }

        PlanNode root = new UnionPlan([Converted(left.Root, columns), Converted(right.Root, columns)], columns);
        if (!union.All)
        {
            root = new DistinctPlan(root);
        }

        return new PlannedQuery(Ordered(root, union, columns, outer), output);
    }

    /// <summary>ORDER BY of a union sees the columns of its result.</summary>
    private PlanNode Ordered(PlanNode root, UnionQuery union, List<BoundColumn> columns, NameScope? outer)
    {
        if (union.OrderBy.Count > 0)
        {
            var scope = new NameScope(outer);
            scope.Columns.AddRange(columns.Select(column => new ScopeColumn(column, null, null, column.Name, new ResultColumn(column.Name, column.Type))));
            var binder = new ExpressionBinder(context, scope, this);
            var keys = union.OrderBy.Select(item => new SortColumn(
                SelectPlanner.Position(item.Expression, columns, "order clause") ?? binder.Bind(item.Expression, "order clause"), item.Descending)).ToList();
            root = new SortPlan(root, keys, union.Limit);
        }

        return union.Limit is null ? root : new LimitPlan(root, union.Limit);
    }

    private ProjectPlan Converted(PlanNode source, List<BoundColumn> columns) => new(
        source,
        [.. columns.Select((column, i) => new ProjectedColumn(context.NewColumn(column.Name, column.Type), source.Columns[i]))],
        convert: true);
}
