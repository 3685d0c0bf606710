using Cloud.Execution.Types;
using Cloud.Sql.Catalog;
using Cloud.Sql.Planning;

namespace Cloud.Sql.InformationSchema;

/// <summary>SCHEMATA and TABLES.</summary>
internal static class SchemaTables
{
    public static VirtualTable Schemata(SchemaCatalog catalog) => new(
        "SCHEMATA",
        Cell.Columns("CATALOG_NAME SCHEMA_NAME DEFAULT_CHARACTER_SET_NAME DEFAULT_COLLATION_NAME SQL_PATH DEFAULT_ENCRYPTION"),
        () => catalog.Databases.Select(database => (database.Name, database.CollationId)).Prepend((VirtualTables.Schema, (ushort)33)).Select(IReadOnlyList<Datum> (schema) =>
        {
            var known = Collation.TryGet(schema.Item2, out var collation);
            return
            [
                Cell.Text("def"), Cell.Text(schema.Item1), Cell.Text(known ? collation!.Charset : "utf8mb3"),
                Cell.Text(known ? collation!.Name : "utf8mb3_general_ci"), Datum.Null, Cell.Text("NO"), // Known collations are not null.
            ];
        }));

    public static VirtualTable Tables(SchemaCatalog catalog) => new(
        "TABLES",
        Cell.Columns(
            "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME TABLE_TYPE ENGINE #VERSION ROW_FORMAT #TABLE_ROWS #AVG_ROW_LENGTH #DATA_LENGTH #MAX_DATA_LENGTH "
            + "#INDEX_LENGTH #DATA_FREE #AUTO_INCREMENT @CREATE_TIME @UPDATE_TIME @CHECK_TIME TABLE_COLLATION #CHECKSUM CREATE_OPTIONS TABLE_COMMENT"),
        () => VirtualTables.TableNames.Select(name => SystemView(name)).Concat(catalog.Databases.SelectMany(database =>
            catalog.TablesOf(database).Select(table => Row(database, table)))));

    private static IReadOnlyList<Datum> SystemView(string name) =>
    [
        Cell.Text("def"), Cell.Text(VirtualTables.Schema), Cell.Text(name), Cell.Text("SYSTEM VIEW"), Datum.Null, Cell.Number(10), Datum.Null,
        Cell.Number(0), Cell.Number(0), Cell.Number(0), Cell.Number(0), Cell.Number(0), Cell.Number(0), Datum.Null, Datum.Null, Datum.Null, Datum.Null,
        Datum.Null, Datum.Null, Cell.Text(string.Empty), Cell.Text(string.Empty),
    ];

    private static IReadOnlyList<Datum> Row(DatabaseDefinition database, TableDefinition table) =>
    [
        Cell.Text("def"), Cell.Text(database.Name), Cell.Text(table.Name), Cell.Text("BASE TABLE"), Cell.Text("InnoDB"), Cell.Number(10),
        Cell.Text("Dynamic"), Cell.Number((long)AccessPathChooser.AssumedRows), Cell.Number(0), Cell.Number(0), Cell.Number(0), Cell.Number(0),
        Cell.Number(0), table.AutoIncrementColumn >= 0 ? Cell.Number(1) : Datum.Null, Cell.Time(table.CreatedUnixSeconds), Datum.Null, Datum.Null,
        Cell.Text(Collation.Get(table.CollationId).Name), Datum.Null, Cell.Text(string.Empty), Cell.Text(table.Comment),
    ];
}
