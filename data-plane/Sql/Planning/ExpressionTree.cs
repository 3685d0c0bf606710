using System.Runtime.CompilerServices;
using Cloud.Sql.Ast;

namespace Cloud.Sql.Planning;

/// <summary>Walks and rewrites expressions without knowing what they are for.</summary>
internal static class ExpressionTree
{
    /// <summary>The direct operands, in the order of the text; subqueries are not entered.</summary>
    public static IReadOnlyList<Expression> Children(Expression node) => node switch
    {
        UnaryExpression unary => [unary.Operand],
        BinaryExpression binary => [binary.Left, binary.Right],
        LogicalExpression logical => logical.Operands,
        IsNullExpression isNull => [isNull.Operand],
        IsTruthExpression isTruth => [isTruth.Operand],
        BetweenExpression between => [between.Operand, between.Low, between.High],
        InListExpression inList => [inList.Operand, .. inList.Items],
        InSubqueryExpression inSubquery => [inSubquery.Operand],
        BoundInSubquery bound => [.. bound.Operands, .. bound.Plan.Outer],
        BoundSubquery bound => bound.Plan.Outer,
        QuantifiedComparison quantified => [quantified.Left],
        LikeExpression like => like.Escape is null ? [like.Operand, like.Pattern] : [like.Operand, like.Pattern, like.Escape],
        RegexpExpression regexp => [regexp.Operand, regexp.Pattern],
        CaseExpression choice => CaseChildren(choice),
        RowExpression row => row.Items,
        FunctionCall call => call.Arguments,
        AggregateCall aggregate => [.. aggregate.Arguments, .. aggregate.OrderBy.Select(item => item.Expression)],
        CastExpression cast => [cast.Operand],
        ConvertUsingExpression convert => [convert.Operand],
        CollateExpression collate => [collate.Operand],
        IntervalExpression interval => [interval.Value],
        AssignVariableExpression assign => [assign.Value],
        _ => [],
    };

    /// <summary>Rebuilds an expression bottom-up where <paramref name="replace"/> gives something else for a node; null keeps it.</summary>
    public static Expression Rewrite(Expression node, Func<Expression, Expression?> replace)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw Errors.TooDeep();
        }

        return replace(node) ?? RewriteChildren(node, child => Rewrite(child, replace));
    }

    /// <summary>Every node of the tree, the root first.</summary>
    public static IEnumerable<Expression> Nodes(Expression root)
    {
        var pending = new Stack<Expression>();
        pending.Push(root);
        while (pending.TryPop(out var node))
        {
            yield return node;
            foreach (var child in Children(node))
            {
                pending.Push(child);
            }
        }
    }

    /// <summary>Ids of the columns that the expression reads.</summary>
    public static HashSet<int> ColumnsOf(Expression root) => Nodes(root).OfType<BoundColumn>().Select(column => column.Id).ToHashSet();

    /// <summary>Whether its value is the same for every row and every moment of a statement.</summary>
    public static bool IsConstant(Expression root) => Nodes(root).All(node => node is not (BoundColumn or BoundSubquery or BoundInSubquery
        or AggregateCall or AssignVariableExpression or InsertedValueExpression or VariableReference { Scope: VariableScope.User })
        && node is not FunctionCall { Name: "RAND" or "UUID" or "SLEEP" or "UUID_SHORT" or "LAST_INSERT_ID" });

    /// <summary>Whether it must be computed once per row, no more and no less.</summary>
    public static bool HasEffects(Expression root) =>
        Nodes(root).Any(node => node is AssignVariableExpression or FunctionCall { Name: "RAND" or "UUID" or "SLEEP" or "UUID_SHORT" });

    /// <summary>The operands of nested ANDs.</summary>
    public static IEnumerable<Expression> Conjuncts(Expression? root) => root switch
    {
        null => [],
        LogicalExpression { IsAnd: true } and => and.Operands.SelectMany(Conjuncts),
        _ => [root],
    };

    public static Expression? And(IReadOnlyList<Expression> conjuncts) => conjuncts.Count switch
    {
        0 => null,
        1 => conjuncts[0],
        _ => new LogicalExpression(IsAnd: true, conjuncts),
    };

    private static IReadOnlyList<Expression> CaseChildren(CaseExpression choice)
    {
        var children = new List<Expression>();
        if (choice.Operand is not null)
        {
            children.Add(choice.Operand);
        }

        foreach (var branch in choice.Branches)
        {
            children.Add(branch.When);
            children.Add(branch.Then);
        }

        if (choice.Else is not null)
        {
            children.Add(choice.Else);
        }

        return children;
    }

    private static Expression RewriteChildren(Expression node, Func<Expression, Expression> map)
    {
        switch (node)
        {
            case UnaryExpression unary:
                return unary with { Operand = map(unary.Operand) };
            case BinaryExpression binary:
                return binary with { Left = map(binary.Left), Right = map(binary.Right) };
            case LogicalExpression logical:
                return logical with { Operands = All(logical.Operands, map) };
            case IsNullExpression isNull:
                return isNull with { Operand = map(isNull.Operand) };
            case IsTruthExpression isTruth:
                return isTruth with { Operand = map(isTruth.Operand) };
            case BetweenExpression between:
                return between with { Operand = map(between.Operand), Low = map(between.Low), High = map(between.High) };
            case InListExpression inList:
                return inList with { Operand = map(inList.Operand), Items = All(inList.Items, map) };
            case InSubqueryExpression inSubquery:
                return inSubquery with { Operand = map(inSubquery.Operand) };
            case BoundInSubquery bound:
                return bound with { Operands = All(bound.Operands, map) };
            case QuantifiedComparison quantified:
                return quantified with { Left = map(quantified.Left) };
            case LikeExpression like:
                return like with
                {
                    Operand = map(like.Operand), Pattern = map(like.Pattern), Escape = like.Escape is null ? null : map(like.Escape),
                };
            case RegexpExpression regexp:
                return regexp with { Operand = map(regexp.Operand), Pattern = map(regexp.Pattern) };
            case CaseExpression choice:
                return choice with
                {
                    Operand = choice.Operand is null ? null : map(choice.Operand),
                    Branches = [.. choice.Branches.Select(branch => new CaseBranch(map(branch.When), map(branch.Then)))],
                    Else = choice.Else is null ? null : map(choice.Else),
                };
            case RowExpression row:
                return row with { Items = All(row.Items, map) };
            case FunctionCall call:
                return call with { Arguments = All(call.Arguments, map) };
            case AggregateCall aggregate:
                return aggregate with
                {
                    Arguments = All(aggregate.Arguments, map),
                    OrderBy = [.. aggregate.OrderBy.Select(item => item with { Expression = map(item.Expression) })],
                };
            case CastExpression cast:
                return cast with { Operand = map(cast.Operand) };
            case ConvertUsingExpression convert:
                return convert with { Operand = map(convert.Operand) };
            case CollateExpression collate:
                return collate with { Operand = map(collate.Operand) };
            case IntervalExpression interval:
                return interval with { Value = map(interval.Value) };
            case AssignVariableExpression assign:
                return assign with { Value = map(assign.Value) };
            default:
                return node;
        }
    }

    private static List<Expression> All(IReadOnlyList<Expression> nodes, Func<Expression, Expression> map)
    {
        var list = new List<Expression>(nodes.Count);
        foreach (var node in nodes)
        {
            list.Add(map(node));
        }

        return list;
    }
}
