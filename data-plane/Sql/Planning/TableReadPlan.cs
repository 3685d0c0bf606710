using Cloud.Execution.Operators;
using Cloud.Execution.Types;
using Cloud.Sql.Ast;
using Cloud.Sql.Catalog;

namespace Cloud.Sql.Planning;

/// <summary>Reads rows of one table by an access path and keeps those that meet its conditions.</summary>
/// <param name="columns">What is read, a part of the relation's columns.</param>
/// <param name="condition">On the relation's columns that are read; null for none.</param>
internal sealed class TableReadPlan(
    TableRelation relation, IReadOnlyList<BoundColumn> columns, AccessPath path, Expression? condition, double rows) : PlanNode
{
    public TableRelation Relation => relation;

    public AccessPath Path => path;

    public Expression? Condition => condition;

    /// <summary>Whether rows come in descending order of the path's key.</summary>
    public bool Reverse { get; init; }

    /// <summary>Most rows that will be asked for, where that is known and no condition drops any; 0 otherwise.</summary>
    public LimitClause? LimitHint { get; init; }

    public override IReadOnlyList<BoundColumn> Columns => columns;

    public override double Rows => Math.Max(1, rows);

    public override IEnumerable<Expression> Expressions =>
        [.. path.Points.SelectMany(values => values), .. Bounds(), .. condition is null ? Array.Empty<Expression>() : [condition]];

    /// <summary>Position in the table of each column read.</summary>
    public int[] Ordinals { get; } = [.. columns.Select(column => OrdinalOf(relation, column))];

    public override string Describe()
    {
        var kind = (path.Index, path.IsPoint, path.HasRange) switch
        {
            (null, _, _) => "Table scan",
            (_, true, _) => path.PointCount > 1 ? "Batch point get" : "Point get",
            ({ Primary: true }, _, _) => "Table range scan",
            _ => IsCovering ? "Index only scan" : "Index range scan",
        };
        var text = $"{kind} on {relation.Alias}";
        if (path.Index is { } index)
        {
            text += $" using {index.Name} ({string.Join(", ", index.Parts.Take(path.Points.Count + (path.HasRange ? 1 : 0)).Select(part => relation.Table.Columns[part.Column].Name))})";
        }

        text += Reverse ? " backwards" : string.Empty;
        return condition is null ? text : $"{text} where {ExpressionText.Of(condition)}";
    }

    /// <summary>Whether the index holds all that is read.</summary>
    public bool IsCovering => path.Index is { Primary: false } index && Ordinals.All(ordinal => CanRestore(index, ordinal));

    public override Operator Create(PlanRuntime runtime) => new TableReadOperator(this, runtime);

    public TableReadPlan With(bool reverse, LimitClause? limitHint) =>
        new(relation, columns, path, condition, rows) { Reverse = reverse, LimitHint = limitHint };

    private bool CanRestore(IndexDefinition index, int ordinal)
    {
        if (ordinal == relation.Table.Columns.Count || ordinal == relation.Table.HandleColumn)
        {
            return true;
        }

        return index.Parts.Any(part => part.Column == ordinal && part.PrefixLength is null
            && Storage.ColumnEncoding.IsRestorable(relation.Table.Columns[ordinal].Type));
    }

    private IEnumerable<Expression> Bounds()
    {
        if (path.Low is { } low)
        {
            yield return low.Value;
        }

        if (path.High is { } high)
        {
            yield return high.Value;
        }
    }

    private static int OrdinalOf(TableRelation relation, BoundColumn column)
    {
        for (var i = 0; i < relation.Columns.Count; i++)
        {
            if (relation.Columns[i].Id == column.Id)
            {
                return i;
            }
        }

        throw new Kernel.InvariantViolatedException($"column {column.Name} is one of {relation.Alias}");
    }
}
