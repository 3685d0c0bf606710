using Cloud.Sql.Ast;

namespace Cloud.Sql.Planning;

/// <summary>Comparisons of row constructors in terms of their columns.</summary>
internal static class RowComparison
{
    public static Expression Expand(BinaryOperator comparison, IReadOnlyList<Expression> left, IReadOnlyList<Expression> right)
    {
        if (comparison is BinaryOperator.Equal or BinaryOperator.NullSafeEqual)
        {
            return new LogicalExpression(IsAnd: true, Pairs(comparison, left, right));
        }

        if (comparison == BinaryOperator.NotEqual)
        {
            return new LogicalExpression(IsAnd: false, Pairs(comparison, left, right));
        }

        // (a, b) < (c, d) is a < c OR (a = c AND b < d).
        var strict = comparison switch
        {
            BinaryOperator.LessOrEqual => BinaryOperator.Less,
            BinaryOperator.GreaterOrEqual => BinaryOperator.Greater,
            BinaryOperator.Less or BinaryOperator.Greater => comparison,
            _ => throw Errors.OperandColumns(1),
        };
        Expression result = new BinaryExpression(comparison, left[^1], right[^1]);
        for (var i = left.Count - 2; i >= 0; i--)
        {
            var equal = new BinaryExpression(BinaryOperator.Equal, left[i], right[i]);
            result = new LogicalExpression(
                IsAnd: false,
                [new BinaryExpression(strict, left[i], right[i]), new LogicalExpression(IsAnd: true, [equal, result])]);
        }

        return result;
    }

    private static List<Expression> Pairs(BinaryOperator comparison, IReadOnlyList<Expression> left, IReadOnlyList<Expression> right) =>
        [.. left.Zip(right, Expression (a, b) => new BinaryExpression(comparison, a, b))];
}
