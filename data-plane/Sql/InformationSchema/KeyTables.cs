using Cloud.Sql.Catalog;
using Cloud.Sql.Planning;

namespace Cloud.Sql.InformationSchema;

/// <summary>STATISTICS, KEY_COLUMN_USAGE and TABLE_CONSTRAINTS.</summary>
internal static class KeyTables
{
    public static VirtualTable Statistics(SchemaCatalog catalog) => new(
        "STATISTICS",
        Cell.Columns(
            "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME #NON_UNIQUE INDEX_SCHEMA INDEX_NAME #SEQ_IN_INDEX COLUMN_NAME COLLATION #CARDINALITY #SUB_PART "
            + "PACKED NULLABLE INDEX_TYPE COMMENT INDEX_COMMENT IS_VISIBLE EXPRESSION"),
        () => Parts(catalog).Select(IReadOnlyList<Datum> (part) =>
        [
            Cell.Text("def"), Cell.Text(part.Database.Name), Cell.Text(part.Table.Name), Cell.Number(part.Index.Unique ? 0 : 1),
            Cell.Text(part.Database.Name), Cell.Text(part.Index.Name), Cell.Number(part.Position), Cell.Text(part.Column.Name),
            Cell.Text(part.Part.Descending ? "D" : "A"), Cell.Number(0), Cell.Number(part.Part.PrefixLength), Datum.Null,
            Cell.Text(part.Column.Nullable ? "YES" : string.Empty), Cell.Text("BTREE"), Cell.Text(string.Empty), Cell.Text(part.Index.Comment),
            Cell.Text("YES"), Datum.Null,
        ]));

    public static VirtualTable KeyColumnUsage(SchemaCatalog catalog) => new(
        "KEY_COLUMN_USAGE",
        Cell.Columns(
            "CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME TABLE_CATALOG TABLE_SCHEMA TABLE_NAME COLUMN_NAME #ORDINAL_POSITION "
            + "#POSITION_IN_UNIQUE_CONSTRAINT REFERENCED_TABLE_SCHEMA REFERENCED_TABLE_NAME REFERENCED_COLUMN_NAME"),
        () => Parts(catalog).Where(part => part.Index.Unique).Select(IReadOnlyList<Datum> (part) =>
        [
            Cell.Text("def"), Cell.Text(part.Database.Name), Cell.Text(part.Index.Name), Cell.Text("def"), Cell.Text(part.Database.Name),
            Cell.Text(part.Table.Name), Cell.Text(part.Column.Name), Cell.Number(part.Position), Datum.Null, Datum.Null, Datum.Null, Datum.Null,
        ]));

    public static VirtualTable TableConstraints(SchemaCatalog catalog) => new(
        "TABLE_CONSTRAINTS",
        Cell.Columns("CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME TABLE_SCHEMA TABLE_NAME CONSTRAINT_TYPE ENFORCED"),
        () => Parts(catalog).Where(part => part.Index.Unique && part.Position == 1).Select(IReadOnlyList<Datum> (part) =>
        [
            Cell.Text("def"), Cell.Text(part.Database.Name), Cell.Text(part.Index.Name), Cell.Text(part.Database.Name), Cell.Text(part.Table.Name),
            Cell.Text(part.Index.Primary ? "PRIMARY KEY" : "UNIQUE"), Cell.Text("YES"),
        ]));

    private static IEnumerable<(DatabaseDefinition Database, TableDefinition Table, IndexDefinition Index, IndexPart Part, ColumnDefinition Column, int Position)> Parts(
        SchemaCatalog catalog) =>
        from database in catalog.Databases
        from table in catalog.TablesOf(database)
        from index in table.Indexes
        where index.State == IndexState.Public
        from part in index.Parts.Select((part, i) => (Part: part, Position: i + 1))
        select (database, table, index, part.Part, table.Columns[part.Part.Column], part.Position);
}
