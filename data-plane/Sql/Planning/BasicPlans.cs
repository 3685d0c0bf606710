using Cloud.Execution.Operators;
using Cloud.Execution.Types;
using Cloud.Sql.Ast;

namespace Cloud.Sql.Planning;

/// <summary>One row without columns: SELECT without FROM.</summary>
internal sealed class SingleRowPlan : PlanNode
{
    public override IReadOnlyList<BoundColumn> Columns => [];

    public override double Rows => 1;

    public override string Describe() => "Rows: one";

    public override Operator Create(PlanRuntime runtime) => new RowsOperator([], [[]]);
}

/// <summary>Rows computed on demand.</summary>
internal sealed class VirtualTablePlan(VirtualTable table, IReadOnlyList<BoundColumn> columns) : PlanNode
{
    public override IReadOnlyList<BoundColumn> Columns => columns;

    public override double Rows => 100;

    public override string Describe() => $"Virtual table: {table.Name}";

    public override Operator Create(PlanRuntime runtime) => new RowsOperator([.. columns.Select(column => column.Type)], table.Rows());
}

internal sealed class FilterPlan(PlanNode source, Expression condition) : PlanNode
{
    public override IReadOnlyList<BoundColumn> Columns => source.Columns;

    public override double Rows => Math.Max(1, source.Rows * 0.8);

    public override IReadOnlyList<PlanNode> Children => [source];

    public override IEnumerable<Expression> Expressions => [condition];

    public override string Describe() => $"Filter: {ExpressionText.Of(condition)}";

    public override Operator Create(PlanRuntime runtime) =>
        new FilterOperator(source.Create(runtime), runtime.Compiler(source.Columns).Compile(condition));
}

/// <summary>A computed column.</summary>
internal sealed record ProjectedColumn(BoundColumn Column, Expression Value);

/// <param name="convert">Whether values are brought to the columns' types.</param>
internal sealed class ProjectPlan(PlanNode source, IReadOnlyList<ProjectedColumn> columns, bool convert = false) : PlanNode
{
    public override IReadOnlyList<BoundColumn> Columns { get; } = [.. columns.Select(column => column.Column)];

    public override double Rows => source.Rows;

    public override IReadOnlyList<PlanNode> Children => [source];

    public override IEnumerable<Expression> Expressions => columns.Select(column => column.Value);

    public override string Describe() => $"Project: {string.Join(", ", columns.Select(column => ExpressionText.Of(column.Value)))}";

    public override Operator Create(PlanRuntime runtime)
    {
        var input = source.Create(runtime);
        var compiler = runtime.Compiler(source.Columns);
        var expressions = columns.Select(column => convert
            ? TypedExpressions.ConvertTo(compiler.Compile(column.Value), column.Column.Type)
            : compiler.Compile(column.Value)).ToList();
        return new ProjectionOperator(input, expressions);
    }
}

internal sealed record SortColumn(Expression Value, bool Descending);

/// <param name="limit">With it only so many of the first rows are kept (top-n); null sorts all.</param>
internal sealed class SortPlan(PlanNode source, IReadOnlyList<SortColumn> keys, LimitClause? limit) : PlanNode
{
    public override IReadOnlyList<BoundColumn> Columns => source.Columns;

    public override double Rows => source.Rows;

    public override IReadOnlyList<PlanNode> Children => [source];

    public override IEnumerable<Expression> Expressions => keys.Select(key => key.Value);

    public override string Describe() =>
        $"{(limit is null ? "Sort" : "Top-n")}: {string.Join(", ", keys.Select(key => ExpressionText.Of(key.Value) + (key.Descending ? " DESC" : string.Empty)))}";

    public override Operator Create(PlanRuntime runtime)
    {
        var compiler = runtime.Compiler(source.Columns);
        var sortKeys = keys.Select(key => new SortKey(compiler.Compile(key.Value), key.Descending)).ToList();
        var most = int.MaxValue;
        if (limit is not null)
        {
            var sum = (UInt128)runtime.LimitOf(limit.Count) + runtime.LimitOf(limit.Offset);
            most = sum > int.MaxValue ? int.MaxValue : (int)sum;
        }

        return new SortOperator(source.Create(runtime), sortKeys, most);
    }
}

internal sealed class LimitPlan(PlanNode source, LimitClause limit) : PlanNode
{
    public override IReadOnlyList<BoundColumn> Columns => source.Columns;

    public override double Rows => limit.Count is Literal literal && double.TryParse(literal.Text, out var rows)
        ? Math.Max(1, Math.Min(source.Rows, rows))
        : source.Rows;

    public override IReadOnlyList<PlanNode> Children => [source];

    public override string Describe() =>
        $"Limit: {ExpressionText.Of(limit.Count)}{(limit.Offset is null ? string.Empty : " offset " + ExpressionText.Of(limit.Offset))}";

    public override Operator Create(PlanRuntime runtime) =>
        new LimitOperator(source.Create(runtime), runtime.LimitOf(limit.Offset), runtime.LimitOf(limit.Count));
}

internal sealed class DistinctPlan(PlanNode source) : PlanNode
{
    public override IReadOnlyList<BoundColumn> Columns => source.Columns;

    public override double Rows => source.Rows;

    public override IReadOnlyList<PlanNode> Children => [source];

    public override string Describe() => "Distinct";

    public override Operator Create(PlanRuntime runtime) => new DistinctOperator(source.Create(runtime));
}

internal sealed class UnionPlan(IReadOnlyList<PlanNode> sources, IReadOnlyList<BoundColumn> columns) : PlanNode
{
    public override IReadOnlyList<BoundColumn> Columns => columns;

    public override double Rows => sources.Sum(source => source.Rows);

    public override IReadOnlyList<PlanNode> Children => sources;

    public override string Describe() => "Union all";

    public override Operator Create(PlanRuntime runtime) => new UnionAllOperator([.. sources.Select(source => source.Create(runtime))]);
}

/// <summary>An aggregate and the column it fills.</summary>
internal sealed record AggregateColumn(BoundColumn Column, AggregateCall Call);

internal sealed class AggregatePlan(
    PlanNode source, IReadOnlyList<ProjectedColumn> keys, IReadOnlyList<AggregateColumn> aggregates) : PlanNode
{
    public override IReadOnlyList<BoundColumn> Columns { get; } =
        [.. keys.Select(key => key.Column), .. aggregates.Select(aggregate => aggregate.Column)];

    public override double Rows => keys.Count == 0 ? 1 : Math.Max(1, source.Rows / 10);

    public override IReadOnlyList<PlanNode> Children => [source];

    public override IEnumerable<Expression> Expressions =>
        keys.Select(key => key.Value).Concat(aggregates.SelectMany(aggregate => ExpressionTree.Children(aggregate.Call)));

    public override string Describe() =>
        $"Aggregate: {string.Join(", ", aggregates.Select(aggregate => ExpressionText.Of(aggregate.Call)))}"
        + (keys.Count > 0 ? $" by {string.Join(", ", keys.Select(key => ExpressionText.Of(key.Value)))}" : string.Empty);

    public override Operator Create(PlanRuntime runtime)
    {
        var compiler = runtime.Compiler(source.Columns);
        return new HashAggregateOperator(
            source.Create(runtime),
            [.. keys.Select(key => compiler.Compile(key.Value))],
            [.. aggregates.Select(aggregate => AggregateFactory.Make(aggregate.Call, compiler))]);
    }
}

/// <param name="nullSafe">Per pair: whether it is <c>&lt;=&gt;</c>.</param>
/// <param name="condition">Beyond the pairs; null for none.</param>
internal sealed class HashJoinPlan(
    PlanNode left, PlanNode right, IReadOnlyList<(Expression Left, Expression Right, bool NullSafe)> pairs, Expression? condition, bool outer) : PlanNode
{
    public override IReadOnlyList<BoundColumn> Columns { get; } = [.. left.Columns, .. right.Columns];

    public override double Rows => pairs.Count == 0 ? left.Rows * right.Rows : Math.Max(left.Rows, right.Rows);

    public override IReadOnlyList<PlanNode> Children => [left, right];

    public override IEnumerable<Expression> Expressions =>
        [.. pairs.SelectMany(pair => new[] { pair.Left, pair.Right }), .. condition is null ? Array.Empty<Expression>() : [condition]];

    public override string Describe() => (pairs.Count == 0 ? "Nested loop " : "Hash ") + (outer ? "left join" : "inner join")
        + (pairs.Count == 0 ? string.Empty : $" on {string.Join(", ", pairs.Select(pair => $"{ExpressionText.Of(pair.Left)} = {ExpressionText.Of(pair.Right)}"))}")
        + (condition is null ? string.Empty : $" where {ExpressionText.Of(condition)}");

    public override Operator Create(PlanRuntime runtime)
    {
        var leftCompiler = runtime.Compiler(left.Columns);
        var rightCompiler = runtime.Compiler(right.Columns);
        var keys = pairs.Select(pair => TypedExpressions.Comparable(leftCompiler.Compile(pair.Left), rightCompiler.Compile(pair.Right)))
            .Select(pair => pair.Left.Type.Kind == pair.Right.Type.Kind
                ? pair
                : (TypedExpressions.AsDecimal(pair.Left), TypedExpressions.AsDecimal(pair.Right))).ToList();
        return new HashJoinOperator(
            left.Create(runtime),
            right.Create(runtime),
            [.. keys.Select(pair => pair.Item1)],
            [.. keys.Select(pair => pair.Item2)],
            [.. pairs.Select(pair => pair.NullSafe)],
            condition is null ? null : runtime.Compiler(Columns).Compile(condition),
            outer);
    }
}
