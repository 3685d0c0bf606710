using Cloud.Sql.Ast;

namespace Cloud.Sql.Planning;

/// <summary>
/// Makes plans of relations: conditions go down to the tables they speak of, tables are read by their best path, inner joins are ordered
/// by estimated rows, starting from the smallest and following equalities. Outer joins keep their order.
/// </summary>
/// <param name="needed">Ids of all columns that the query reads.</param>
internal sealed class JoinPlanner(IReadOnlySet<int> needed, PlanningContext context)
{
    public PlanNode Plan(Relation relation, IReadOnlyList<Expression> conditions)
    {
        var relations = new List<Relation>();
        var all = new List<Expression>(conditions);
        Flatten(relation, relations, all);
        return relations.Count == 1 ? Single(relations[0], all) : Inner(relations, all);
    }

    /// <summary>Inner joins in any nesting are one list of relations and one of conditions.</summary>
    private static void Flatten(Relation relation, List<Relation> relations, List<Expression> conditions)
    {
        if (relation is JoinRelation { Outer: false } join)
        {
            conditions.AddRange(join.Conditions);
            Flatten(join.Left, relations, conditions);
            Flatten(join.Right, relations, conditions);
        }
        else
        {
            relations.Add(relation);
        }
    }

    private PlanNode Single(Relation relation, IReadOnlyList<Expression> conditions)
    {
        switch (relation)
        {
            case TableRelation table:
                return Table(table, conditions);
            case JoinRelation join:
                return Outer(join, conditions);
            default:
                var plan = ((PlannedRelation)relation).Plan;
                return Filtered(plan, conditions);
        }
    }

    private PlanNode Table(TableRelation table, IReadOnlyList<Expression> conditions)
    {
        var local = conditions.Where(IsSimple).ToList();
        var rest = conditions.Where(condition => !IsSimple(condition)).ToList();
        var (path, rows) = AccessPathChooser.Choose(table, local);
        var columns = table.Columns.Where(column => needed.Contains(column.Id)).ToList();
        var read = new TableReadPlan(table, columns, path, ExpressionTree.And(local), rows * Math.Pow(0.8, local.Count));
        return Filtered(read, rest);
    }

    /// <summary>Conditions with correlated subqueries or effects are computed above the table, not while it is read.</summary>
    private static bool IsSimple(Expression condition) =>
        !ExpressionTree.HasEffects(condition) && ExpressionTree.Nodes(condition).All(node => PlanRuntime.PlanOf(node) is not { Outer.Count: > 0 });

    private PlanNode Filtered(PlanNode plan, IReadOnlyList<Expression> conditions)
    {
        if (ExpressionTree.And(conditions) is not { } condition)
        {
            return plan;
        }

        var input = ApplyPlan.Extract(plan, [condition], context, out var rewritten);
        var filtered = new FilterPlan(input, rewritten[0]);
        return input == plan ? filtered : Narrow(filtered, plan.Columns);
    }

    private static ProjectPlan Narrow(PlanNode plan, IReadOnlyList<BoundColumn> columns) =>
        new(plan, [.. columns.Select(column => new ProjectedColumn(column, column))]);

    private PlanNode Inner(List<Relation> relations, List<Expression> conditions)
    {
        var pending = new List<Expression>(conditions);
        var plans = relations.Select(relation => (Relation: relation, Plan: Single(relation, TakeLocal(relation, pending)))).ToList();
        var start = plans.MinBy(item => item.Plan.Rows);
        plans.Remove(start);
        var joined = start.Plan;
        var available = start.Relation.ColumnIds.ToHashSet();
        while (plans.Count > 0)
        {
            // The next relation is the smallest that an equality connects; without one, the smallest of all.
            var next = plans.OrderBy(item => Connects(item.Relation, available, pending) ? 0 : 1).ThenBy(item => item.Plan.Rows).First();
            plans.Remove(next);
            available.UnionWith(next.Relation.ColumnIds);
            var usable = pending.Where(condition => IsSimple(condition) && ExpressionTree.ColumnsOf(condition).IsSubsetOf(WithOuter(available))).ToList();
            pending.RemoveAll(usable.Contains);
            joined = Join(joined, next.Plan, next.Relation, usable, outer: false);
        }

        return Filtered(joined, pending);
    }

    /// <summary>Columns of outer queries are there for every relation.</summary>
    private HashSet<int> WithOuter(HashSet<int> available)
    {
        var ids = new HashSet<int>(available);
        ids.UnionWith(OuterColumns);
        return ids;
    }

    /// <summary>Ids of columns that come from queries around this one.</summary>
    public IReadOnlySet<int> OuterColumns { get; init; } = new HashSet<int>();

    private List<Expression> TakeLocal(Relation relation, List<Expression> conditions)
    {
        var ids = WithOuter(relation.ColumnIds.ToHashSet());
        var local = conditions.Where(condition => ExpressionTree.ColumnsOf(condition).IsSubsetOf(ids) && !ExpressionTree.HasEffects(condition)).ToList();
        conditions.RemoveAll(local.Contains);
        return local;
    }

    private static bool Connects(Relation relation, HashSet<int> available, List<Expression> conditions)
    {
        var own = relation.ColumnIds.ToHashSet();
        return conditions.Exists(condition => Pair(condition, available, own) is not null);
    }

    private PlanNode Outer(JoinRelation join, IReadOnlyList<Expression> conditions)
    {
        var leftIds = WithOuter([.. join.Left.ColumnIds]);
        var rightIds = WithOuter([.. join.Right.ColumnIds]);

        // What WHERE says of the left alone may go below; what ON says of the right alone, too. The rest decides where it stands.
        var pushed = conditions.Where(condition => ExpressionTree.ColumnsOf(condition).IsSubsetOf(leftIds) && IsSimple(condition)).ToList();
        var above = conditions.Where(condition => !pushed.Contains(condition)).ToList();
        var rightOnly = join.Conditions.Where(condition => ExpressionTree.ColumnsOf(condition) is { Count: > 0 } ids && ids.IsSubsetOf(rightIds) && IsSimple(condition)).ToList();
        var on = join.Conditions.Where(condition => !rightOnly.Contains(condition)).ToList();
        if (on.Exists(condition => !IsSimple(condition)))
        {
            throw Errors.NotSupported("a correlated subquery in the ON clause of an outer join");
        }

        var left = Plan(join.Left, pushed);
        var right = Plan(join.Right, rightOnly);
        return Filtered(Join(left, right, join.Right, on, outer: true), above);
    }

    private PlanNode Join(PlanNode left, PlanNode right, Relation rightRelation, List<Expression> conditions, bool outer)
    {
        var leftIds = left.Columns.Select(column => column.Id).ToHashSet();
        var rightIds = right.Columns.Select(column => column.Id).ToHashSet();
        var pairs = new List<(Expression Left, Expression Right, bool NullSafe)>();
        var rest = new List<Expression>();
        foreach (var condition in conditions)
        {
            if (Pair(condition, leftIds, rightIds) is { } pair)
            {
                pairs.Add(pair);
            }
            else
            {
                rest.Add(condition);
            }
        }

        return LookupJoinPlan.TryMake(left, right, rightRelation, pairs, rest, outer)
            ?? (PlanNode)new HashJoinPlan(left, right, pairs, ExpressionTree.And(rest), outer);
    }

    /// <summary>The two sides of an equality between relations; null when the condition is none.</summary>
    private static (Expression Left, Expression Right, bool NullSafe)? Pair(Expression condition, IReadOnlySet<int> left, IReadOnlySet<int> right)
    {
        if (condition is not BinaryExpression { Operator: BinaryOperator.Equal or BinaryOperator.NullSafeEqual } equal
            || equal.Left is RowExpression || equal.Right is RowExpression)
        {
            return null;
        }

        var a = ExpressionTree.ColumnsOf(equal.Left);
        var b = ExpressionTree.ColumnsOf(equal.Right);
        if (a.Count == 0 || b.Count == 0)
        {
            return null;
        }

        var nullSafe = equal.Operator == BinaryOperator.NullSafeEqual;
        return a.IsSubsetOf(left) && b.IsSubsetOf(right) ? (equal.Left, equal.Right, nullSafe)
            : a.IsSubsetOf(right) && b.IsSubsetOf(left) ? (equal.Right, equal.Left, nullSafe)
            : null;
    }
}
