using Cloud.Execution.Chunks;
using Cloud.Execution.Operators;
using Cloud.Execution.Types;
using Cloud.Sql.Ast;
using Cloud.Sql.Catalog;

namespace Cloud.Sql.Planning;

/// <summary>
/// Joins by looking up the right table's rows by a key for the values that a batch of left rows has, then joining the batch by hash.
/// Chosen when the left side is small beside the right table.
/// </summary>
internal sealed class LookupJoinPlan : PlanNode
{
    /// <summary>From how many left rows on reading the whole right side and hashing it is taken to be cheaper.</summary>
    private const double LeftRowsMax = 2_000;

    private readonly PlanNode _left;
    private readonly TableReadPlan _right;
    private readonly IReadOnlyList<(Expression Left, Expression Right, bool NullSafe)> _pairs;
    private readonly IReadOnlyList<int> _keyPairs;
    private readonly IndexDefinition _index;
    private readonly Expression? _condition;
    private readonly bool _outer;

    private LookupJoinPlan(
        PlanNode left,
        TableReadPlan right,
        IReadOnlyList<(Expression Left, Expression Right, bool NullSafe)> pairs,
        IReadOnlyList<int> keyPairs,
        IndexDefinition index,
        Expression? condition,
        bool outer)
    {
        (_left, _right, _pairs, _keyPairs, _index, _condition, _outer) = (left, right, pairs, keyPairs, index, condition, outer);
        Columns = [.. left.Columns, .. right.Columns];
    }

    public override IReadOnlyList<BoundColumn> Columns { get; }

    public override double Rows => _left.Rows * (_index.Unique || _index.Primary ? 1 : 10);

    public override IReadOnlyList<PlanNode> Children => [_left, _right];

    public override IEnumerable<Expression> Expressions =>
        [.. _pairs.SelectMany(pair => new[] { pair.Left, pair.Right }), .. _condition is null ? Array.Empty<Expression>() : [_condition]];

    /// <summary>Null when no key of the right table begins with columns of the pairs, or a hash join is cheaper.</summary>
    public static LookupJoinPlan? TryMake(
        PlanNode left,
        PlanNode right,
        Relation relation,
        IReadOnlyList<(Expression Left, Expression Right, bool NullSafe)> pairs,
        IReadOnlyList<Expression> rest,
        bool outer)
    {
        if (relation is not TableRelation table || right is not TableReadPlan read || read.Path.Index is not null
            || pairs.Count == 0 || left.Rows > LeftRowsMax || left.Rows * 10 > read.Rows)
        {
            return null;
        }

        foreach (var index in table.Table.Indexes.Where(index => index.State == IndexState.Public))
        {
            var keyPairs = new List<int>();
            foreach (var part in index.Parts)
            {
                var at = PairOf(pairs, table.Columns[part.Column]);
                if (at < 0 || part.PrefixLength is not null)
                {
                    break;
                }

                keyPairs.Add(at);
            }

            if (keyPairs.Count > 0 && (keyPairs.Count == index.Parts.Count || !index.Primary))
            {
                return new LookupJoinPlan(left, read, pairs, keyPairs, index, ExpressionTree.And(rest), outer);
            }
        }

        return null;
    }

    public override string Describe() =>
        $"Index lookup {(_outer ? "left" : "inner")} join using {_index.Name} on {string.Join(", ", _pairs.Select(pair => $"{ExpressionText.Of(pair.Left)} = {ExpressionText.Of(pair.Right)}"))}";

    public override Operator Create(PlanRuntime runtime)
    {
        var compiler = runtime.Compiler(_left.Columns);
        return new LookupJoinOperator(
            _left.Create(runtime),
            [.. _keyPairs.Select(at => compiler.Compile(_pairs[at].Left))],
            (values, left) => MakeBatch(values, left, runtime),
            Columns);
    }

    private static int PairOf(IReadOnlyList<(Expression Left, Expression Right, bool NullSafe)> pairs, BoundColumn column)
    {
        for (var i = 0; i < pairs.Count; i++)
        {
            // Values of another kind could convert to something the key does not order as the comparison does.
            if (pairs[i].Right is BoundColumn right && right.Id == column.Id && !pairs[i].NullSafe
                && pairs[i].Left is BoundColumn left && left.Type.Kind == column.Type.Kind
                && (!column.Type.IsString || left.Type.CollationId == column.Type.CollationId))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The join of one batch of left rows with the right rows found for its keys.</summary>
    private HashJoinOperator MakeBatch(IReadOnlyList<IReadOnlyList<Datum>> values, Operator left, PlanRuntime runtime)
    {
        // One column: its values. Several: the values of each column; the hash join drops the combinations that are not there.
        var points = values.Select(IReadOnlyList<Expression> (column, i) =>
            [.. column.Select(value => new ConstantValue(value, _pairs[_keyPairs[i]].Left is BoundColumn bound ? bound.Type : FieldType.Null))]).ToList();
        var path = new AccessPath { Index = _index, Points = points };
        var read = new TableReadPlan(_right.Relation, _right.Columns, path, _right.Condition, _right.Rows);
        var leftCompiler = runtime.Compiler(_left.Columns);
        var rightCompiler = runtime.Compiler(_right.Columns);
        var keys = _pairs.Select(pair => TypedExpressions.Comparable(leftCompiler.Compile(pair.Left), rightCompiler.Compile(pair.Right)))
            .Select(pair => pair.Left.Type.Kind == pair.Right.Type.Kind
                ? pair
                : (TypedExpressions.AsDecimal(pair.Left), TypedExpressions.AsDecimal(pair.Right))).ToList();
        return new HashJoinOperator(
            left,
            read.Create(runtime),
            [.. keys.Select(pair => pair.Item1)],
            [.. keys.Select(pair => pair.Item2)],
            [.. _pairs.Select(pair => pair.NullSafe)],
            _condition is null ? null : runtime.Compiler(Columns).Compile(_condition),
            _outer);
    }
}

/// <summary>A value that came out of rows and stands in a plan as a constant.</summary>
internal sealed record ConstantValue(Datum Value, FieldType Type) : Expression;

internal sealed class LookupJoinOperator(
    Operator left,
    IReadOnlyList<VectorExpression> keys,
    Func<IReadOnlyList<IReadOnlyList<Datum>>, Operator, Operator> makeBatch,
    IReadOnlyList<BoundColumn> columns) : Operator
{
    /// <summary>With several key columns fewer rows make a batch, since their values are combined.</summary>
    private readonly int _batchRows = keys.Count == 1 ? Chunk.RowsMax : 16;

    private Operator? _batch;
    private Chunk? _chunk;
    private int _next;

    public override IReadOnlyList<FieldType> Types { get; } = [.. columns.Select(column => column.Type)];

    public override async ValueTask<Chunk?> NextAsync(EvaluationContext context, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_batch is not null)
            {
                if (await _batch.NextAsync(context, cancellationToken) is { } rows)
                {
                    return rows;
                }

                await _batch.DisposeAsync();
                _batch = null;
            }

            if (_chunk is null || _next >= _chunk.PhysicalRows)
            {
                _chunk = await left.NextAsync(context, cancellationToken);
                _next = 0;
                if (_chunk is null)
                {
                    return null;
                }
            }

            _batch = Batch(_chunk, context);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (_batch is not null)
        {
            await _batch.DisposeAsync();
        }

        await left.DisposeAsync();
    }

    private Operator Batch(Chunk chunk, EvaluationContext context)
    {
        var rows = Chunk.Of(left.Types);
        var end = Math.Min(_next + _batchRows, chunk.PhysicalRows);
        for (var row = _next; row < end; row++)
        {
            rows.AppendRow(chunk, row);
        }

        _next = end;
        var values = new List<IReadOnlyList<Datum>>();
        foreach (var key in keys)
        {
            var vector = key.Evaluate(rows, context);
            using var seen = new KeyTable(KeyTable.CollationsOf([key.Type]), context);
            var distinct = new List<Datum>();
            for (var row = 0; row < vector.Count; row++)
            {
                seen.Add([vector], row, out var isNew);
                if (isNew && !vector.IsNull(row))
                {
                    distinct.Add(Datum.FromVector(vector, row));
                }
            }

            // No value at all must find nothing, not everything: NULL equals nothing.
            values.Add(distinct.Count > 0 ? distinct : [Datum.Null]);
        }

        return makeBatch(values, new ChunkOperator(left.Types, rows));
    }

    private sealed class ChunkOperator(IReadOnlyList<FieldType> types, Chunk rows) : Operator
    {
        private bool _given;

        public override IReadOnlyList<FieldType> Types => types;

        public override ValueTask<Chunk?> NextAsync(EvaluationContext context, CancellationToken cancellationToken)
        {
            var chunk = _given ? null : rows;
            _given = true;
            return new ValueTask<Chunk?>(chunk);
        }

        public override ValueTask DisposeAsync()
        {
            rows.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
