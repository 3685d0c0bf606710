using Cloud.Execution.Types;
using Cloud.Sql.Ast;
using Cloud.Sql.Catalog;

namespace Cloud.Sql.Statements;

/// <summary>
/// Changes of columns that need no rewriting of rows: rows keep their form, and columns are found in them by id. A change of type that
/// would need one is refused with 1235.
/// </summary>
internal static class ColumnAlterations
{
    public static TableDefinition Apply(TableDefinition table, TableAlteration alteration) => alteration switch
    {
        AddColumn add => Add(table, add),
        DropColumn drop => Drop(table, drop.Name),
        RenameColumn rename => Rename(table, rename.From, rename.To),
        ChangeColumn change => Change(table, change),
        SetColumnDefault set => SetDefault(table, set),
        RenameIndex rename => RenameKey(table, rename),
        _ => throw Errors.NotSupported($"ALTER TABLE … {alteration.GetType().Name}"),
    };

    private static TableDefinition Add(TableDefinition table, AddColumn add)
    {
        if (add.Column.AutoIncrement || add.Column.PrimaryKey || add.Column.Unique)
        {
            throw Errors.NotSupported("ADD COLUMN with a key or AUTO_INCREMENT; add the column, then the index");
        }

        if (add.Column.Default is FunctionCall)
        {
            throw Errors.NotSupported("ADD COLUMN with DEFAULT CURRENT_TIMESTAMP");
        }

        return TableBuilder.AddColumn(table, add.Column, PositionOf(table, add), existingRows: true);
    }

    private static int PositionOf(TableDefinition table, AddColumn add)
    {
        if (add.First || add.After is null)
        {
            return add.First ? 0 : table.Columns.Count;
        }

        return Require(table, add.After) + 1;
    }

    private static TableDefinition Drop(TableDefinition table, string name)
    {
        var at = table.FindColumn(name);
        if (at < 0)
        {
            throw Errors.CannotDropKey(name);
        }

        if (table.Columns.Count == 1)
        {
            throw Errors.CannotRemoveAllColumns();
        }

        if (table.Indexes.Any(index => index.Parts.Any(part => part.Column == at)))
        {
            throw Errors.NotSupported("dropping a column that an index uses; drop the index first");
        }

        return table with
        {
            Columns = [.. table.Columns.Where((_, i) => i != at)],
            Indexes = [.. table.Indexes.Select(index => index with
            {
                Parts = [.. index.Parts.Select(part => part.Column > at ? part with { Column = part.Column - 1 } : part)],
            })],
        };
    }

    private static TableDefinition Rename(TableDefinition table, string from, string to)
    {
        var at = Require(table, from);
        TableBuilder.CheckName("column", to);
        if (table.FindColumn(to) is var other and >= 0 && other != at)
        {
            throw Errors.DuplicateColumn(to);
        }

        return With(table, at, table.Columns[at] with { Name = to });
    }

    private static TableDefinition RenameKey(TableDefinition table, RenameIndex rename)
    {
        var index = table.FindIndex(rename.From) ?? throw Errors.KeyMissing(rename.From, table.Name);
        if (index.Primary || table.FindIndex(rename.To) is not null)
        {
            throw Errors.DuplicateKeyName(rename.To);
        }

        TableBuilder.CheckName("index", rename.To);
        return table with { Indexes = [.. table.Indexes.Select(other => other.Id == index.Id ? other with { Name = rename.To } : other)] };
    }

    private static TableDefinition Change(TableDefinition table, ChangeColumn change)
    {
        var at = Require(table, change.From);
        var renamed = Rename(table, change.From, change.Column.Name);
        var before = table.Columns[at];
        var after = TableBuilder.Column(change.Column, before.Id, Collation.Get(table.CollationId));
        var inKey = table.PrimaryKey?.Parts.Any(part => part.Column == at) == true;
        if (inKey)
        {
            after = after with { Type = after.Type with { Flags = after.Type.Flags | FieldFlags.NotNull } };
        }

        if (!KeepsRows(before.Type, after.Type) || change.First || change.After is not null)
        {
            throw Errors.NotSupported("changing the type or position of a column; add a column, copy, and drop the old one");
        }

        var kept = after with { OriginalDefault = before.OriginalDefault, OriginalDefaultText = before.OriginalDefaultText };
        var changed = TableBuilder.WithKeyFlags(With(renamed, at, kept));
        TableBuilder.CheckAutoIncrement(changed);
        return changed;
    }

    /// <summary>Whether every stored value is one of the new type, too: the same type, or a wider one that is stored alike.</summary>
    private static bool KeepsRows(FieldType before, FieldType after)
    {
        if ((after.IsNotNull && !before.IsNotNull) || before.Kind != after.Kind)
        {
            return false;
        }

        if (before.IsInteger && after.IsInteger && before.Type != MySqlType.Year && after.Type != MySqlType.Year)
        {
            return before.IsUnsigned == after.IsUnsigned && Width(after) >= Width(before);
        }

        if (before.IsString)
        {
            var fixedLength = before.Type == MySqlType.String || after.Type == MySqlType.String;
            return before.CollationId == after.CollationId && after.Length >= before.Length
                && (!fixedLength || (before.Type == after.Type && before.IsText));
        }

        return before.Type == after.Type && before.Length == after.Length && before.Decimals == after.Decimals
            && before.IsUnsigned == after.IsUnsigned;
    }

    private static int Width(FieldType type) => TypeRules.PrecisionOf(type with { Length = FieldType.Unspecified });

    private static TableDefinition SetDefault(TableDefinition table, SetColumnDefault set)
    {
        var at = Require(table, set.Name);
        var bare = table.Columns[at] with { DefaultKind = DefaultKind.None, DefaultText = null, Default = Datum.Null };
        return With(table, at, set.Default is null ? bare : TableBuilder.WithDefault(bare, set.Default));
    }

    private static int Require(TableDefinition table, string name)
    {
        var at = table.FindColumn(name);
        return at >= 0 ? at : throw Errors.UnknownColumn(name, table.Name);
    }

    private static TableDefinition With(TableDefinition table, int at, ColumnDefinition column) =>
        table with { Columns = [.. table.Columns.Select((other, i) => i == at ? column : other)] };
}
