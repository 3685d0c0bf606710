using Cloud.Execution.Chunks;
using Cloud.Execution.Operators;
using Cloud.Execution.Types;
using Cloud.Sql.Ast;

namespace Cloud.Sql.Planning;

/// <summary>Runs subqueries that read columns of the row around them, once for each row, and adds their results as columns.</summary>
internal sealed class ApplyPlan(PlanNode source, IReadOnlyList<(BoundColumn Column, Expression Subquery)> subqueries) : PlanNode
{
    public override IReadOnlyList<BoundColumn> Columns { get; } = [.. source.Columns, .. subqueries.Select(subquery => subquery.Column)];

    public override double Rows => source.Rows;

    public override IReadOnlyList<PlanNode> Children => [source];

    public override IEnumerable<Expression> Expressions => subqueries.Select(subquery => subquery.Subquery);

    public override string Describe() => $"Apply: {subqueries.Count} correlated subqueries per row";

    /// <summary>Replaces correlated subqueries in expressions by columns, and puts what computes them under the expressions' input.</summary>
    public static PlanNode Extract(PlanNode input, IReadOnlyList<Expression> expressions, PlanningContext context, out IReadOnlyList<Expression> rewritten)
    {
        var found = new List<(BoundColumn Column, Expression Subquery)>();
        rewritten = expressions.Select(expression => ExpressionTree.Rewrite(expression, node =>
        {
            if (PlanRuntime.PlanOf(node) is not { Outer.Count: > 0 } plan)
            {
                return null;
            }

            var column = context.NewColumn("subquery", plan.Use == SubqueryUse.Set ? FieldType.BigInt : plan.Type);
            found.Add((column, node));
            return column;
        })).ToList();
        return found.Count == 0 ? input : new ApplyPlan(input, found);
    }

    public override Operator Create(PlanRuntime runtime)
    {
        var compiler = runtime.Compiler(source.Columns);
        return new ApplyOperator(source.Create(runtime), [.. subqueries.Select(subquery => Make(subquery.Subquery, compiler, runtime))], runtime);
    }

    private AppliedSubquery Make(Expression subquery, ExpressionCompiler compiler, PlanRuntime runtime)
    {
        var plan = PlanRuntime.PlanOf(subquery)!; // Only such nodes are extracted.
        var cells = new List<(int Column, DeferredExpression Cell)>();
        foreach (var outer in plan.Outer)
        {
            for (var i = 0; i < source.Columns.Count; i++)
            {
                if (source.Columns[i].Id == outer.Id)
                {
                    cells.Add((i, runtime.OuterCell(outer)));
                }
            }

            runtime.OuterCell(outer);
        }

        return new AppliedSubquery(plan, cells, subquery is BoundInSubquery ? compiler.Compile(subquery) : null);
    }
}

/// <param name="Membership">For IN: the test against the rows; null otherwise.</param>
internal sealed record AppliedSubquery(
    SubqueryPlan Plan, IReadOnlyList<(int Column, DeferredExpression Cell)> Cells, VectorExpression? Membership);

internal sealed class ApplyOperator(Operator source, IReadOnlyList<AppliedSubquery> subqueries, PlanRuntime runtime) : SingleSourceOperator(source)
{
    private readonly Chunk _row = Chunk.Of(source.Types);
    private readonly Chunk _output = Chunk.Of(TypesOf(source, subqueries));

    public override IReadOnlyList<FieldType> Types { get; } = TypesOf(source, subqueries);

    public override async ValueTask<Chunk?> NextAsync(EvaluationContext context, CancellationToken cancellationToken)
    {
        if (await Source.NextAsync(context, cancellationToken) is not { } chunk)
        {
            return null;
        }

        _output.Reset();
        for (var row = 0; row < chunk.PhysicalRows; row++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            for (var i = 0; i < Source.Types.Count; i++)
            {
                _output[i].AppendFrom(chunk[i], row);
            }

            for (var i = 0; i < subqueries.Count; i++)
            {
                (await ComputeAsync(subqueries[i], chunk, row, context, cancellationToken)).AppendTo(_output[Source.Types.Count + i]);
            }
        }

        return _output;
    }

    private static IReadOnlyList<FieldType> TypesOf(Operator source, IReadOnlyList<AppliedSubquery> subqueries) =>
        [.. source.Types, .. subqueries.Select(subquery => subquery.Membership is null ? subquery.Plan.Type : FieldType.BigInt)];

    private async ValueTask<Datum> ComputeAsync(
        AppliedSubquery subquery, Chunk chunk, int row, EvaluationContext context, CancellationToken cancellationToken)
    {
        foreach (var (column, cell) in subquery.Cells)
        {
            cell.Set(Datum.FromVector(chunk[column], row));
        }

        await runtime.PrepareAsync(subquery.Plan.Root, cancellationToken);
        await runtime.RunAsync(subquery.Plan, cancellationToken);
        if (subquery.Membership is null)
        {
            return subquery.Plan.Result.Value(context);
        }

        _row.Reset();
        _row.AppendRow(chunk, row);
        return subquery.Membership.EvaluateOne(_row, context);
    }
}
