using System.Text;
using Cloud.Execution.Types;
using Cloud.Sql.Catalog;

namespace Cloud.Sql.InformationSchema;

/// <summary>Types and columns as MySQL writes them.</summary>
internal static class TypeText
{
    /// <summary>For example <c>int unsigned</c>, <c>varchar(20)</c>, <c>decimal(10,2)</c>.</summary>
    public static string OfColumn(FieldType type)
    {
        var text = Name(type) + Size(type);
        if (type.IsUnsigned && type.Type is not (MySqlType.Year or MySqlType.Bit))
        {
            text += " unsigned";
        }

        return type.Flags.HasFlag(FieldFlags.ZeroFill) && type.Type != MySqlType.Year ? text + " zerofill" : text;
    }

    public static string Name(FieldType type) => type.Type switch
    {
        MySqlType.TinyInt => "tinyint",
        MySqlType.SmallInt => "smallint",
        MySqlType.MediumInt => "mediumint",
        MySqlType.Int => "int",
        MySqlType.BigInt => "bigint",
        MySqlType.Decimal => "decimal",
        MySqlType.Float => "float",
        MySqlType.Double => "double",
        MySqlType.Bit => "bit",
        MySqlType.Year => "year",
        MySqlType.Date => "date",
        MySqlType.Time => "time",
        MySqlType.DateTime => "datetime",
        MySqlType.Timestamp => "timestamp",
        MySqlType.String => type.IsText ? "char" : "binary",
        MySqlType.VarChar or MySqlType.VarString => type.IsText ? "varchar" : "varbinary",
        MySqlType.TinyBlob => type.IsText ? "tinytext" : "tinyblob",
        MySqlType.Blob => type.IsText ? "text" : "blob",
        MySqlType.MediumBlob => type.IsText ? "mediumtext" : "mediumblob",
        MySqlType.LongBlob => type.IsText ? "longtext" : "longblob",
        _ => "null",
    };

    /// <summary>The DEFAULT clause's value as SQL, or null when there is no clause to show.</summary>
    public static string? DefaultSql(ColumnDefinition column)
    {
        switch (column.DefaultKind)
        {
            case DefaultKind.CurrentTimestamp:
                return "CURRENT_TIMESTAMP" + Fraction(column.Type);
            case DefaultKind.Value when column.DefaultText is not null:
                return column.Type.Type == MySqlType.Bit ? $"b'{Convert.ToString((long)column.Default.UInt64, 2)}'" : Quote(column.DefaultText);
            default:
                return column.Nullable && !column.Type.Flags.HasFlag(FieldFlags.Blob) ? "NULL" : null;
        }
    }

    /// <summary>The default as COLUMNS and SHOW COLUMNS give it; null for none and for NULL.</summary>
    public static string? DefaultText(ColumnDefinition column) => column.DefaultKind switch
    {
        DefaultKind.CurrentTimestamp => "CURRENT_TIMESTAMP" + Fraction(column.Type),
        DefaultKind.Value when column.DefaultText is not null => Encoding.UTF8.GetString(column.DefaultText),
        _ => null,
    };

    public static string Extra(ColumnDefinition column)
    {
        var parts = new List<string>();
        if (column.AutoIncrement)
        {
            parts.Add("auto_increment");
        }

        if (column.DefaultKind == DefaultKind.CurrentTimestamp)
        {
            parts.Add("DEFAULT_GENERATED");
        }

        if (column.OnUpdateNow)
        {
            parts.Add("on update CURRENT_TIMESTAMP" + Fraction(column.Type));
        }

        return string.Join(' ', parts);
    }

    public static string Key(FieldType type) => type.Flags switch
    {
        var flags when flags.HasFlag(FieldFlags.PrimaryKey) => "PRI",
        var flags when flags.HasFlag(FieldFlags.UniqueKey) => "UNI",
        var flags when flags.HasFlag(FieldFlags.MultipleKey) => "MUL",
        _ => string.Empty,
    };

    public static string Fraction(FieldType type) => type.FractionDigits > 0 ? $"({type.FractionDigits})" : string.Empty;

    public static string Identifier(string name) => $"`{name.Replace("`", "``", StringComparison.Ordinal)}`";

    public static string Quote(byte[] text) => Quote(Encoding.UTF8.GetString(text));

    public static string Quote(string text) =>
        $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}'";

    private static string Size(FieldType type) => type.Type switch
    {
        MySqlType.TinyInt when type.Length == 1 && !type.IsUnsigned => "(1)",
        MySqlType.TinyInt or MySqlType.SmallInt or MySqlType.MediumInt or MySqlType.Int or MySqlType.BigInt =>
            type.Flags.HasFlag(FieldFlags.ZeroFill) ? $"({type.Length})" : string.Empty,
        MySqlType.Decimal => $"({type.Length},{type.Decimals})",
        MySqlType.Float or MySqlType.Double => type.Decimals < FieldType.DecimalsNotFixed ? $"({type.Length},{type.Decimals})" : string.Empty,
        MySqlType.Bit or MySqlType.String or MySqlType.VarChar or MySqlType.VarString => $"({type.Length})",
        MySqlType.Time or MySqlType.DateTime or MySqlType.Timestamp => Fraction(type),
        _ => string.Empty,
    };
}
