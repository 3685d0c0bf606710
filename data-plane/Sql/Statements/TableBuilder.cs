using Cloud.Execution.Types;
using Cloud.Sql.Ast;
using Cloud.Sql.Catalog;

namespace Cloud.Sql.Statements;

/// <summary>Makes table definitions from what CREATE TABLE and ALTER TABLE say, with MySQL's checks.</summary>
internal static class TableBuilder
{
    public static TableDefinition Build(CreateTableStatement statement, long id, DatabaseDefinition database, long nowUnixSeconds)
    {
        CheckName("table", statement.Name.Name);
        var options = statement.Options;
        var collation = options.Charset is null && options.Collation is null
            ? Collation.Get(database.CollationId)
            : Charsets.Resolve(options.Charset, options.Collation);
        if (statement.Columns.Count is 0 or > SqlLimits.ColumnsPerTableMax)
        {
            throw statement.Columns.Count == 0 ? Errors.TableMustHaveColumns() : Errors.TooManyColumns();
        }

        var table = new TableDefinition
        {
            Id = id,
            DatabaseId = database.Id,
            Name = statement.Name.Name,
            Columns = [],
            Indexes = [],
            CollationId = collation.Id,
            Comment = options.Comment ?? string.Empty,
            CreatedUnixSeconds = nowUnixSeconds,
        };
        foreach (var column in statement.Columns)
        {
            table = AddColumn(table, column, table.Columns.Count, existingRows: false);
        }

        foreach (var index in IndexesOf(statement))
        {
            table = AddIndex(table, index, IndexState.Public);
        }

        CheckAutoIncrement(table);
        return WithKeyFlags(table);
    }

    /// <param name="existingRows">Whether rows may exist that lack the column.</param>
    public static TableDefinition AddColumn(TableDefinition table, ColumnSpec spec, int position, bool existingRows)
    {
        CheckName("column", spec.Name);
        if (table.FindColumn(spec.Name) >= 0)
        {
            throw Errors.DuplicateColumn(spec.Name);
        }

        var column = Column(spec, table.NextColumnId, Collation.Get(table.CollationId));
        if (existingRows)
        {
            var text = column.DefaultText ?? (column.Nullable ? null : ZeroText(column.Type));
            column = column with { OriginalDefaultText = text, OriginalDefault = ColumnDefaults.Parse(text, column.Type) };
        }

        List<ColumnDefinition> columns = [.. table.Columns];
        columns.Insert(position, column);
        return table with
        {
            Columns = columns,
            NextColumnId = table.NextColumnId + 1,
            Indexes = [.. table.Indexes.Select(index => index with
            {
                Parts = [.. index.Parts.Select(part => part.Column >= position ? part with { Column = part.Column + 1 } : part)],
            })],
        };
    }

    public static ColumnDefinition Column(ColumnSpec spec, uint id, Collation collation)
    {
        var type = ColumnTypes.OfColumn(spec.Type, spec.Name, collation);
        if (spec.Nullable == false || spec.PrimaryKey || spec.AutoIncrement)
        {
            type = type with { Flags = type.Flags | FieldFlags.NotNull };
        }

        if (spec.AutoIncrement)
        {
            if (spec.Default is not null)
            {
                throw Errors.InvalidDefault(spec.Name);
            }

            if (!type.IsInteger && type.Type is not (MySqlType.Float or MySqlType.Double))
            {
                throw Errors.WrongColumnSpecifier(spec.Name);
            }

            type = type with { Flags = type.Flags | FieldFlags.AutoIncrement };
        }

        if (spec.OnUpdateNow)
        {
            RequireTimestamp(type, spec.Name);
        }

        var column = new ColumnDefinition { Id = id, Name = spec.Name, Type = type, OnUpdateNow = spec.OnUpdateNow, Comment = spec.Comment };
        return spec.Default is null ? column : WithDefault(column, spec.Default);
    }

    public static ColumnDefinition WithDefault(ColumnDefinition column, Expression value)
    {
        if (value is FunctionCall)
        {
            RequireTimestamp(column.Type, column.Name);
            return column with { DefaultKind = DefaultKind.CurrentTimestamp };
        }

        var literal = Planning.Literals.Compile((Literal)value); // The parser gives one of the two.
        if (literal.Literal.IsNull)
        {
            return column.Nullable ? column with { DefaultKind = DefaultKind.Value } : throw Errors.InvalidDefault(column.Name);
        }

        if (column.Type.Flags.HasFlag(FieldFlags.Blob))
        {
            throw Errors.BlobDefault(column.Name);
        }

        var context = new EvaluationContext(TimeProvider.System) { StrictWrites = true };
        try
        {
            var stored = Storage.ColumnAssignment.Convert(literal.Literal, literal.Type, column, 1, context);
            return column with { DefaultKind = DefaultKind.Value, Default = stored, DefaultText = TextFormat.ToBytes(stored, column.Type) };
        }
        catch (SqlException exception)
        {
            throw new SqlException(1067, "42000", $"Invalid default value for '{column.Name}'", exception);
        }
    }

    public static TableDefinition AddIndex(TableDefinition table, IndexSpec spec, IndexState state)
    {
        if (table.Indexes.Count >= SqlLimits.IndexesPerTableMax)
        {
            throw Errors.TooManyKeys();
        }

        if (spec.Parts.Count > SqlLimits.ColumnsPerIndexMax)
        {
            throw Errors.TooManyKeyParts();
        }

        var primary = spec.Kind == IndexKind.Primary;
        if (primary && table.PrimaryKey is not null)
        {
            throw Errors.MultiplePrimaryKeys();
        }

        var parts = spec.Parts.Select(part => Part(table, part)).ToList();
        if (parts.DistinctBy(part => part.Column).Count() != parts.Count)
        {
            throw Errors.DuplicateColumn(
                spec.Parts.GroupBy(part => part.Column, StringComparer.OrdinalIgnoreCase).First(group => group.Count() > 1).Key);
        }

        var name = primary ? "PRIMARY" : spec.Name ?? NewName(table, spec.Parts[0].Column);
        if (table.FindIndex(name) is not null)
        {
            throw Errors.DuplicateKeyName(name);
        }

        if (!primary)
        {
            CheckName("index", name);
            if (name.Equals("PRIMARY", StringComparison.OrdinalIgnoreCase))
            {
                throw new SqlException(1280, "42000", $"Incorrect index name '{name}'");
            }
        }

        var index = new IndexDefinition
        {
            Id = table.NextIndexId,
            Name = name,
            Parts = parts,
            Unique = spec.Kind != IndexKind.Plain,
            Primary = primary,
            State = state,
            Comment = spec.Comment,
        };
        CheckLength(table, index);
        return WithKeyFlags(table with
        {
            NextIndexId = table.NextIndexId + 1,
            Indexes = primary ? [index, .. table.Indexes] : [.. table.Indexes, index],
            Columns = primary ? NotNull(table.Columns, parts) : table.Columns,
        });
    }

    /// <summary>Sets the flags by which clients tell key columns.</summary>
    public static TableDefinition WithKeyFlags(TableDefinition table)
    {
        const FieldFlags KeyFlags = FieldFlags.PrimaryKey | FieldFlags.UniqueKey | FieldFlags.MultipleKey;
        var columns = table.Columns.Select(column => column with { Type = column.Type with { Flags = column.Type.Flags & ~KeyFlags } }).ToList();
        foreach (var index in table.Indexes)
        {
            for (var i = 0; i < index.Parts.Count; i++)
            {
                var flag = index.Primary ? FieldFlags.PrimaryKey
                    : index.Unique && index.Parts.Count == 1 ? FieldFlags.UniqueKey
                    : i == 0 ? FieldFlags.MultipleKey : FieldFlags.None;
                var at = index.Parts[i].Column;
                columns[at] = columns[at] with { Type = columns[at].Type with { Flags = columns[at].Type.Flags | flag } };
            }
        }

        return table with { Columns = columns };
    }

    public static void CheckName(string kind, string name)
    {
        if (name.Length > SqlLimits.IdentifierCharactersMax)
        {
            throw Errors.NameTooLong(name);
        }

        if (name.Length == 0 || name[^1] == ' ' || name.Contains('\0'))
        {
            throw Errors.WrongName(kind, name);
        }
    }

    public static void CheckAutoIncrement(TableDefinition table)
    {
        var autos = table.Columns.Count(column => column.AutoIncrement);
        if (autos > 1 || (autos == 1 && !table.Indexes.Any(index => index.Parts[0].Column == table.AutoIncrementColumn)))
        {
            throw Errors.WrongAutoKey();
        }
    }

    /// <summary>The primary key first, then the unique ones, then the rest, as MySQL orders them.</summary>
    private static IEnumerable<IndexSpec> IndexesOf(CreateTableStatement statement)
    {
        var indexes = statement.Columns.Where(column => column.PrimaryKey).Select(column => OfColumn(IndexKind.Primary, column))
            .Concat(statement.Columns.Where(column => column.Unique).Select(column => OfColumn(IndexKind.Unique, column)))
            .Concat(statement.Indexes);
        return indexes.OrderByDescending(index => index.Kind);
    }

    private static IndexSpec OfColumn(IndexKind kind, ColumnSpec column) =>
        new(kind, null, [new IndexPartSpec(column.Name, null, Descending: false)], string.Empty);

    private static List<ColumnDefinition> NotNull(IReadOnlyList<ColumnDefinition> columns, List<IndexPart> parts)
    {
        List<ColumnDefinition> changed = [.. columns];
        foreach (var part in parts)
        {
            var column = changed[part.Column];
            if (column is { DefaultKind: DefaultKind.Value, DefaultText: null })
            {
                throw Errors.PrimaryKeyNull();
            }

            changed[part.Column] = column with { Type = column.Type with { Flags = column.Type.Flags | FieldFlags.NotNull } };
        }

        return changed;
    }

    private static IndexPart Part(TableDefinition table, IndexPartSpec spec)
    {
        var at = table.FindColumn(spec.Column);
        if (at < 0)
        {
            throw Errors.KeyColumnMissing(spec.Column);
        }

        var type = table.Columns[at].Type;
        if (spec.PrefixLength is not { } prefix)
        {
            return type.Flags.HasFlag(FieldFlags.Blob) ? throw Errors.BlobKeyWithoutLength(spec.Column) : new IndexPart(at, null, spec.Descending);
        }

        return !type.IsString || prefix == 0 || (!type.Flags.HasFlag(FieldFlags.Blob) && prefix > type.Length)
            ? throw Errors.WrongPrefix()
            : new IndexPart(at, prefix == type.Length ? null : prefix, spec.Descending);
    }

    private static void CheckLength(TableDefinition table, IndexDefinition index)
    {
        var bytes = 0L;
        foreach (var part in index.Parts)
        {
            var type = table.Columns[part.Column].Type;
            bytes += type.IsString ? (long)(part.PrefixLength ?? type.Length) * (type.IsText ? type.Collation.BytesPerCharacterMax : 1) : 8;
        }

        if (bytes > SqlLimits.IndexKeyBytesMax)
        {
            throw Errors.KeyTooLong();
        }
    }

    /// <summary>The first column's name, with a number where that is taken.</summary>
    private static string NewName(TableDefinition table, string column)
    {
        var name = column.Equals("PRIMARY", StringComparison.OrdinalIgnoreCase) ? column + "_2" : column;
        for (var i = 2; table.FindIndex(name) is not null; i++)
        {
            name = $"{column}_{i}";
        }

        return name;
    }

    private static byte[] ZeroText(FieldType type) => type.Kind switch
    {
        VectorKind.Bytes => [],
        VectorKind.Time => "0000-00-00"u8.ToArray(),
        VectorKind.Duration => "00:00:00"u8.ToArray(),
        _ => "0"u8.ToArray(),
    };

    private static void RequireTimestamp(FieldType type, string column)
    {
        if (type.Type is not (MySqlType.Timestamp or MySqlType.DateTime))
        {
            throw Errors.InvalidDefault(column);
        }
    }
}
