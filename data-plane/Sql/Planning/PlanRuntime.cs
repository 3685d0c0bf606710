using Cloud.Execution.Chunks;
using Cloud.Execution.Types;
using Cloud.KvClient;
using Cloud.Sql.Ast;

namespace Cloud.Sql.Planning;

/// <summary>How rows are locked while they are read; only in pessimistic transactions.</summary>
internal sealed record RowLocking(IKvTransaction Transaction, TimeSpan Wait, LockWaitPolicy Policy);

/// <summary>What the operators of one execution share.</summary>
internal sealed class PlanRuntime(EvaluationContext context, IKvSnapshot snapshot)
{
    private readonly Dictionary<int, DeferredExpression> _outer = [];
    private readonly Chunk _oneRow = MakeOneRow();

    public EvaluationContext Context => context;

    /// <summary>Where rows are read; in a transaction through its own writes.</summary>
    public IKvSnapshot Snapshot => snapshot;

    /// <summary>Null when rows are only read.</summary>
    public RowLocking? Locking { get; init; }

    public ExpressionCompiler Compiler(IReadOnlyList<BoundColumn> columns)
    {
        var layout = new Dictionary<int, int>(columns.Count);
        for (var i = 0; i < columns.Count; i++)
        {
            layout[columns[i].Id] = i;
        }

        return new ExpressionCompiler(layout, context, _outer);
    }

    /// <summary>The cell through which a subquery sees a column of the query around it.</summary>
    public DeferredExpression OuterCell(BoundColumn column)
    {
        if (!_outer.TryGetValue(column.Id, out var cell))
        {
            _outer.Add(column.Id, cell = new DeferredExpression(column.Type));
        }

        return cell;
    }

    /// <summary>The value of an expression that reads no column of the row.</summary>
    public (Datum Value, VectorExpression Expression) Constant(Expression expression)
    {
        var compiled = ExpressionCompiler.ForConstants(context, _outer).Compile(expression);
        return (EvaluateConstant(compiled), compiled);
    }

    public Datum EvaluateConstant(VectorExpression expression) => expression.EvaluateOne(_oneRow, context);

    /// <summary>The number of a LIMIT clause; 0 for none.</summary>
    /// <exception cref="SqlException">1210: a parameter that is no whole number.</exception>
    public ulong LimitOf(Expression? expression)
    {
        if (expression is null)
        {
            return 0;
        }

        var (value, compiled) = Constant(expression);
        if (value.IsNull || Conversions.ToUInt64(new ValueRef(value), compiled.Type, out var limit) == ConversionStatus.Overflow)
        {
            throw Errors.WrongArguments("LIMIT");
        }

        return limit;
    }

    /// <summary>Runs the subqueries that need no outer row, inner ones first, so that their results are there.</summary>
    public async ValueTask PrepareAsync(PlanNode root, CancellationToken cancellationToken)
    {
        foreach (var child in root.Children)
        {
            await PrepareAsync(child, cancellationToken);
        }

        foreach (var expression in root.Expressions)
        {
            await PrepareAsync(expression, cancellationToken);
        }
    }

    public async ValueTask PrepareAsync(Expression expression, CancellationToken cancellationToken)
    {
        foreach (var plan in ExpressionTree.Nodes(expression).Select(PlanOf).OfType<SubqueryPlan>())
        {
            await PrepareAsync(plan.Root, cancellationToken);
            if (plan.Outer.Count == 0)
            {
                await RunAsync(plan, cancellationToken);
            }
        }
    }

    /// <summary>Runs a subquery and puts its result where its expression looks for it.</summary>
    public async ValueTask RunAsync(SubqueryPlan plan, CancellationToken cancellationToken)
    {
        await using var source = plan.Root.Create(this);
        if (plan.Use == SubqueryUse.Set)
        {
            await plan.Rows.FillAsync(source, context, cancellationToken);
            return;
        }

        var chunk = await source.NextAsync(context, cancellationToken);
        if (plan.Use == SubqueryUse.Exists)
        {
            plan.Result.Set(Datum.FromInt64(chunk is null ? 0 : 1));
            return;
        }

        if (chunk is null)
        {
            plan.Result.Set(Datum.Null);
            return;
        }

        var value = Datum.FromVector(chunk[0], 0);
        if (chunk.PhysicalRows > 1 || await source.NextAsync(context, cancellationToken) is not null)
        {
            throw Errors.SubqueryRows();
        }

        plan.Result.Set(value);
    }

    public static SubqueryPlan? PlanOf(Expression node) => node switch
    {
        BoundSubquery subquery => subquery.Plan,
        BoundInSubquery inSubquery => inSubquery.Plan,
        _ => null,
    };

    private static Chunk MakeOneRow()
    {
        var chunk = new Chunk(columns: []);
        chunk.SetRowsWithoutColumns(1);
        return chunk;
    }
}
