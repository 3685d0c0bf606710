using Cloud.Execution.Types;
using Cloud.Sql.Ast;

namespace Cloud.Sql.Planning;

/// <summary>
/// Rewrites expressions above a GROUP BY to the columns that come out of it: keys, aggregates, and columns that the keys determine. Other
/// columns are error 1055 under only_full_group_by; without it any value of the group stands in.
/// Source: MySQL 8.0 Reference Manual §12.20.3 "MySQL Handling of GROUP BY".
/// </summary>
internal sealed class GroupRewriter(
    PlanningContext context, List<ProjectedColumn> keys, List<string> keyTexts, List<AggregateColumn> aggregates)
{
    private readonly List<string> _aggregateTexts = [];

    /// <summary>Columns carried along as further keys: they depend on the keys, so that they split no group.</summary>
    public List<ProjectedColumn> Dependent { get; } = [];

    /// <param name="position">Of the select list, for the error; 0 elsewhere.</param>
    public Expression Rewrite(Expression expression, int position) => ExpressionTree.Rewrite(expression, node =>
    {
        var at = keyTexts.IndexOf(ExpressionText.Of(node));
        if (at >= 0)
        {
            return keys[at].Column;
        }

        return node switch
        {
            AggregateCall call => Aggregate(call),
            FunctionCall { Name: "ANY_VALUE" } any => Aggregate(new AggregateCall("ANY_VALUE", Distinct: false, any.Arguments, [], null)),
            BoundColumn column => Column(column, position),
            _ => null,
        };
    });

    private BoundColumn Aggregate(AggregateCall call)
    {
        if (call.Arguments.Any(argument => ExpressionTree.Nodes(argument).Any(node => node is AggregateCall)))
        {
            throw Errors.InvalidGroupFunction();
        }

        var text = ExpressionText.Of(call);
        var at = _aggregateTexts.IndexOf(text);
        if (at < 0)
        {
            at = aggregates.Count;
            _aggregateTexts.Add(text);
            aggregates.Add(new AggregateColumn(context.NewColumn(call.Name, AggregateFactory.TypeOf(call, context)), call));
        }

        return aggregates[at].Column;
    }

    private BoundColumn Column(BoundColumn column, int position)
    {
        if (context.Evaluation.Has(SqlModes.OnlyFullGroupBy) && !KeysDetermine())
        {
            throw keys.Count == 0
                ? new SqlException(1140, "42000", $"In aggregated query without GROUP BY, expression #{Math.Max(position, 1)} of SELECT list contains nonaggregated column '{column.Name}'; this is incompatible with sql_mode=only_full_group_by")
                : Errors.NotInGroupBy(column.Name, Math.Max(position, 1));
        }

        return Aggregate(new AggregateCall("ANY_VALUE", Distinct: false, [column], [], null));
    }

    /// <summary>A primary key among the keys determines every column of its table.</summary>
    private bool KeysDetermine() => keys.Exists(key => key.Value is BoundColumn column && column.Type.Flags.HasFlag(FieldFlags.PrimaryKey));
}
