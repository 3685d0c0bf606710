using Cloud.Execution.Types;
using Cloud.Kernel;
using Cloud.KvClient;
using Cloud.Sql.Ast;
using Cloud.Sql.Catalog;
using Cloud.Sql.Planning;
using Cloud.Sql.Storage;

namespace Cloud.Sql.Statements;

/// <summary>INSERT and REPLACE. Used once.</summary>
internal sealed class InsertExecutor(InsertStatement statement, StatementScope scope)
{
    private readonly EvaluationContext _context = scope.Context;
    private TableDefinition _table = null!; // Set first thing by ExecuteAsync, as are the two below.
    private TableWriter _writer = null!;
    private int[] _targets = [];
    private ulong _affected;
    private ulong _duplicates;
    private ulong _records;
    private ulong _lastInsertId;
    private ulong _explicitId;
    private DuplicateUpdate? _onDuplicate;

    /// <summary>The writer, which knows what a key that storage refused stood for.</summary>
    public TableWriter Writer => _writer;

    public async ValueTask<WriteResult> ExecuteAsync(CancellationToken cancellationToken)
    {
        _table = scope.Planning.RequireTable(statement.Table);
        _writer = new TableWriter(_table, scope.Transaction, scope.Pessimistic, scope.LockWait, _context);
        _targets = Targets();
        if (statement.OnDuplicate.Count > 0)
        {
            _onDuplicate = new DuplicateUpdate(statement.OnDuplicate, _table, statement.Table.Name, scope);
        }

        if (statement.Rows is not null)
        {
            await InsertRowsAsync(statement.Rows, cancellationToken);
        }
        else
        {
            await InsertQueryAsync(statement.Source!, cancellationToken); // The parser gives one of the two.
        }

        var message = _records > 1 || statement.Source is not null
            ? $"Records: {_records}  Duplicates: {_duplicates}  Warnings: {_context.WarningCount}"
            : string.Empty;
        if (_lastInsertId != 0)
        {
            _context.NewLastInsertId = _lastInsertId;
        }

        return new WriteResult(_affected, _lastInsertId != 0 ? _lastInsertId : _context.NewLastInsertId ?? _explicitId, message);
    }

    private int[] Targets()
    {
        if (statement.Columns.Count == 0)
        {
            return [.. Enumerable.Range(0, _table.Columns.Count)];
        }

        var targets = new int[statement.Columns.Count];
        for (var i = 0; i < targets.Length; i++)
        {
            targets[i] = _table.FindColumn(statement.Columns[i]);
            if (targets[i] < 0)
            {
                throw Errors.UnknownColumn(statement.Columns[i], "field list");
            }

            if (targets.AsSpan(0, i).Contains(targets[i]))
            {
                throw Errors.FieldSpecifiedTwice(statement.Columns[i]);
            }
        }

        return targets;
    }

    private async ValueTask InsertRowsAsync(IReadOnlyList<IReadOnlyList<Expression>> rows, CancellationToken cancellationToken)
    {
        var runtime = new PlanRuntime(_context, scope.Reads);
        var scopeOfRow = new NameScope(outer: null);
        var binder = new ExpressionBinder(scope.Planning, scopeOfRow, new QueryPlanner(scope.Planning));
        for (var number = 0; number < rows.Count; number++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var values = rows[number];
            if (values.Count != _targets.Length && !(values.Count == 0 && statement.Columns.Count == 0))
            {
                throw Errors.WrongValueCount(number + 1);
            }

            var row = NewRow();
            var given = new bool[_table.Columns.Count];
            for (var i = 0; i < values.Count; i++)
            {
                if (values[i] is DefaultExpression)
                {
                    continue;
                }

                var (value, type) = await ValueAsync(values[i], row, binder, runtime, cancellationToken);
                Assign(row, given, _targets[i], value, type, number + 1);
            }

            await CompleteAsync(row, given, number + 1, cancellationToken);
        }
    }

    private async ValueTask<(Datum Value, FieldType Type)> ValueAsync(
        Expression expression, Datum[] row, ExpressionBinder binder, PlanRuntime runtime, CancellationToken cancellationToken)
    {
        // PERF-CRITICAL: literals, which nearly all values are, skip binding and compiling.
        if (expression is Literal literal)
        {
            var constant = Literals.Compile(literal);
            return (constant.Literal, constant.Type);
        }

        if (expression is Parameter parameter)
        {
            var value = _context.Parameters.Span[parameter.Index];
            return (value, Literals.TypeOf(value));
        }

        // A column named in VALUES is the value it has got so far in this row.
        var withColumns = ExpressionTree.Rewrite(expression, node => node is ColumnReference column ? EarlierValue(column, row) : null);
        var bound = binder.Bind(withColumns, "field list");
        await runtime.PrepareAsync(bound, cancellationToken);
        var (computed, compiled) = runtime.Constant(bound);
        return (computed, compiled.Type);
    }

    private ConstantValue EarlierValue(ColumnReference column, Datum[] row)
    {
        var at = _table.FindColumn(column.Name);
        return at >= 0 ? new ConstantValue(row[at], _table.Columns[at].Type) : throw Errors.UnknownColumn(column.ToString(), "field list");
    }

    private async ValueTask InsertQueryAsync(Query source, CancellationToken cancellationToken)
    {
        var planned = new QueryPlanner(scope.Planning).Plan(source, outer: null);
        if (planned.Output.Count != _targets.Length)
        {
            throw Errors.WrongValueCount(1);
        }

        var runtime = new PlanRuntime(_context, scope.Reads);
        await runtime.PrepareAsync(planned.Root, cancellationToken);

        // Read to the end first: rows written meanwhile must not be read again when both are one table.
        var rows = new List<Datum[]>();
        await using (var reader = planned.Root.Create(runtime))
        {
            while (await reader.NextAsync(_context, cancellationToken) is { } chunk)
            {
                for (var i = 0; i < chunk.PhysicalRows; i++)
                {
                    rows.Add(RowBuffer.Read(chunk, i, _context));
                }
            }
        }

        for (var number = 0; number < rows.Count; number++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var row = NewRow();
            var given = new bool[_table.Columns.Count];
            for (var i = 0; i < _targets.Length; i++)
            {
                Assign(row, given, _targets[i], rows[number][i], planned.Output[i].Type, number + 1);
            }

            await CompleteAsync(row, given, number + 1, cancellationToken);
        }
    }

    private Datum[] NewRow()
    {
        var row = new Datum[_writer.Codec.Width];
        for (var i = 0; i < _table.Columns.Count; i++)
        {
            row[i] = RowDefaults.ValueOf(_table.Columns[i], _context);
        }

        return row;
    }

    private void Assign(Datum[] row, bool[] given, int target, in Datum value, FieldType type, long number)
    {
        var column = _table.Columns[target];
        if (value.IsNull)
        {
            // NULL for an AUTO_INCREMENT column asks for a number; for a timestamp that cannot be NULL it is an error as elsewhere.
            if (column.AutoIncrement)
            {
                return;
            }

            if (!column.Nullable)
            {
                NotNull(column, row, target);
                given[target] = true;
                return;
            }
        }

        row[target] = ColumnAssignment.Convert(value, type, column, number, _context);
        given[target] = true;
    }

    private void NotNull(ColumnDefinition column, Datum[] row, int target)
    {
        // A single row is refused in any mode; of several, lax mode takes the type's zero.
        if (_context.StrictWrites || (statement.Kind != InsertKind.Ignore && statement.Rows is { Count: 1 }))
        {
            throw Errors.NotNull(column.Name);
        }

        _context.Warn(WarningLevel.Warning, 1048, $"Column '{column.Name}' cannot be null");
        row[target] = RowDefaults.ZeroOf(column.Type);
    }

    private async ValueTask CompleteAsync(Datum[] row, bool[] given, long number, CancellationToken cancellationToken)
    {
        for (var i = 0; i < given.Length; i++)
        {
            var column = _table.Columns[i];
            if (!given[i] && row[i].IsNull && !column.Nullable && !column.AutoIncrement)
            {
                _context.Fault(1364, "HY000", $"Field '{column.Name}' doesn't have a default value");
                row[i] = RowDefaults.ZeroOf(column.Type);
            }
        }

        await NumberAsync(row, given, cancellationToken);
        _records++;
        await StoreAsync(row, cancellationToken);
    }

    private async ValueTask NumberAsync(Datum[] row, bool[] given, CancellationToken cancellationToken)
    {
        var column = _table.AutoIncrementColumn;
        if (column >= 0)
        {
            var type = _table.Columns[column].Type;
            var value = given[column] && !row[column].IsNull ? Number(row[column]) : 0;
            if (value == 0 && !(given[column] && _context.Has(SqlModes.NoAutoValueOnZero) && !row[column].IsNull))
            {
                var next = await scope.Numbers.NextAsync(_table.Id, rowId: false, 1, RowDefaults.MaxOf(type), cancellationToken);
                row[column] = FromNumber(type, next);
                _lastInsertId = _lastInsertId == 0 ? next : _lastInsertId;
            }
            else if (value > 0)
            {
                _explicitId = (ulong)value;
                await scope.Numbers.ObserveAsync(_table.Id, (ulong)value, cancellationToken);
            }
        }

        if (_table.HandleKind == HandleKind.RowId)
        {
            var id = await scope.Numbers.NextAsync(_table.Id, rowId: true, 1, long.MaxValue, cancellationToken);
            row[^1] = Datum.FromInt64((long)id);
        }
    }

    /// <summary>The number of an AUTO_INCREMENT value, negative ones as they are; huge unsigned ones count as large.</summary>
    private static Int128 Number(in Datum value) => value.Kind switch
    {
        VectorKind.UInt64 => value.UInt64,
        VectorKind.Int64 => value.Int64,
        VectorKind.Float64 => (Int128)value.Float64,
        _ => (Int128)value.Float32,
    };

    private static Datum FromNumber(FieldType type, ulong value) => type.Kind switch
    {
        VectorKind.UInt64 => Datum.FromUInt64(value),
        VectorKind.Int64 => Datum.FromInt64((long)value),
        VectorKind.Float64 => Datum.FromDouble(value),
        _ => Datum.FromFloat(value),
    };

    private async ValueTask StoreAsync(Datum[] row, CancellationToken cancellationToken)
    {
        if (statement.Kind == InsertKind.Insert && _onDuplicate is null)
        {
            await _writer.InsertAsync(row, cancellationToken);
            _affected++;
            return;
        }

        for (var replaced = 0; await _writer.FindConflictAsync(row, except: null, cancellationToken) is { } conflict; replaced++)
        {
            Invariant.Require(replaced <= _table.Indexes.Count, "each unique key stands in the way at most once");
            _duplicates += replaced == 0 ? 1UL : 0;
            if (statement.Kind == InsertKind.Ignore && _onDuplicate is null)
            {
                _context.Warn(WarningLevel.Warning, 1062, _writer.Duplicate(conflict.Index, row).Message);
                return;
            }

            if (_onDuplicate is not null)
            {
                await UpdateAsync(conflict.Row, row, cancellationToken);
                return;
            }

            _writer.Delete(conflict.Row);
            _affected++;
        }

        _writer.InsertChecked(row);
        _affected++;
    }

    private async ValueTask UpdateAsync(Datum[] existing, Datum[] row, CancellationToken cancellationToken)
    {
        var changed = await _onDuplicate!.ApplyAsync(existing, row, cancellationToken); // The caller looked.
        if (!RowBuffer.AreSame(existing, changed, _table))
        {
            await _writer.UpdateAsync(existing, changed, cancellationToken);
            _affected += 2;
        }
    }
}
