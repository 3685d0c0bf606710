using Cloud.Execution.Types;
using Cloud.Sql.Ast;

namespace Cloud.Sql.Planning;

/// <summary>Plans one SELECT: names, aggregates, joins, then order and limit. Used once.</summary>
internal sealed class SelectPlanner
{
    private readonly PlanningContext _context;
    private readonly QueryPlanner _planner;
    private readonly SelectQuery _query;
    private readonly NameScope _scope;
    private readonly NameScope? _outer;
    private readonly List<OutputItem> _items = [];
    private readonly List<AggregateColumn> _aggregates = [];

    public SelectPlanner(PlanningContext context, QueryPlanner planner, SelectQuery query, NameScope? outer)
    {
        (_context, _planner, _query, _outer) = (context, planner, query, outer);
        _scope = new NameScope(outer);
    }

    private sealed record OutputItem(Expression Value, string Name, ResultColumn? Origin);

    public PlannedQuery Plan()
    {
        var relation = _query.From is null ? null : new FromBinder(_context, _scope, _planner, _outer).Bind(_query.From);
        var binder = new ExpressionBinder(_context, _scope, _planner);
        foreach (var item in _query.Items)
        {
            AddItem(item, binder);
        }

        var where = _query.Where is null ? null : binder.Bind(_query.Where, "where clause");
        RefuseAggregates(where);
        var groups = _query.GroupBy.Select(BindGroup).ToList();
        var late = new ExpressionBinder(_context, _scope, _planner) { Aliases = Alias };
        var having = _query.Having is null ? null : late.Bind(_query.Having, "having clause");
        var ordering = new ExpressionBinder(_context, _scope, _planner) { Aliases = Alias, AliasesFirst = true };
        var order = _query.OrderBy.Select(item => new SortColumn(ItemAt(item.Expression) ?? ordering.Bind(item.Expression, "order clause"), item.Descending)).ToList();

        var source = Source(relation, where, groups, having, order);
        return Finish(source, groups, having, order);
    }

    /// <summary>A whole number in ORDER BY or GROUP BY is the position of a column, from 1.</summary>
    public static Expression? Position(Expression expression, IReadOnlyList<Expression> columns, string clause)
    {
        if (expression is not Literal { Kind: LiteralKind.Integer } literal)
        {
            return null;
        }

        return int.TryParse(literal.Text, out var position) && position >= 1 && position <= columns.Count
            ? columns[position - 1]
            : throw Errors.UnknownColumn(literal.Text, clause);
    }

    private Expression? ItemAt(Expression expression) => Position(expression, [.. _items.Select(item => item.Value)], "order clause");

    private Expression? Alias(ColumnReference name)
    {
        if (name.Table is not null)
        {
            return null;
        }

        var found = _items.Where(item => string.Equals(item.Name, name.Name, StringComparison.OrdinalIgnoreCase)).ToList();
        return found.Count == 0 ? null : found.Find(item => item.Value is not BoundColumn)?.Value ?? found[0].Value;
    }

    private Expression BindGroup(Expression group)
    {
        if (Position(group, [.. _items.Select(item => item.Value)], "group statement") is { } item)
        {
            RefuseAggregates(item);
            return item;
        }

        var bound = new ExpressionBinder(_context, _scope, _planner) { Aliases = Alias }.Bind(group, "group statement");
        RefuseAggregates(bound);
        return bound;
    }

    private void AddItem(SelectItem item, ExpressionBinder binder)
    {
        if (item.Expression is not null)
        {
            var value = binder.Bind(item.Expression, "field list");
            var origin = value is BoundColumn column ? _scope.OriginOf(column.Id) : null;
            _items.Add(new OutputItem(value, item.Alias ?? (item.Expression is ColumnReference reference ? reference.Name : item.Text), origin));
            return;
        }

        var stars = _scope.Columns.Where(column => item.StarTable is null
            ? !column.Hidden
            : string.Equals(column.Table, item.StarTable, StringComparison.OrdinalIgnoreCase)
                && (item.StarSchema is null || string.Equals(column.Schema, item.StarSchema, StringComparison.OrdinalIgnoreCase))).ToList();
        if (stars.Count == 0)
        {
            throw item.StarTable is null
                ? new SqlException(1096, "HY000", "No tables used")
                : new SqlException(1051, "42S02", $"Unknown table '{item.StarTable}'");
        }

        _items.AddRange(stars.Select(column => new OutputItem(column.Column, column.Name, column.Origin)));
    }

    private static void RefuseAggregates(Expression? expression)
    {
        if (expression is not null && ExpressionTree.Nodes(expression).Any(node => node is AggregateCall))
        {
            throw Errors.InvalidGroupFunction();
        }
    }

    private PlanNode Source(
        Relation? relation, Expression? where, List<Expression> groups, Expression? having, List<SortColumn> order)
    {
        var conditions = ExpressionTree.Conjuncts(where).ToList();
        if (relation is null)
        {
            PlanNode one = new SingleRowPlan();
            return conditions.Count == 0 ? one : new JoinPlanner(new HashSet<int>(), _context).Plan(new PlannedRelation(one), conditions);
        }

        IEnumerable<Expression> used =
            [.. _items.Select(item => item.Value), .. conditions, .. groups, .. order.Select(key => key.Value), .. JoinConditions(relation)];
        var needed = used.Concat(having is null ? [] : [having]).SelectMany(ExpressionTree.ColumnsOf).ToHashSet();
        return new JoinPlanner(needed, _context) { OuterColumns = _scope.Captured.Select(column => column.Id).ToHashSet() }.Plan(relation, conditions);
    }

    private static IEnumerable<Expression> JoinConditions(Relation relation) => relation is JoinRelation join
        ? join.Conditions.Concat(JoinConditions(join.Left)).Concat(JoinConditions(join.Right))
        : [];

    private PlannedQuery Finish(PlanNode source, List<Expression> groups, Expression? having, List<SortColumn> order)
    {
        var values = _items.ConvertAll(item => item.Value);
        var isGrouped = groups.Count > 0 || values.Concat(order.Select(key => key.Value)).Append(having).OfType<Expression>()
            .Any(expression => ExpressionTree.Nodes(expression).Any(node => node is AggregateCall));
        if (isGrouped)
        {
            source = Aggregated(source, groups, ref values, ref having, ref order);
        }

        if (having is not null)
        {
            var input = ApplyPlan.Extract(source, [having], _context, out var rewritten);
            source = new FilterPlan(input, rewritten[0]);
        }

        // The select list and what the order needs beyond it are computed together, then sorted, then cut.
        var sortValues = order.ConvertAll(key => key.Value);
        source = ApplyPlan.Extract(source, [.. values, .. sortValues], _context, out var all);
        var columns = new List<ProjectedColumn>();
        for (var i = 0; i < values.Count; i++)
        {
            columns.Add(new ProjectedColumn(_context.NewColumn(_items[i].Name, _context.TypeOf(all[i])), all[i]));
        }

        var output = columns.Select((column, i) => Describe(_items[i], column.Column.Type)).ToList();
        return new PlannedQuery(Arranged(source, columns, all, order), output);
    }

    private PlanNode Arranged(PlanNode source, List<ProjectedColumn> columns, IReadOnlyList<Expression> all, List<SortColumn> order)
    {
        var count = columns.Count;
        var texts = columns.ConvertAll(column => ExpressionText.Of(column.Value));
        var keys = new List<SortColumn>();
        for (var i = 0; i < order.Count; i++)
        {
            var at = texts.IndexOf(ExpressionText.Of(all[count + i]));
            if (at < 0)
            {
                if (_query.Distinct)
                {
                    throw new SqlException(3065, "HY000", $"Expression #{i + 1} of ORDER BY clause is not in SELECT list; this is incompatible with DISTINCT");
                }

                at = columns.Count;
                columns.Add(new ProjectedColumn(_context.NewColumn("order", _context.TypeOf(all[count + i])), all[count + i]));
            }

            keys.Add(new SortColumn(columns[at].Column, order[i].Descending));
        }

        var ordered = KeyOrder.TryUse(source, order.Select((key, i) => new SortColumn(all[count + i], key.Descending)).ToList(), _query.Distinct ? null : _query.Limit);
        PlanNode root = new ProjectPlan(ordered ?? source, columns);
        if (_query.Distinct)
        {
            root = new DistinctPlan(root);
        }

        if (keys.Count > 0 && ordered is null)
        {
            root = new SortPlan(root, keys, _query.Limit);
        }

        if (_query.Limit is { } limit)
        {
            root = new LimitPlan(root, limit);
        }

        return columns.Count == count
            ? root
            : new ProjectPlan(root, [.. columns.Take(count).Select(column => new ProjectedColumn(column.Column, column.Column))]);
    }

    private PlanNode Aggregated(
        PlanNode source, List<Expression> groups, ref List<Expression> values, ref Expression? having, ref List<SortColumn> order)
    {
        source = ApplyPlan.Extract(source, groups, _context, out var keyValues);
        var keys = new List<ProjectedColumn>();
        for (var i = 0; i < groups.Count; i++)
        {
            keys.Add(new ProjectedColumn(
                groups[i] as BoundColumn ?? _context.NewColumn(ExpressionText.Of(groups[i]), _context.TypeOf(keyValues[i])), keyValues[i]));
        }

        var texts = groups.ConvertAll(ExpressionText.Of);
        var grouping = new GroupRewriter(_context, keys, texts, _aggregates);
        values = values.Select((value, i) => grouping.Rewrite(value, i + 1)).ToList();
        having = having is null ? null : grouping.Rewrite(having, 0);
        order = order.ConvertAll(key => key with { Value = grouping.Rewrite(key.Value, 0) });
        return new AggregatePlan(source, [.. keys, .. grouping.Dependent], _aggregates);
    }

    private static ResultColumn Describe(OutputItem item, FieldType type) => item.Origin is { } origin
        ? origin with { Name = item.Name, Type = type }
        : new ResultColumn(item.Name, type);
}
