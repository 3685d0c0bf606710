using Cloud.Sql.Ast;
using Cloud.Sql.Catalog;

namespace Cloud.Sql.Planning;

/// <summary>A bound of a range, not yet computed.</summary>
internal sealed record RangeBound(Expression Value, bool Inclusive);

/// <summary>
/// How rows of a table are found by one key: values for its first columns (several each for IN), then a range on the next one. What
/// conditions say beyond that is checked on the rows, as are the conditions themselves: a path may find more, never less.
/// </summary>
internal sealed record AccessPath
{
    /// <summary>The key; null reads the whole table by its rows.</summary>
    public IndexDefinition? Index { get; init; }

    /// <summary>For each leading column of the key the values it may have; an empty list stands for IS NULL.</summary>
    public IReadOnlyList<IReadOnlyList<Expression>> Points { get; init; } = [];

    public RangeBound? Low { get; init; }

    public RangeBound? High { get; init; }

    /// <summary><c>LIKE</c> with this constant pattern on the next column.</summary>
    public Expression? LikePattern { get; init; }

    public bool HasRange => Low is not null || High is not null || LikePattern is not null;

    /// <summary>Whether every column of a unique key has values, none of which is NULL: at most one row for each.</summary>
    public bool IsPoint => Index is { } index && (index.Unique || index.Primary) && Points.Count == index.Parts.Count
        && Points.All(values => values.Count > 0) && index.Parts.All(part => part.PrefixLength is null);

    /// <summary>Values multiplied out.</summary>
    public double PointCount => Points.Aggregate(1.0, (product, values) => product * Math.Max(1, values.Count));
}

/// <summary>
/// Chooses how a table is read from the conditions on it alone. Rules with estimates, since there are no statistics: a full unique key
/// beats everything, more fixed columns beat fewer, a range on the primary key needs no lookups.
/// </summary>
internal static class AccessPathChooser
{
    /// <summary>Rows that a table is taken to have; TiDB's pseudo statistics use the same number.</summary>
    public const double AssumedRows = 10_000;

    private const double EqualityFraction = 0.001;
    private const double RangeFraction = 0.1;
    private const double LookupCost = 4;

    public static (AccessPath Path, double Rows) Choose(TableRelation relation, IReadOnlyList<Expression> conditions)
    {
        var best = new AccessPath();
        var bestRows = AssumedRows;
        var bestCost = AssumedRows;
        foreach (var index in relation.Table.Indexes)
        {
            if (index.State != IndexState.Public)
            {
                continue;
            }

            var path = PathOf(relation, index, conditions);
            if (path.Points.Count == 0 && !path.HasRange)
            {
                continue;
            }

            var rows = Estimate(path);
            var cost = rows * (index.Primary ? 1 : LookupCost);
            if (cost < bestCost)
            {
                (best, bestRows, bestCost) = (path, rows, cost);
            }
        }

        return (best, bestRows);
    }

    private static double Estimate(AccessPath path)
    {
        if (path.IsPoint)
        {
            return path.PointCount;
        }

        var fraction = Math.Pow(EqualityFraction, path.Points.Count) * path.PointCount;
        if (path.LikePattern is not null || (path.Low is not null && path.High is not null))
        {
            fraction *= RangeFraction / 4;
        }
        else if (path.HasRange)
        {
            fraction *= RangeFraction;
        }

        return Math.Clamp(AssumedRows * fraction, 1, AssumedRows);
    }

    private static AccessPath PathOf(TableRelation relation, IndexDefinition index, IReadOnlyList<Expression> conditions)
    {
        var points = new List<IReadOnlyList<Expression>>();
        foreach (var part in index.Parts)
        {
            var column = relation.Columns[part.Column];
            if (PointsOf(column, conditions, path: points) is { } values)
            {
                points.Add(values);
                continue;
            }

            var (low, high, like) = RangeOf(column, conditions);
            return new AccessPath { Index = index, Points = points, Low = low, High = high, LikePattern = like };
        }

        return new AccessPath { Index = index, Points = points };
    }

    /// <summary>Most combinations of IN lists that are still looked up one by one.</summary>
    private const int CombinationsMax = 10_000;

    private static IReadOnlyList<Expression>? PointsOf(
        BoundColumn column, IReadOnlyList<Expression> conditions, List<IReadOnlyList<Expression>> path)
    {
        IReadOnlyList<Expression>? list = null;
        foreach (var condition in conditions)
        {
            switch (condition)
            {
                case BinaryExpression { Operator: BinaryOperator.Equal } equal when Opposite(equal, column) is { } value && KeyValues.Fits(column.Type, value):
                    return [value];
                case IsNullExpression { Negated: false, Operand: BoundColumn isNull } when isNull.Id == column.Id:
                    return [];
                case InListExpression { Negated: false, Operand: BoundColumn inColumn } inList
                    when inColumn.Id == column.Id && inList.Items.All(item => IsConstant(item) && KeyValues.Fits(column.Type, item)):
                    list = inList.Items;
                    break;
            }
        }

        var combinations = path.Aggregate(1.0, (product, values) => product * Math.Max(1, values.Count)) * (list?.Count ?? 1);
        return combinations <= CombinationsMax ? list : null;
    }

    private static (RangeBound? Low, RangeBound? High, Expression? Like) RangeOf(BoundColumn column, IReadOnlyList<Expression> conditions)
    {
        RangeBound? low = null;
        RangeBound? high = null;
        Expression? like = null;
        foreach (var condition in conditions)
        {
            switch (condition)
            {
                case BinaryExpression binary when Opposite(binary, column) is { } value && KeyValues.Fits(column.Type, value):
                    var comparison = binary.Left is BoundColumn left && left.Id == column.Id ? binary.Operator : Mirrored(binary.Operator);
                    if (comparison is BinaryOperator.Greater or BinaryOperator.GreaterOrEqual)
                    {
                        low ??= new RangeBound(value, comparison == BinaryOperator.GreaterOrEqual);
                    }
                    else if (comparison is BinaryOperator.Less or BinaryOperator.LessOrEqual)
                    {
                        high ??= new RangeBound(value, comparison == BinaryOperator.LessOrEqual);
                    }

                    break;
                case BetweenExpression { Negated: false, Operand: BoundColumn between } range when between.Id == column.Id
                    && IsConstant(range.Low) && IsConstant(range.High)
                    && KeyValues.Fits(column.Type, range.Low) && KeyValues.Fits(column.Type, range.High):
                    low ??= new RangeBound(range.Low, Inclusive: true);
                    high ??= new RangeBound(range.High, Inclusive: true);
                    break;
                case LikeExpression { Negated: false, Escape: null, Operand: BoundColumn text } pattern when text.Id == column.Id
                    && column.Type.IsString && pattern.Pattern is Literal { Kind: LiteralKind.String } literal
                    && literal.Bytes.Length > 0 && literal.Bytes[0] is not ((byte)'%' or (byte)'_'):
                    like ??= pattern.Pattern;
                    break;
            }
        }

        return low is null && high is null ? (null, null, like) : (low, high, null);
    }

    /// <summary>The constant side of a comparison with the column; null when it is none.</summary>
    private static Expression? Opposite(BinaryExpression binary, BoundColumn column)
    {
        if (binary.Left is BoundColumn left && left.Id == column.Id && IsConstant(binary.Right))
        {
            return binary.Right;
        }

        return binary.Right is BoundColumn right && right.Id == column.Id && IsConstant(binary.Left) ? binary.Left : null;
    }

    private static bool IsConstant(Expression expression) => ExpressionTree.Nodes(expression).All(node =>
        node is not (BoundColumn or BoundInSubquery or AssignVariableExpression) && (PlanRuntime.PlanOf(node) is not { Outer.Count: > 0 }))
        && !ExpressionTree.HasEffects(expression);

    private static BinaryOperator Mirrored(BinaryOperator comparison) => comparison switch
    {
        BinaryOperator.Less => BinaryOperator.Greater,
        BinaryOperator.LessOrEqual => BinaryOperator.GreaterOrEqual,
        BinaryOperator.Greater => BinaryOperator.Less,
        BinaryOperator.GreaterOrEqual => BinaryOperator.LessOrEqual,
        _ => comparison,
    };
}
