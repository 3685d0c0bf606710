using Cloud.Execution.Chunks;
using Cloud.Execution.Types;
using Cloud.Sql.Ast;
using Cloud.Sql.Catalog;
using Cloud.Sql.Planning;
using Cloud.Sql.Storage;

namespace Cloud.Sql.Statements;

/// <summary>
/// The SET of UPDATE and ON DUPLICATE KEY UPDATE for one table: assignments run from left to right, each seeing what those before it
/// assigned, as in MySQL and unlike the standard.
/// </summary>
internal sealed class RowAssignments
{
    private readonly TableDefinition _table;
    private readonly EvaluationContext _context;
    private readonly PlanRuntime _runtime;
    private readonly List<(int Target, Expression Value, VectorExpression? Compiled)> _assignments = [];
    private readonly IReadOnlyList<BoundColumn> _layout;
    private readonly int _tableStart;
    private readonly Chunk _row;

    /// <param name="layout">Columns of the rows that expressions are computed on.</param>
    /// <param name="tableStart">Where the table's own columns begin among them.</param>
    public RowAssignments(
        IEnumerable<(int Target, Expression Value)> assignments,
        TableDefinition table,
        IReadOnlyList<BoundColumn> layout,
        int tableStart,
        PlanRuntime runtime)
    {
        (_table, _context, _runtime, _layout, _tableStart) = (table, runtime.Context, runtime, layout, tableStart);
        _row = Chunk.Of([.. layout.Select(column => column.Type)]);
        foreach (var (target, value) in assignments)
        {
            _assignments.Add((target, value, null));
        }
    }

    /// <summary>Runs subqueries and makes the expressions; once, before the first row.</summary>
    public async ValueTask PrepareAsync(CancellationToken cancellationToken)
    {
        for (var i = 0; i < _assignments.Count; i++)
        {
            var (target, value, _) = _assignments[i];
            if (value is DefaultExpression)
            {
                continue;
            }

            if (ExpressionTree.Nodes(value).Any(node => PlanRuntime.PlanOf(node) is { Outer.Count: > 0 }))
            {
                throw Errors.NotSupported("a correlated subquery in SET");
            }

            await _runtime.PrepareAsync(value, cancellationToken);
            _assignments[i] = (target, value, _runtime.Compiler(_layout).Compile(value));
        }
    }

    /// <summary>The table's row after the assignments.</summary>
    /// <param name="source">A row of the layout.</param>
    public Datum[] Apply(Datum[] source, int width, long number)
    {
        var working = (Datum[])source.Clone();
        var assigned = new bool[_table.Columns.Count];
        foreach (var (target, _, compiled) in _assignments)
        {
            var column = _table.Columns[target];
            assigned[target] = true;
            if (compiled is null)
            {
                working[_tableStart + target] = Default(column);
                continue;
            }

            Fill(working);
            var value = compiled.EvaluateOne(_row, _context);
            if (value.IsNull && !column.Nullable)
            {
                _context.Fault(1048, "23000", $"Column '{column.Name}' cannot be null");
                working[_tableStart + target] = RowDefaults.ZeroOf(column.Type);
            }
            else
            {
                working[_tableStart + target] = ColumnAssignment.Convert(value, compiled.Type, column, number, _context);
            }
        }

        var row = working.AsSpan(_tableStart, width).ToArray();
        Touch(source.AsSpan(_tableStart, width), row, assigned);
        return row;
    }

    private Datum Default(ColumnDefinition column)
    {
        var value = RowDefaults.ValueOf(column, _context);
        if (value.IsNull && !column.Nullable)
        {
            _context.Fault(1364, "HY000", $"Field '{column.Name}' doesn't have a default value");
            return RowDefaults.ZeroOf(column.Type);
        }

        return value;
    }

    /// <summary>ON UPDATE CURRENT_TIMESTAMP, when something else changed and nobody assigned the column.</summary>
    private void Touch(ReadOnlySpan<Datum> before, Datum[] after, bool[] assigned)
    {
        var changed = false;
        for (var i = 0; i < _table.Columns.Count; i++)
        {
            if (_table.Columns[i].OnUpdateNow && !assigned[i])
            {
                changed = changed || !RowBuffer.AreSame(before.ToArray(), after, _table);
                if (changed)
                {
                    after[i] = RowDefaults.Now(_table.Columns[i], _context);
                }
            }
        }
    }

    private void Fill(Datum[] values)
    {
        _row.Reset();
        for (var i = 0; i < values.Length; i++)
        {
            values[i].AppendTo(_row[i]);
        }
    }
}

/// <summary>ON DUPLICATE KEY UPDATE: assignments over the existing row, with VALUES(column) for the one that could not be inserted.</summary>
internal sealed class DuplicateUpdate
{
    private readonly RowAssignments _assignments;
    private readonly int _width;
    private readonly int _columns;
    private bool _prepared;
    private long _rows;

    public DuplicateUpdate(IReadOnlyList<Assignment> assignments, TableDefinition table, string alias, StatementScope scope)
    {
        var names = new NameScope(outer: null);
        var relation = FromBinder.AddTable(scope.Planning, names, table, scope.Planning.Database ?? string.Empty, alias);
        _width = relation.Columns.Count;
        _columns = table.Columns.Count;
        var inserted = table.Columns.Select(column => scope.Planning.NewColumn(column.Name, column.Type)).ToList();
        var binder = new ExpressionBinder(scope.Planning, names, new QueryPlanner(scope.Planning));
        var bound = assignments.Select(assignment => (Target(table, assignment.Column), Bind(assignment.Value, binder, table, inserted))).ToList();
        _assignments = new RowAssignments(bound, table, [.. relation.Columns, .. inserted], tableStart: 0, new PlanRuntime(scope.Context, scope.Reads));
    }

    public async ValueTask<Datum[]> ApplyAsync(Datum[] existing, Datum[] inserted, CancellationToken cancellationToken)
    {
        if (!_prepared)
        {
            await _assignments.PrepareAsync(cancellationToken);
            _prepared = true;
        }

        return _assignments.Apply([.. existing, .. inserted.AsSpan(0, _columns)], _width, ++_rows);
    }

    public static int Target(TableDefinition table, ColumnReference column)
    {
        var target = table.FindColumn(column.Name);
        return target >= 0 ? target : throw Errors.UnknownColumn(column.ToString(), "field list");
    }

    private static Expression Bind(Expression value, ExpressionBinder binder, TableDefinition table, List<BoundColumn> inserted) =>
        value is DefaultExpression
            ? value
            : binder.Bind(
                ExpressionTree.Rewrite(value, node => node is InsertedValueExpression values ? inserted[Target(table, values.Column)] : null),
                "field list");
}
