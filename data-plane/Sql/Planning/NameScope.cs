using Cloud.Sql.Ast;

namespace Cloud.Sql.Planning;

/// <summary>The columns that names of one query can mean; beyond them, those of the query around it.</summary>
internal sealed class NameScope(NameScope? outer)
{
    private readonly List<BoundColumn> _captured = [];

    public List<ScopeColumn> Columns { get; } = [];

    /// <summary>Columns of outer queries that this one or one inside it reads.</summary>
    public IReadOnlyList<BoundColumn> Captured => _captured;

    /// <exception cref="SqlException">1052 or 1054.</exception>
    public BoundColumn Resolve(ColumnReference name, string clause)
    {
        var found = Find(name, clause) ?? outer?.Capture(name, clause, this);
        return found ?? throw Errors.UnknownColumn(name.ToString(), clause);
    }

    /// <summary>The column here or null; ambiguity is an error.</summary>
    public BoundColumn? Find(ColumnReference name, string clause)
    {
        BoundColumn? found = null;
        foreach (var column in Columns)
        {
            if (!Matches(column, name))
            {
                continue;
            }

            if (found is not null && found.Id != column.Column.Id)
            {
                throw Errors.AmbiguousColumn(name.ToString(), clause);
            }

            found = column.Column;
        }

        return found;
    }

    public ResultColumn? OriginOf(int columnId) => Columns.FirstOrDefault(column => column.Column.Id == columnId)?.Origin;

    private BoundColumn? Capture(ColumnReference name, string clause, NameScope inner)
    {
        var found = Find(name, clause) ?? outer?.Capture(name, clause, this);
        if (found is not null && !inner._captured.Exists(column => column.Id == found.Id))
        {
            inner._captured.Add(found);
        }

        return found;
    }

    private static bool Matches(ScopeColumn column, ColumnReference name) =>
        string.Equals(column.Name, name.Name, StringComparison.OrdinalIgnoreCase)
        && (name.Table is null ? !column.Hidden : string.Equals(column.Table, name.Table, StringComparison.OrdinalIgnoreCase))
        && (name.Schema is null || string.Equals(column.Schema, name.Schema, StringComparison.OrdinalIgnoreCase));
}
