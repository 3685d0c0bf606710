using Cloud.Sql.Ast;
using Cloud.Sql.InformationSchema;
using Cloud.Sql.Planning;

namespace Cloud.Sql.Show;

/// <summary>EXPLAIN: the plan as a tree, one step per line with its estimated rows.</summary>
internal static class ExplainRunner
{
    public static ValueTask<ShowResult> RunAsync(ExplainStatement explain, PlanningContext planning)
    {
        planning.Evaluation.Parameters = new Datum[explain.ParameterCount];
        var lines = new List<string>();
        switch (explain.Target)
        {
            case Query query:
                Append(lines, new QueryPlanner(planning).Plan(query, outer: null).Root, 0);
                break;
            case InsertStatement insert:
                lines.Add($"-> Insert into {planning.RequireTable(insert.Table).Name}");
                if (insert.Source is not null)
                {
                    Append(lines, new QueryPlanner(planning).Plan(insert.Source, outer: null).Root, 1);
                }

                break;
            case UpdateStatement update:
                Writes(lines, "Update", update.Target, update.Where, planning);
                break;
            case DeleteStatement delete:
                Writes(lines, "Delete", delete.From, delete.Where, planning);
                break;
        }

        IEnumerable<IReadOnlyList<Datum>> rows = explain.Tree
            ? [[Cell.Text(string.Join('\n', lines))]]
            : lines.Select(IReadOnlyList<Datum> (line) => [Cell.Text(line)]);
        return new ValueTask<ShowResult>(new ShowResult([new ResultColumn("EXPLAIN", Cell.TextType)], rows));
    }

    private static void Writes(List<string> lines, string verb, TableSource source, Expression? where, PlanningContext planning)
    {
        var scope = new NameScope(outer: null);
        var planner = new QueryPlanner(planning);
        var relation = new FromBinder(planning, scope, planner, outer: null).Bind(source);
        var conditions = ExpressionTree.Conjuncts(where is null ? null : new ExpressionBinder(planning, scope, planner).Bind(where, "where clause")).ToList();
        lines.Add($"-> {verb}");
        Append(lines, new JoinPlanner(relation.ColumnIds.ToHashSet(), planning).Plan(relation, conditions), 1);
    }

    private static void Append(List<string> lines, PlanNode plan, int depth)
    {
        lines.Add($"{new string(' ', depth * 4)}-> {plan.Describe()}  (rows={plan.Rows:0})");
        foreach (var child in plan.Children)
        {
            Append(lines, child, depth + 1);
        }

        foreach (var subquery in plan.Expressions.SelectMany(ExpressionTree.Nodes).Select(PlanRuntime.PlanOf).OfType<SubqueryPlan>())
        {
            lines.Add($"{new string(' ', (depth + 1) * 4)}-> Subquery ({(subquery.Outer.Count == 0 ? "run once" : "run per row")})");
            Append(lines, subquery.Root, depth + 2);
        }
    }
}
