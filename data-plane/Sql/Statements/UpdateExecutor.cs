using Cloud.Execution.Operators;
using Cloud.Sql.Ast;
using Cloud.Sql.Catalog;
using Cloud.Sql.Planning;

namespace Cloud.Sql.Statements;

/// <summary>UPDATE of one or several tables. The rows are read to the end, and locked, before the first is written.</summary>
internal sealed class UpdateExecutor(UpdateStatement statement, StatementScope scope)
{
    private ulong _matched;
    private ulong _changed;

    public async ValueTask<WriteResult> ExecuteAsync(bool foundRows, CancellationToken cancellationToken)
    {
        var source = new WriteSource(scope, statement.Target, statement.Where, statement.OrderBy, statement.Limit);
        var byTable = new Dictionary<TableRelation, List<(int Target, Expression Value)>>();
        foreach (var assignment in statement.Assignments)
        {
            var column = source.Names.Resolve(assignment.Column, "field list");
            var relation = source.RelationOf(column) ?? throw Errors.NotSupported("UPDATE of a derived table");
            var value = assignment.Value is DefaultExpression ? assignment.Value : source.Binder.Bind(assignment.Value, "field list");
            if (!byTable.TryGetValue(relation, out var list))
            {
                byTable.Add(relation, list = []);
            }

            list.Add((relation.Columns.ToList().FindIndex(own => own.Id == column.Id), value));
        }

        var (plan, runtime) = await source.PlanAsync(
            byTable.Values.SelectMany(list => list.Select(item => item.Value)), byTable.Keys, cancellationToken);
        var rows = await source.ReadAsync(plan, runtime, cancellationToken);
        foreach (var (relation, assignments) in byTable)
        {
            await ApplyAsync(relation, assignments, plan, rows, runtime, cancellationToken);
        }

        return new WriteResult(
            foundRows ? _matched : _changed, 0, $"Rows matched: {_matched}  Changed: {_changed}  Warnings: {scope.Context.WarningCount}");
    }

    private async ValueTask ApplyAsync(
        TableRelation relation,
        List<(int Target, Expression Value)> assignments,
        PlanNode plan,
        List<Datum[]> rows,
        PlanRuntime runtime,
        CancellationToken cancellationToken)
    {
        var start = plan.Columns.ToList().FindIndex(column => column.Id == relation.Columns[0].Id);
        var setter = new RowAssignments(assignments, relation.Table, plan.Columns, start, runtime);
        await setter.PrepareAsync(cancellationToken);
        using var writer = new TableWriter(relation.Table, scope.Transaction, scope.Pessimistic, scope.LockWait, scope.Context);
        var seen = new HashSet<ByteKey>();
        var width = relation.Columns.Count;
        foreach (var row in rows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var before = row.AsSpan(start, width).ToArray();
            if (WriteSource.IsMissing(before, relation.Table) || !seen.Add(new ByteKey(writer.Codec.HandleOf(before))))
            {
                continue;
            }

            _matched++;
            var after = setter.Apply(row, width, (long)_matched);
            if (RowBuffer.AreSame(before, after, relation.Table))
            {
                continue;
            }

            try
            {
                await writer.UpdateAsync(before, after, cancellationToken);
                _changed++;
            }
            catch (SqlException exception) when (exception.Number == 1062 && statement.Ignore)
            {
                scope.Context.Warn(WarningLevel.Warning, 1062, exception.Message);
            }
        }
    }
}

/// <summary>DELETE from one or several tables.</summary>
internal sealed class DeleteExecutor(DeleteStatement statement, StatementScope scope)
{
    public async ValueTask<WriteResult> ExecuteAsync(CancellationToken cancellationToken)
    {
        var source = new WriteSource(scope, statement.From, statement.Where, statement.OrderBy, statement.Limit);
        IReadOnlyList<TableRelation> targets = statement.Targets.Count == 0
            ? [.. source.Tables]
            : [.. statement.Targets.Select(target => source.Tables.FirstOrDefault(relation =>
                string.Equals(relation.Alias, target.Name, StringComparison.OrdinalIgnoreCase)) ?? throw Errors.UnknownTableInMultiDelete(target.Name))];
        var (plan, runtime) = await source.PlanAsync([], targets, cancellationToken);
        var rows = await source.ReadAsync(plan, runtime, cancellationToken);
        var deleted = 0UL;
        foreach (var relation in targets)
        {
            var start = plan.Columns.ToList().FindIndex(column => column.Id == relation.Columns[0].Id);
            using var writer = new TableWriter(relation.Table, scope.Transaction, scope.Pessimistic, scope.LockWait, scope.Context);
            var seen = new HashSet<ByteKey>();
            foreach (var row in rows)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var values = row.AsSpan(start, relation.Columns.Count).ToArray();
                if (!WriteSource.IsMissing(values, relation.Table) && seen.Add(new ByteKey(writer.Codec.HandleOf(values))))
                {
                    writer.Delete(values);
                    deleted++;
                }
            }
        }

        return new WriteResult(deleted, 0, string.Empty);
    }
}

/// <summary>The rows that UPDATE or DELETE is about.</summary>
internal sealed class WriteSource
{
    private readonly StatementScope _scope;
    private readonly Relation _relation;
    private readonly IReadOnlyList<OrderItem> _order;
    private readonly Expression? _where;
    private readonly Expression? _limit;

    public WriteSource(StatementScope scope, TableSource source, Expression? where, IReadOnlyList<OrderItem> order, Expression? limit)
    {
        (_scope, _where, _order, _limit) = (scope, where, order, limit);
        var planner = new QueryPlanner(scope.Planning);
        Names = new NameScope(outer: null);
        _relation = new FromBinder(scope.Planning, Names, planner, outer: null).Bind(source);
        Binder = new ExpressionBinder(scope.Planning, Names, planner);
        Tables = [.. Flatten(_relation)];
        if (_relation is not TableRelation && (order.Count > 0 || limit is not null))
        {
            throw Errors.WrongUsage("UPDATE", order.Count > 0 ? "ORDER BY" : "LIMIT");
        }
    }

    public NameScope Names { get; }

    public ExpressionBinder Binder { get; }

    public IReadOnlyList<TableRelation> Tables { get; }

    public TableRelation? RelationOf(BoundColumn column) =>
        Tables.FirstOrDefault(table => table.Columns.Any(own => own.Id == column.Id));

    /// <summary>A row that an outer join filled with NULLs is no row of the table.</summary>
    public static bool IsMissing(Datum[] row, TableDefinition table) => table.HandleKind == HandleKind.RowId
        ? row[^1].IsNull
        : table.PrimaryKey!.Parts.Any(part => row[part.Column].IsNull); // Tables without a row id have a key.

    /// <summary>A plan that gives all columns of the targets, among others.</summary>
    public async ValueTask<(PlanNode Plan, PlanRuntime Runtime)> PlanAsync(
        IEnumerable<Expression> used, IEnumerable<TableRelation> targets, CancellationToken cancellationToken)
    {
        var conditions = ExpressionTree.Conjuncts(_where is null ? null : Binder.Bind(_where, "where clause")).ToList();
        var keys = _order.Select(item => new SortColumn(Binder.Bind(item.Expression, "order clause"), item.Descending)).ToList();
        var needed = targets.SelectMany(table => table.ColumnIds).Concat(
            used.Concat(conditions).Concat(keys.Select(key => key.Value)).Concat(Conditions(_relation)).SelectMany(ExpressionTree.ColumnsOf)).ToHashSet();
        var plan = new JoinPlanner(needed, _scope.Planning).Plan(_relation, conditions);
        var limit = _limit is null ? null : new LimitClause(_limit, null);
        if (keys.Count > 0)
        {
            plan = KeyOrder.TryUse(plan, keys, limit) ?? new SortPlan(plan, keys, limit);
        }

        if (limit is not null)
        {
            plan = new LimitPlan(plan, limit);
        }

        var runtime = _scope.LockingRuntime();
        await runtime.PrepareAsync(plan, cancellationToken);
        return (plan, runtime);
    }

    public async ValueTask<List<Datum[]>> ReadAsync(PlanNode plan, PlanRuntime runtime, CancellationToken cancellationToken)
    {
        var rows = new List<Datum[]>();
        await using Operator reader = plan.Create(runtime);
        while (await reader.NextAsync(runtime.Context, cancellationToken) is { } chunk)
        {
            for (var i = 0; i < chunk.PhysicalRows; i++)
            {
                rows.Add(RowBuffer.Read(chunk, i, runtime.Context));
            }
        }

        return rows;
    }

    private static IEnumerable<TableRelation> Flatten(Relation relation) => relation switch
    {
        TableRelation table => [table],
        JoinRelation join => Flatten(join.Left).Concat(Flatten(join.Right)),
        _ => [],
    };

    private static IEnumerable<Expression> Conditions(Relation relation) => relation is JoinRelation join
        ? join.Conditions.Concat(Conditions(join.Left)).Concat(Conditions(join.Right))
        : [];
}
