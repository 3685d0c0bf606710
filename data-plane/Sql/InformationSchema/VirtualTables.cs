using System.Text;
using Cloud.Execution.Types;
using Cloud.Sql.Catalog;
using Cloud.Sql.Planning;
using Cloud.Sql.Sessions;

namespace Cloud.Sql.InformationSchema;

/// <summary>
/// The tables of information_schema that clients, ORMs and dumps read, computed from the catalog. Those about things that do not exist
/// here (views, triggers, routines, events, partitions, files) are there and empty.
/// Source: MySQL 8.0 Reference Manual §26 "INFORMATION_SCHEMA Tables".
/// </summary>
internal static class VirtualTables
{
    public const string Schema = "information_schema";

    private static readonly string[] Names =
    [
        "SCHEMATA", "TABLES", "COLUMNS", "STATISTICS", "KEY_COLUMN_USAGE", "TABLE_CONSTRAINTS", "REFERENTIAL_CONSTRAINTS", "ENGINES",
        "CHARACTER_SETS", "COLLATIONS", "COLLATION_CHARACTER_SET_APPLICABILITY", "PROCESSLIST", "VIEWS", "TRIGGERS", "ROUTINES", "EVENTS", "PARTITIONS", "FILES", "PARAMETERS",
        "CHECK_CONSTRAINTS", "PLUGINS", "USER_PRIVILEGES", "SCHEMA_PRIVILEGES",
    ];

    public static bool IsVirtualSchema(string schema) => schema.Equals(Schema, StringComparison.OrdinalIgnoreCase);

    public static IEnumerable<string> TableNames => Names.Order(StringComparer.Ordinal);

    /// <summary>Null when there is no such table.</summary>
    public static VirtualTable? Find(string schema, string name, SqlSession session, SchemaCatalog catalog)
    {
        if (!IsVirtualSchema(schema))
        {
            return null;
        }

        return name.ToUpperInvariant() switch
        {
            "SCHEMATA" => SchemaTables.Schemata(catalog),
            "TABLES" => SchemaTables.Tables(catalog),
            "COLUMNS" => ColumnTables.Columns(catalog),
            "STATISTICS" => KeyTables.Statistics(catalog),
            "KEY_COLUMN_USAGE" => KeyTables.KeyColumnUsage(catalog),
            "TABLE_CONSTRAINTS" => KeyTables.TableConstraints(catalog),
            "ENGINES" => ServerTables.Engines(),
            "CHARACTER_SETS" => ServerTables.CharacterSets(),
            "COLLATIONS" => ServerTables.Collations(),
            "COLLATION_CHARACTER_SET_APPLICABILITY" => ServerTables.CollationApplicability(),
            "PROCESSLIST" => ServerTables.ProcessList(session),
            "REFERENTIAL_CONSTRAINTS" => Empty("REFERENTIAL_CONSTRAINTS", "CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME UNIQUE_CONSTRAINT_CATALOG UNIQUE_CONSTRAINT_SCHEMA UNIQUE_CONSTRAINT_NAME MATCH_OPTION UPDATE_RULE DELETE_RULE TABLE_NAME REFERENCED_TABLE_NAME"),
            "VIEWS" => Empty("VIEWS", "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME VIEW_DEFINITION CHECK_OPTION IS_UPDATABLE DEFINER SECURITY_TYPE CHARACTER_SET_CLIENT COLLATION_CONNECTION"),
            "TRIGGERS" => Empty("TRIGGERS", "TRIGGER_CATALOG TRIGGER_SCHEMA TRIGGER_NAME EVENT_MANIPULATION EVENT_OBJECT_CATALOG EVENT_OBJECT_SCHEMA EVENT_OBJECT_TABLE ACTION_ORDER ACTION_CONDITION ACTION_STATEMENT ACTION_ORIENTATION ACTION_TIMING ACTION_REFERENCE_OLD_TABLE ACTION_REFERENCE_NEW_TABLE ACTION_REFERENCE_OLD_ROW ACTION_REFERENCE_NEW_ROW CREATED SQL_MODE DEFINER CHARACTER_SET_CLIENT COLLATION_CONNECTION DATABASE_COLLATION"),
            "ROUTINES" => Empty("ROUTINES", "SPECIFIC_NAME ROUTINE_CATALOG ROUTINE_SCHEMA ROUTINE_NAME ROUTINE_TYPE DATA_TYPE DTD_IDENTIFIER ROUTINE_BODY ROUTINE_DEFINITION IS_DETERMINISTIC SQL_DATA_ACCESS SECURITY_TYPE CREATED LAST_ALTERED SQL_MODE ROUTINE_COMMENT DEFINER"),
            "EVENTS" => Empty("EVENTS", "EVENT_CATALOG EVENT_SCHEMA EVENT_NAME DEFINER TIME_ZONE EVENT_BODY EVENT_DEFINITION EVENT_TYPE EXECUTE_AT INTERVAL_VALUE INTERVAL_FIELD SQL_MODE STARTS ENDS STATUS ON_COMPLETION CREATED LAST_ALTERED LAST_EXECUTED EVENT_COMMENT"),
            "PARTITIONS" => Empty("PARTITIONS", "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME PARTITION_NAME SUBPARTITION_NAME PARTITION_ORDINAL_POSITION PARTITION_METHOD PARTITION_EXPRESSION PARTITION_DESCRIPTION TABLE_ROWS"),
            "FILES" => Empty("FILES", "FILE_ID FILE_NAME FILE_TYPE TABLESPACE_NAME TABLE_CATALOG TABLE_SCHEMA TABLE_NAME LOGFILE_GROUP_NAME LOGFILE_GROUP_NUMBER ENGINE TOTAL_EXTENTS INITIAL_SIZE EXTENT_SIZE EXTRA"),
            "PARAMETERS" => Empty("PARAMETERS", "SPECIFIC_CATALOG SPECIFIC_SCHEMA SPECIFIC_NAME ORDINAL_POSITION PARAMETER_MODE PARAMETER_NAME DATA_TYPE DTD_IDENTIFIER ROUTINE_TYPE"),
            "CHECK_CONSTRAINTS" => Empty("CHECK_CONSTRAINTS", "CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME CHECK_CLAUSE"),
            "PLUGINS" => Empty("PLUGINS", "PLUGIN_NAME PLUGIN_VERSION PLUGIN_STATUS PLUGIN_TYPE PLUGIN_LIBRARY PLUGIN_LICENSE"),
            "USER_PRIVILEGES" => Empty("USER_PRIVILEGES", "GRANTEE TABLE_CATALOG PRIVILEGE_TYPE IS_GRANTABLE"),
            "SCHEMA_PRIVILEGES" => Empty("SCHEMA_PRIVILEGES", "GRANTEE TABLE_CATALOG TABLE_SCHEMA PRIVILEGE_TYPE IS_GRANTABLE"),
            var unknown => throw new SqlException(1109, "42S02", $"Unknown table '{unknown}' in information_schema"),
        };
    }

    public static VirtualTable Empty(string name, string columns) =>
        new(name, [.. columns.Split(' ').Select(column => (column, Cell.TextType))], () => []);
}

/// <summary>Short forms for columns and values of computed tables.</summary>
internal static class Cell
{
    public static FieldType TextType { get; } = FieldType.VarChar(2048, Collation.DefaultId);

    public static FieldType NumberType { get; } = FieldType.UnsignedBigInt;

    public static FieldType TimeType { get; } = FieldType.Temporal(MySqlType.DateTime);

    public static Datum Text(string? value) => value is null ? Datum.Null : Datum.FromBytes(Encoding.UTF8.GetBytes(value));

    public static Datum Number(long? value) => value is { } number ? Datum.FromUInt64((ulong)number) : Datum.Null;

    public static Datum Time(long unixSeconds) =>
        Datum.FromTime(PackedTime.FromUnixMicroseconds(unixSeconds * 1_000_000, TimeZoneInfo.Utc));

    /// <summary>Columns from names; those that begin with <c>#</c> are numbers, with <c>@</c> times.</summary>
    public static IReadOnlyList<(string Name, FieldType Type)> Columns(string names) => [.. names.Split(' ').Select(name => name[0] switch
    {
        '#' => (name[1..], NumberType),
        '@' => (name[1..], TimeType),
        _ => (name, TextType),
    })];
}
