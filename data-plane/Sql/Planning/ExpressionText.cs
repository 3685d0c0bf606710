using System.Text;
using Cloud.Sql.Ast;

namespace Cloud.Sql.Planning;

/// <summary>
/// A canonical text of expressions: equal for expressions that compute the same from the same columns. Shown by EXPLAIN, and how GROUP BY
/// finds its expressions again in the select list.
/// </summary>
internal static class ExpressionText
{
    public static string Of(Expression node)
    {
        var text = new StringBuilder();
        Append(text, node);
        return text.ToString();
    }

    private static void Append(StringBuilder text, Expression node)
    {
        switch (node)
        {
            case BoundColumn column:
                text.Append(column.Name).Append('#').Append(column.Id);
                break;
            case ColumnReference column:
                text.Append(column);
                break;
            case Literal literal:
                text.Append(literal.Kind switch
                {
                    LiteralKind.String => "'" + Encoding.UTF8.GetString(literal.Bytes) + "'",
                    LiteralKind.Binary => "x'" + Convert.ToHexString(literal.Bytes) + "'",
                    LiteralKind.Date or LiteralKind.Time or LiteralKind.Timestamp =>
                        $"{literal.Kind} '{Encoding.UTF8.GetString(literal.Bytes)}'",
                    _ => literal.Text,
                });
                break;
            case Parameter parameter:
                text.Append('?').Append(parameter.Index);
                break;
            case VariableReference variable:
                text.Append(variable.Scope == VariableScope.User ? "@" : "@@").Append(variable.Name);
                break;
            default:
                AppendCall(text, node);
                break;
        }
    }

    private static void AppendCall(StringBuilder text, Expression node)
    {
        text.Append(NameOf(node)).Append('(');
        var first = true;
        foreach (var child in ExpressionTree.Children(node))
        {
            text.Append(first ? string.Empty : ", ");
            first = false;
            Append(text, child);
        }

        text.Append(')');
    }

    private static string NameOf(Expression node) => node switch
    {
        UnaryExpression unary => unary.Operator.ToString(),
        BinaryExpression binary => binary.Operator.ToString(),
        LogicalExpression logical => logical.IsAnd ? "AND" : "OR",
        IsNullExpression isNull => isNull.Negated ? "IsNotNull" : "IsNull",
        IsTruthExpression isTruth => $"Is{(isTruth.Negated ? "Not" : string.Empty)}{isTruth.Truth}",
        BetweenExpression between => between.Negated ? "NotBetween" : "Between",
        InListExpression inList => inList.Negated ? "NotIn" : "In",
        LikeExpression like => like.Negated ? "NotLike" : "Like",
        RegexpExpression regexp => regexp.Negated ? "NotRegexp" : "Regexp",
        CaseExpression choice => $"Case{(choice.Operand is null ? "When" : "Of")}{(choice.Else is null ? string.Empty : "Else")}",
        RowExpression => "Row",
        FunctionCall call => call.Name,
        AggregateCall aggregate => aggregate.Name + (aggregate.Distinct ? " DISTINCT" : string.Empty)
            + (aggregate.Separator is null ? string.Empty : Convert.ToHexString(aggregate.Separator)),
        CastExpression cast => "Cast " + cast.Type,
        ConvertUsingExpression convert => "Convert " + convert.Charset,
        CollateExpression collate => "Collate " + collate.Collation,
        IntervalExpression interval => "Interval " + interval.Unit,
        AssignVariableExpression assign => "@" + assign.Name + ":=",
        BoundSubquery subquery => $"Subquery{RuntimeId(subquery.Plan)}",
        BoundInSubquery inSubquery => $"{(inSubquery.Negated ? "Not" : string.Empty)}InSubquery{RuntimeId(inSubquery.Plan)}",
        _ => node.GetType().Name + RuntimeId(node),
    };

    private static int RuntimeId(object node) => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(node);
}
