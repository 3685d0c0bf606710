using Cloud.Execution.Types;
using Cloud.Sql.Catalog;
using Cloud.Sql.Planning;

namespace Cloud.Sql.InformationSchema;

/// <summary>COLUMNS.</summary>
internal static class ColumnTables
{
    public static VirtualTable Columns(SchemaCatalog catalog) => new(
        "COLUMNS",
        Cell.Columns(
            "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME COLUMN_NAME #ORDINAL_POSITION COLUMN_DEFAULT IS_NULLABLE DATA_TYPE #CHARACTER_MAXIMUM_LENGTH "
            + "#CHARACTER_OCTET_LENGTH #NUMERIC_PRECISION #NUMERIC_SCALE #DATETIME_PRECISION CHARACTER_SET_NAME COLLATION_NAME COLUMN_TYPE COLUMN_KEY "
            + "EXTRA PRIVILEGES COLUMN_COMMENT GENERATION_EXPRESSION #SRS_ID"),
        () => catalog.Databases.SelectMany(database => catalog.TablesOf(database).SelectMany(table =>
            table.Columns.Select((column, i) => Row(database, table, column, i + 1)))));

    private static IReadOnlyList<Datum> Row(DatabaseDefinition database, TableDefinition table, ColumnDefinition column, int position)
    {
        var type = column.Type;
        var octets = type.IsText && !type.Flags.HasFlag(FieldFlags.Blob) ? (long)type.Length * type.Collation.BytesPerCharacterMax : type.Length;
        return
        [
            Cell.Text("def"), Cell.Text(database.Name), Cell.Text(table.Name), Cell.Text(column.Name), Cell.Number(position),
            Cell.Text(TypeText.DefaultText(column)), Cell.Text(column.Nullable ? "YES" : "NO"), Cell.Text(TypeText.Name(type)),
            type.IsString ? Cell.Number(type.Length) : Datum.Null, type.IsString ? Cell.Number(octets) : Datum.Null,
            TypeRules.IsNumber(type) ? Cell.Number(Precision(type)) : Datum.Null, Scale(type),
            type.Type is MySqlType.DateTime or MySqlType.Timestamp or MySqlType.Time ? Cell.Number(type.FractionDigits) : Datum.Null,
            Cell.Text(type.IsText ? type.Collation.Charset : null), Cell.Text(type.IsText ? type.Collation.Name : null),
            Cell.Text(TypeText.OfColumn(type)), Cell.Text(TypeText.Key(type)), Cell.Text(TypeText.Extra(column)),
            Cell.Text("select,insert,update,references"), Cell.Text(column.Comment), Cell.Text(string.Empty), Datum.Null,
        ];
    }

    private static long Precision(FieldType type) => type.Type switch
    {
        MySqlType.Float => 12,
        MySqlType.Double => 22,
        MySqlType.BigInt => type.IsUnsigned ? 20 : 19,
        MySqlType.MediumInt => 7,
        MySqlType.Bit => type.Length,
        _ => TypeRules.PrecisionOf(type),
    };

    private static Datum Scale(FieldType type) => type.Type switch
    {
        MySqlType.Decimal => Cell.Number(type.Decimals),
        _ when type.IsInteger && type.Type is not (MySqlType.Bit or MySqlType.Year) => Cell.Number(0),
        _ => Datum.Null,
    };
}
