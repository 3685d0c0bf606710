using Cloud.Execution.Types;
using Cloud.Sql.Ast;
using Cloud.Sql.Catalog;

namespace Cloud.Sql.Planning;

/// <summary>Turns FROM into relations and fills the scope with their columns.</summary>
internal sealed class FromBinder(PlanningContext context, NameScope scope, QueryPlanner planner, NameScope? outer)
{
    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);
    private int _tables;

    public Relation Bind(TableSource source)
    {
        switch (source)
        {
            case NamedTable named:
                return Table(named);
            case DerivedTable derived:
                return Derived(derived);
            case JoinSource join:
                return Join(join);
            default:
                throw Errors.NotSupported(source.GetType().Name);
        }
    }

    /// <summary>A base table whose columns are added to the scope.</summary>
    public static TableRelation AddTable(PlanningContext context, NameScope scope, TableDefinition table, string schema, string alias)
    {
        var columns = new List<BoundColumn>();
        foreach (var definition in table.Columns)
        {
            var column = context.NewColumn(definition.Name, definition.Type);
            columns.Add(column);
            scope.Columns.Add(new ScopeColumn(column, schema, alias, definition.Name, new ResultColumn(definition.Name, definition.Type)
            {
                Schema = schema, Table = alias, OriginalTable = table.Name, OriginalName = definition.Name,
            }));
        }

        if (table.HandleKind == HandleKind.RowId)
        {
            columns.Add(context.NewColumn("_rowid", Storage.TableCodec.RowIdType));
        }

        return new TableRelation(table, schema, alias, columns);
    }

    private Relation Table(NamedTable named)
    {
        Count();
        var schema = context.SchemaOf(named.Name);
        var alias = named.Alias ?? named.Name.Name;
        AddName(named.Alias is null ? $"{schema}.{alias}" : alias, alias);
        if (context.FindVirtual(schema, named.Name.Name) is { } table)
        {
            var columns = new List<BoundColumn>();
            foreach (var (name, type) in table.Columns)
            {
                var column = context.NewColumn(name, type);
                columns.Add(column);
                scope.Columns.Add(new ScopeColumn(column, schema, alias, name, new ResultColumn(name, type)
                {
                    Schema = schema, Table = alias, OriginalTable = table.Name, OriginalName = name,
                }));
            }

            return new PlannedRelation(new VirtualTablePlan(table, columns));
        }

        return AddTable(context, scope, context.RequireTable(named.Name), schema, alias);
    }

    private PlannedRelation Derived(DerivedTable derived)
    {
        Count();
        AddName(derived.Alias, derived.Alias);
        var planned = planner.Plan(derived.Query, outer: null);
        if (derived.ColumnAliases.Count > 0 && derived.ColumnAliases.Count != planned.Output.Count)
        {
            throw new SqlException(1353, "HY000", "In definition of view, derived table or common table expression, SELECT list and column names list have different column counts");
        }

        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < planned.Output.Count; i++)
        {
            var name = derived.ColumnAliases.Count > 0 ? derived.ColumnAliases[i] : planned.Output[i].Name;
            if (!seen.Add(name))
            {
                throw Errors.DuplicateColumn(name);
            }

            scope.Columns.Add(new ScopeColumn(planned.Root.Columns[i], null, derived.Alias, name, new ResultColumn(name, planned.Output[i].Type) { Table = derived.Alias }));
        }

        return new PlannedRelation(planned.Root);
    }

    private JoinRelation Join(JoinSource join)
    {
        var start = scope.Columns.Count;
        var left = Bind(join.Left);
        var middle = scope.Columns.Count;
        var right = Bind(join.Right);
        var conditions = new List<Expression>();
        if (join.Natural || join.Using is not null)
        {
            conditions.AddRange(Using(join, start, middle));
        }
        else if (join.On is not null)
        {
            // ON sees the tables of this join only, and those of queries around it.
            var visible = new NameScope(outer);
            visible.Columns.AddRange(scope.Columns[start..]);
            conditions.AddRange(ExpressionTree.Conjuncts(new ExpressionBinder(context, visible, planner).Bind(join.On, "on clause")));
        }

        return join.Kind == JoinKind.Right
            ? new JoinRelation(right, left, outer: true, conditions)
            : new JoinRelation(left, right, join.Kind == JoinKind.Left, conditions);
    }

    private List<Expression> Using(JoinSource join, int start, int middle)
    {
        var left = scope.Columns[start..middle].Where(column => !column.Hidden).ToList();
        var right = scope.Columns[middle..].Where(column => !column.Hidden).ToList();
        var names = join.Using ?? [.. left.Select(column => column.Name)
            .Where(name => right.Exists(other => string.Equals(other.Name, name, StringComparison.OrdinalIgnoreCase)))];
        var conditions = new List<Expression>();
        foreach (var name in names)
        {
            var a = Only(left, name);
            var b = Only(right, name);
            conditions.Add(new BinaryExpression(BinaryOperator.Equal, a.Column, b.Column));

            // The column appears once: the side that is always there stands for both.
            var hidden = join.Kind == JoinKind.Right ? a : b;
            var at = scope.Columns.IndexOf(hidden);
            scope.Columns[at] = hidden with { Hidden = true };
        }

        return conditions;
    }

    private static ScopeColumn Only(List<ScopeColumn> columns, string name)
    {
        var found = columns.Where(column => string.Equals(column.Name, name, StringComparison.OrdinalIgnoreCase)).ToList();
        return found.Count switch
        {
            0 => throw Errors.UnknownColumn(name, "from clause"),
            1 => found[0],
            _ => throw Errors.AmbiguousColumn(name, "from clause"),
        };
    }

    private void Count()
    {
        if (++_tables > SqlLimits.TablesPerJoinMax)
        {
            throw Errors.TooManyTables(SqlLimits.TablesPerJoinMax);
        }
    }

    private void AddName(string name, string alias)
    {
        if (!_names.Add(name))
        {
            throw Errors.NotUniqueTable(alias);
        }
    }
}
