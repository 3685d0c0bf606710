using Cloud.Execution.Types;
using Cloud.Sql.Ast;

namespace Cloud.Sql.Planning;

/// <summary>Resolves names in expressions: columns, system variables, subqueries.</summary>
internal sealed class ExpressionBinder(PlanningContext context, NameScope scope, QueryPlanner planner)
{
    /// <summary>Names that stand before columns, such as aliases of the select list in ORDER BY; null finds nothing.</summary>
    public Func<ColumnReference, Expression?>? Aliases { get; init; }

    /// <summary>Whether aliases come before columns (ORDER BY) or behind them (HAVING, GROUP BY).</summary>
    public bool AliasesFirst { get; init; }

    public Expression Bind(Expression node, string clause) => ExpressionTree.Rewrite(node, child => Replace(child, clause));

    private Expression? Replace(Expression node, string clause)
    {
        switch (node)
        {
            case ColumnReference column:
                return ResolveColumn(column, clause);
            case VariableReference { Scope: not VariableScope.User } variable:
                return context.SystemVariable(variable);
            case ScalarSubquery subquery:
                return Subquery(subquery.Query, SubqueryUse.Scalar);
            case ExistsExpression exists:
                return Subquery(exists.Query, SubqueryUse.Exists);
            case InSubqueryExpression inSubquery:
                return InSubquery(inSubquery.Operand, inSubquery.Query, inSubquery.Negated, clause);
            case QuantifiedComparison { Operator: BinaryOperator.Equal, All: false } any:
                return InSubquery(any.Left, any.Query, negated: false, clause);
            case QuantifiedComparison { Operator: BinaryOperator.NotEqual, All: true } all:
                return InSubquery(all.Left, all.Query, negated: true, clause);
            default:
                return null;
        }
    }

    private Expression ResolveColumn(ColumnReference column, string clause)
    {
        if (AliasesFirst && Aliases?.Invoke(column) is { } alias)
        {
            return alias;
        }

        if (Aliases is not null && !AliasesFirst)
        {
            return scope.Find(column, clause) ?? Aliases(column) ?? scope.Resolve(column, clause);
        }

        return scope.Resolve(column, clause);
    }

    private BoundSubquery Subquery(Query query, SubqueryUse use)
    {
        var (planned, captured) = planner.PlanSubquery(query, scope, use);
        if (use == SubqueryUse.Scalar && planned.Columns.Count != 1)
        {
            throw Errors.OperandColumns(1);
        }

        var type = use == SubqueryUse.Exists ? FieldType.BigInt : planned.Columns[0].Type;
        return new BoundSubquery(new SubqueryPlan(planned, use, type with { Flags = type.Flags & ~FieldFlags.NotNull }) { Outer = captured });
    }

    private BoundInSubquery InSubquery(Expression operand, Query query, bool negated, string clause)
    {
        var (planned, captured) = planner.PlanSubquery(query, scope, SubqueryUse.Set);
        IReadOnlyList<Expression> operands = operand is RowExpression row ? row.Items : [operand];
        if (operands.Count != planned.Columns.Count)
        {
            throw Errors.OperandColumns(operands.Count);
        }

        // Both sides are brought to one type, so that the set compares as '=' would.
        var bound = operands.Select(item => Bind(item, clause)).ToList();
        var casts = new List<ProjectedColumn>();
        for (var i = 0; i < bound.Count; i++)
        {
            var column = planned.Columns[i];
            var (_, right) = TypedExpressions.Comparable(
                new ColumnExpression(0, context.TypeOf(bound[i])), new ColumnExpression(1, column.Type));
            casts.Add(new ProjectedColumn(context.NewColumn(column.Name, right.Type), column));
        }

        var root = casts.TrueForAll(cast => cast.Column.Type == ((BoundColumn)cast.Value).Type)
            ? planned
            : new ProjectPlan(planned, casts, convert: true);
        return new BoundInSubquery(bound, new SubqueryPlan(root, SubqueryUse.Set, FieldType.BigInt) { Outer = captured }, negated);
    }
}
