using Cloud.Sql.Ast;
using Cloud.Sql.Catalog;

namespace Cloud.Sql.Planning;

/// <summary>Finds where rows come out of a table in the order asked for, so that nothing need be sorted and a limit ends the scan early.</summary>
internal static class KeyOrder
{
    /// <summary>The source reading in that order, or null when it has to be sorted.</summary>
    public static PlanNode? TryUse(PlanNode source, IReadOnlyList<SortColumn> order, LimitClause? limit)
    {
        if (source is not TableReadPlan read)
        {
            return null;
        }

        if (order.Count == 0)
        {
            return limit is null ? null : read.With(reverse: false, limit);
        }

        if (read.Path.IsPoint && read.Path.PointCount == 1)
        {
            return read;
        }

        var index = read.Path.Index ?? read.Relation.Table.PrimaryKey;
        if (index is null || read.Path.Points.Any(values => values.Count > 1) || order.Any(key => key.Descending != order[0].Descending))
        {
            return null;
        }

        // Columns before the order's are fixed by the path, so that they do not disturb it.
        var part = 0;
        foreach (var key in order)
        {
            while (part < read.Path.Points.Count && !IsPart(read, index, part, key))
            {
                part++;
            }

            if (part >= index.Parts.Count || !IsPart(read, index, part, key))
            {
                return null;
            }

            part++;
        }

        return read.With(order[0].Descending, limit);
    }

    private static bool IsPart(TableReadPlan read, IndexDefinition index, int part, SortColumn key) =>
        index.Parts[part].PrefixLength is null && key.Value is BoundColumn column
        && read.Relation.Columns[index.Parts[part].Column].Id == column.Id;
}
