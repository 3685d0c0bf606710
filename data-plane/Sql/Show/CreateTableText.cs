using System.Text;
using Cloud.Execution.Types;
using Cloud.Sql.Catalog;
using Cloud.Sql.InformationSchema;

namespace Cloud.Sql.Show;

/// <summary>SHOW CREATE: text that, run again, makes the same table; in MySQL's layout, which dumps and tools read.</summary>
internal static class CreateTableText
{
    public static string Of(DatabaseDefinition database)
    {
        var collation = Collation.Get(database.CollationId);
        return $"CREATE DATABASE {TypeText.Identifier(database.Name)} /*!40100 DEFAULT CHARACTER SET {collation.Charset}"
            + $"{(collation.IsDefault && collation.Charset != "utf8mb4" ? string.Empty : " COLLATE " + collation.Name)} */ /*!80016 DEFAULT ENCRYPTION='N' */";
    }

    /// <param name="nextNumber">The next AUTO_INCREMENT value; shown from 2 on.</param>
    public static string Of(TableDefinition table, ulong nextNumber)
    {
        var text = new StringBuilder();
        text.Append("CREATE TABLE ").Append(TypeText.Identifier(table.Name)).Append(" (\n");
        var tableCollation = Collation.Get(table.CollationId);
        var lines = table.Columns.Select(column => Column(column, tableCollation))
            .Concat(table.Indexes.Where(index => index.State == IndexState.Public).Select(index => Index(table, index)));
        text.AppendJoin(",\n", lines).Append("\n) ENGINE=InnoDB");
        if (table.AutoIncrementColumn >= 0 && nextNumber > 1)
        {
            text.Append(" AUTO_INCREMENT=").Append(nextNumber);
        }

        text.Append(" DEFAULT CHARSET=").Append(tableCollation.Charset);
        if (!tableCollation.IsDefault || tableCollation.Charset == "utf8mb4")
        {
            text.Append(" COLLATE=").Append(tableCollation.Name);
        }

        return table.Comment.Length > 0 ? text.Append(" COMMENT=").Append(TypeText.Quote(table.Comment)).ToString() : text.ToString();
    }

    private static string Column(ColumnDefinition column, Collation tableCollation)
    {
        var text = new StringBuilder("  ").Append(TypeText.Identifier(column.Name)).Append(' ').Append(TypeText.OfColumn(column.Type));
        if (column.Type.IsText && column.Type.CollationId != tableCollation.Id)
        {
            text.Append(" CHARACTER SET ").Append(column.Type.Collation.Charset).Append(" COLLATE ").Append(column.Type.Collation.Name);
        }

        if (!column.Nullable)
        {
            text.Append(" NOT NULL");
        }
        else if (column.Type.Type == MySqlType.Timestamp)
        {
            text.Append(" NULL");
        }

        if (!column.AutoIncrement && TypeText.DefaultSql(column) is { } value)
        {
            text.Append(" DEFAULT ").Append(value);
        }

        if (column.AutoIncrement)
        {
            text.Append(" AUTO_INCREMENT");
        }

        if (column.OnUpdateNow)
        {
            text.Append(" ON UPDATE CURRENT_TIMESTAMP").Append(TypeText.Fraction(column.Type));
        }

        return column.Comment.Length > 0 ? text.Append(" COMMENT ").Append(TypeText.Quote(column.Comment)).ToString() : text.ToString();
    }

    private static string Index(TableDefinition table, IndexDefinition index)
    {
        var parts = index.Parts.Select(part =>
            TypeText.Identifier(table.Columns[part.Column].Name)
            + (part.PrefixLength is { } length ? $"({length})" : string.Empty)
            + (part.Descending ? " DESC" : string.Empty));
        var kind = index.Primary ? "PRIMARY KEY" : index.Unique ? "UNIQUE KEY " + TypeText.Identifier(index.Name) : "KEY " + TypeText.Identifier(index.Name);
        var comment = index.Comment.Length > 0 ? $" COMMENT {TypeText.Quote(index.Comment)}" : string.Empty;
        return $"  {kind} ({string.Join(',', parts)}){comment}";
    }
}
