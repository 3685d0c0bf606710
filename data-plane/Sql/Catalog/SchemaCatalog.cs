namespace Cloud.Sql.Catalog;

/// <summary>All databases and tables at one schema version. Immutable, shared by all sessions. Names ignore case.</summary>
internal sealed class SchemaCatalog
{
    private readonly Dictionary<string, DatabaseDefinition> _databases = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<(long Database, string Name), TableDefinition> _tables;
    private readonly Dictionary<long, TableDefinition> _tablesById = [];

    public SchemaCatalog(long version, IEnumerable<DatabaseDefinition> databases, IEnumerable<TableDefinition> tables)
    {
        Version = version;
        _tables = new Dictionary<(long Database, string Name), TableDefinition>(NameComparer.Instance);
        foreach (var database in databases)
        {
            _databases.Add(database.Name, database);
        }

        foreach (var table in tables)
        {
            _tables.Add((table.DatabaseId, table.Name), table);
            _tablesById.Add(table.Id, table);
        }
    }

    public static SchemaCatalog Empty { get; } = new(0, [], []);

    /// <summary>Grows by one with every change.</summary>
    public long Version { get; }

    public IEnumerable<DatabaseDefinition> Databases => _databases.Values.OrderBy(database => database.Name, StringComparer.Ordinal);

    public DatabaseDefinition? FindDatabase(string name) => _databases.GetValueOrDefault(name);

    public TableDefinition? FindTable(DatabaseDefinition database, string name) => _tables.GetValueOrDefault((database.Id, name));

    public TableDefinition? FindTable(long id) => _tablesById.GetValueOrDefault(id);

    public IEnumerable<TableDefinition> TablesOf(DatabaseDefinition database) =>
        _tables.Values.Where(table => table.DatabaseId == database.Id).OrderBy(table => table.Name, StringComparer.Ordinal);

    /// <exception cref="SqlException">1049.</exception>
    public DatabaseDefinition RequireDatabase(string name) => FindDatabase(name) ?? throw Errors.UnknownDatabase(name);

    /// <exception cref="SqlException">1049 or 1146.</exception>
    public TableDefinition RequireTable(string schema, string name) =>
        FindTable(RequireDatabase(schema), name) ?? throw Errors.TableMissing(schema, name);

    private sealed class NameComparer : IEqualityComparer<(long Database, string Name)>
    {
        public static readonly NameComparer Instance = new();

        public bool Equals((long Database, string Name) x, (long Database, string Name) y) =>
            x.Database == y.Database && string.Equals(x.Name, y.Name, StringComparison.OrdinalIgnoreCase);

        public int GetHashCode((long Database, string Name) obj) =>
            HashCode.Combine(obj.Database, StringComparer.OrdinalIgnoreCase.GetHashCode(obj.Name));
    }
}
