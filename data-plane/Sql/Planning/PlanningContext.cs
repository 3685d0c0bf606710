using Cloud.Execution.Types;
using Cloud.Sql.Ast;
using Cloud.Sql.Catalog;

namespace Cloud.Sql.Planning;

/// <summary>A table that is computed, such as those of information_schema.</summary>
internal sealed record VirtualTable(string Name, IReadOnlyList<(string Name, FieldType Type)> Columns, Func<IEnumerable<IReadOnlyList<Datum>>> Rows);

/// <summary>What planning one statement needs to know.</summary>
internal sealed class PlanningContext(
    SchemaCatalog catalog,
    string? database,
    EvaluationContext evaluation,
    Func<VariableReference, Literal> systemVariable,
    Func<string, string, VirtualTable?> virtualTable)
{
    private int _nextId;
    private readonly Dictionary<long, TableDefinition> _tables = [];

    public SchemaCatalog Catalog => catalog;

    public string? Database => database;

    public EvaluationContext Evaluation => evaluation;

    /// <summary>The base tables that the plan reads or writes.</summary>
    public IReadOnlyCollection<TableDefinition> Tables => _tables.Values;

    public BoundColumn NewColumn(string name, FieldType type) => new(++_nextId, type, name);

    /// <exception cref="SqlException">1193.</exception>
    public Literal SystemVariable(VariableReference variable) => systemVariable(variable);

    public VirtualTable? FindVirtual(string schema, string name) => virtualTable(schema, name);

    /// <exception cref="SqlException">1046.</exception>
    public string SchemaOf(TableName name) => name.Schema ?? database ?? throw Errors.NoDatabaseSelected();

    /// <exception cref="SqlException">1046, 1049 or 1146.</exception>
    public TableDefinition RequireTable(TableName name)
    {
        var table = catalog.RequireTable(SchemaOf(name), name.Name);
        _tables[table.Id] = table;
        return table;
    }

    public ExpressionCompiler Compiler(IReadOnlyList<BoundColumn> columns)
    {
        var layout = new Dictionary<int, int>();
        for (var i = 0; i < columns.Count; i++)
        {
            layout[columns[i].Id] = i;
        }

        return new ExpressionCompiler(layout, evaluation);
    }

    /// <summary>The type of an expression over any columns.</summary>
    public FieldType TypeOf(Expression expression)
    {
        if (expression is BoundColumn column)
        {
            return column.Type;
        }

        var columns = ExpressionTree.Nodes(expression).OfType<BoundColumn>().DistinctBy(node => node.Id).ToList();
        return Compiler(columns).Compile(expression).Type;
    }
}
