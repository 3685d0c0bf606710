using Cloud.Sql.Ast;
using Cloud.Sql.Catalog;
using Cloud.Sql.Storage;

namespace Cloud.Sql.Statements;

/// <summary>
/// Runs CREATE, DROP, ALTER, TRUNCATE and RENAME. Each is one transaction on the catalog, except that an index is added in the states of
/// F1 (<see cref="IndexBackfill"/>), and that each alteration of one ALTER TABLE is a change of its own.
/// </summary>
internal sealed class SchemaChanges(CatalogStore catalog, NumberAllocator numbers, IndexBackfill backfill)
{
    private static readonly string[] SystemSchemas = ["information_schema", "mysql", "performance_schema", "sys"];

    /// <param name="current">The session's database.</param>
    public ValueTask<SchemaCatalog> RunAsync(Statement statement, string? current, EvaluationContext context, CancellationToken cancellationToken)
    {
        switch (statement)
        {
            case CreateDatabaseStatement create:
                return catalog.ChangeAsync(editor => CreateDatabaseAsync(editor, create, context, cancellationToken), cancellationToken);
            case DropDatabaseStatement drop:
                return ChangeAsync(editor => DropDatabase(editor, drop, context), cancellationToken);
            case AlterDatabaseStatement alter:
                return ChangeAsync(editor => AlterDatabase(editor, alter, current), cancellationToken);
            case CreateTableStatement create:
                return catalog.ChangeAsync(editor => CreateTableAsync(editor, create, current, context, cancellationToken), cancellationToken);
            case CreateTableLikeStatement like:
                return catalog.ChangeAsync(editor => CreateLikeAsync(editor, like, current, context, cancellationToken), cancellationToken);
            case DropTableStatement drop:
                return ChangeAsync(editor => DropTables(editor, drop, current, context), cancellationToken);
            case DropViewStatement drop:
                return ChangeAsync(editor => DropViews(editor, drop, current, context), cancellationToken);
            case TruncateStatement truncate:
                return catalog.ChangeAsync(editor => TruncateAsync(editor, truncate, current, cancellationToken), cancellationToken);
            case RenameTableStatement rename:
                return ChangeAsync(editor => Rename(editor, rename, current), cancellationToken);
            case AlterTableStatement alter:
                return AlterAsync(alter, current, context, cancellationToken);
            default:
                throw Errors.NotSupported(statement.GetType().Name);
        }
    }

    public static (string Schema, TableDefinition Table) Require(SchemaCatalog catalog, TableName name, string? current)
    {
        var schema = name.Schema ?? current ?? throw Errors.NoDatabaseSelected();
        return (schema, catalog.RequireTable(schema, name.Name));
    }

    private ValueTask<SchemaCatalog> ChangeAsync(Action<CatalogEditor> change, CancellationToken cancellationToken) => catalog.ChangeAsync(
        editor =>
        {
            change(editor);
            return ValueTask.CompletedTask;
        },
        cancellationToken);

    private static async ValueTask CreateDatabaseAsync(
        CatalogEditor editor, CreateDatabaseStatement create, EvaluationContext context, CancellationToken cancellationToken)
    {
        TableBuilder.CheckName("database", create.Name);
        if (editor.Current.FindDatabase(create.Name) is not null || SystemSchemas.Contains(create.Name, StringComparer.OrdinalIgnoreCase))
        {
            Tolerate(create.IfNotExists, Errors.DatabaseExists(create.Name), context);
            return;
        }

        var collation = Charsets.Resolve(create.Charset, create.Collation);
        editor.Put(new DatabaseDefinition(await editor.NextIdAsync(cancellationToken), create.Name, collation.Id));
    }

    /// <summary>IF EXISTS and IF NOT EXISTS turn an error into a note.</summary>
    private static void Tolerate(bool tolerated, SqlException error, EvaluationContext context)
    {
        if (!tolerated)
        {
            throw error;
        }

        context.Warn(WarningLevel.Note, error.Number, error.Message);
    }

    private static void DropDatabase(CatalogEditor editor, DropDatabaseStatement drop, EvaluationContext context)
    {
        RefuseSystem(drop.Name, context);
        if (editor.Current.FindDatabase(drop.Name) is { } database)
        {
            editor.Drop(database);
        }
        else
        {
            Tolerate(drop.IfExists, Errors.NoDatabaseToDrop(drop.Name), context);
        }
    }

    private static void RefuseSystem(string schema, EvaluationContext context)
    {
        if (SystemSchemas.Contains(schema, StringComparer.OrdinalIgnoreCase))
        {
            throw Errors.AccessDeniedToDatabase(context.User.Split('@')[0], schema);
        }
    }

    private static void AlterDatabase(CatalogEditor editor, AlterDatabaseStatement alter, string? current)
    {
        var database = editor.Current.RequireDatabase(alter.Name ?? current ?? throw Errors.NoDatabaseSelected());
        editor.Put(database with { CollationId = Charsets.Resolve(alter.Charset, alter.Collation).Id });
    }

    private static async ValueTask CreateTableAsync(
        CatalogEditor editor, CreateTableStatement create, string? current, EvaluationContext context, CancellationToken cancellationToken)
    {
        var database = DatabaseOf(editor, create.Name, current, context);
        if (editor.Current.FindTable(database, create.Name.Name) is not null)
        {
            Tolerate(create.IfNotExists, Errors.TableExists(create.Name.Name), context);
            return;
        }

        var table = TableBuilder.Build(create, await editor.NextIdAsync(cancellationToken), database, editor.NowUnixSeconds);
        editor.Put(table);
        if (create.Options.AutoIncrement is { } next and > 1)
        {
            editor.SetAutoIncrement(table.Id, next);
        }
    }

    private static DatabaseDefinition DatabaseOf(CatalogEditor editor, TableName name, string? current, EvaluationContext context)
    {
        var schema = name.Schema ?? current ?? throw Errors.NoDatabaseSelected();
        RefuseSystem(schema, context);
        return editor.Current.RequireDatabase(schema);
    }

    private static async ValueTask CreateLikeAsync(
        CatalogEditor editor, CreateTableLikeStatement like, string? current, EvaluationContext context, CancellationToken cancellationToken)
    {
        var database = DatabaseOf(editor, like.Name, current, context);
        var source = Require(editor.Current, like.Source, current).Table;
        if (editor.Current.FindTable(database, like.Name.Name) is not null)
        {
            Tolerate(like.IfNotExists, Errors.TableExists(like.Name.Name), context);
            return;
        }

        TableBuilder.CheckName("table", like.Name.Name);
        editor.Put(source with
        {
            Id = await editor.NextIdAsync(cancellationToken),
            DatabaseId = database.Id,
            Name = like.Name.Name,
            CreatedUnixSeconds = editor.NowUnixSeconds,
            Indexes = [.. source.Indexes.Where(index => index.State == IndexState.Public)],
        });
    }

    private static void DropTables(CatalogEditor editor, DropTableStatement drop, string? current, EvaluationContext context)
    {
        var missing = new List<string>();
        var tables = new List<TableDefinition>();
        foreach (var name in drop.Tables)
        {
            var schema = name.Schema ?? current ?? throw Errors.NoDatabaseSelected();
            if (editor.Current.FindDatabase(schema) is { } database && editor.Current.FindTable(database, name.Name) is { } table)
            {
                tables.Add(table);
            }
            else
            {
                missing.Add($"{schema}.{name.Name}");
            }
        }

        if (missing.Count > 0)
        {
            Tolerate(drop.IfExists, Errors.UnknownTable(string.Join(',', missing)), context);
        }

        tables.ForEach(editor.Drop);
    }

    private static void DropViews(CatalogEditor editor, DropViewStatement drop, string? current, EvaluationContext context)
    {
        foreach (var name in drop.Views)
        {
            var schema = name.Schema ?? current ?? throw Errors.NoDatabaseSelected();
            if (editor.Current.FindDatabase(schema) is { } database && editor.Current.FindTable(database, name.Name) is not null)
            {
                throw new SqlException(1347, "HY000", $"'{schema}.{name.Name}' is not VIEW");
            }

            Tolerate(drop.IfExists, Errors.UnknownTable($"{schema}.{name.Name}"), context);
        }
    }

    /// <summary>The table becomes an empty one with a new id; the rows of the old id are removed later.</summary>
    private static async ValueTask TruncateAsync(CatalogEditor editor, TruncateStatement truncate, string? current, CancellationToken cancellationToken)
    {
        var table = Require(editor.Current, truncate.Table, current).Table;
        editor.Drop(table);
        editor.Put(table with { Id = await editor.NextIdAsync(cancellationToken), CreatedUnixSeconds = editor.NowUnixSeconds });
    }

    private static void Rename(CatalogEditor editor, RenameTableStatement rename, string? current)
    {
        // Names are looked up as they are after the renames before, so that two tables can be swapped.
        var renamed = new Dictionary<long, TableDefinition>();
        foreach (var (from, to) in rename.Renames)
        {
            var source = Find(editor, from, current, renamed) ?? throw Errors.TableMissing(from.Schema ?? current ?? string.Empty, from.Name);
            if (Find(editor, to, current, renamed) is not null)
            {
                throw Errors.TableExists(to.Name);
            }

            TableBuilder.CheckName("table", to.Name);
            var database = editor.Current.RequireDatabase(to.Schema ?? current ?? throw Errors.NoDatabaseSelected());
            renamed[source.Id] = source with { Name = to.Name, DatabaseId = database.Id };
        }

        foreach (var table in renamed.Values)
        {
            editor.Put(table);
        }
    }

    private static TableDefinition? Find(CatalogEditor editor, TableName name, string? current, Dictionary<long, TableDefinition> renamed)
    {
        var database = editor.Current.RequireDatabase(name.Schema ?? current ?? throw Errors.NoDatabaseSelected());
        var moved = renamed.Values.FirstOrDefault(table =>
            table.DatabaseId == database.Id && string.Equals(table.Name, name.Name, StringComparison.OrdinalIgnoreCase));
        return moved ?? (editor.Current.FindTable(database, name.Name) is { } found && !renamed.ContainsKey(found.Id) ? found : null);
    }

    private async ValueTask<SchemaCatalog> AlterAsync(
        AlterTableStatement alter, string? current, EvaluationContext context, CancellationToken cancellationToken)
    {
        var result = await catalog.RefreshAsync(cancellationToken);
        var (schema, table) = Require(result, alter.Table, current);
        RefuseSystem(schema, context);
        var target = new TableName(schema, table.Name);
        foreach (var alteration in alter.Alterations)
        {
            result = alteration is AddIndex add
                ? await backfill.AddAsync(target, add.Index, context, cancellationToken)
                : await ChangeAsync(editor => Alter(editor, alteration, target), cancellationToken);
            target = alteration is RenameTo to ? new TableName(to.Name.Schema ?? schema, to.Name.Name) : target;
        }

        if (alter.Alterations.OfType<ChangeTableOptions>().Any(change => change.Options.AutoIncrement is not null))
        {
            numbers.Forget(table.Id);
        }

        return result;
    }

    private static void Alter(CatalogEditor editor, TableAlteration alteration, TableName name)
    {
        var (schema, table) = Require(editor.Current, name, null);
        switch (alteration)
        {
            case RenameTo to:
                Rename(editor, new RenameTableStatement([(name, to.Name)]), schema);
                break;
            case ChangeTableOptions change:
                ChangeOptions(editor, table, change.Options);
                break;
            case ToggleKeys:
                break;
            case DropIndex drop:
                Drop(editor, table, drop.Name);
                break;
            default:
                editor.Put(ColumnAlterations.Apply(table, alteration));
                break;
        }
    }

    private static void Drop(CatalogEditor editor, TableDefinition table, string name)
    {
        var index = table.FindIndex(name) ?? throw Errors.CannotDropKey(name);
        if (index.Primary)
        {
            throw Errors.NotSupported("dropping the primary key");
        }

        var without = IndexBackfill.Without(table, index.Id);
        TableBuilder.CheckAutoIncrement(without);
        editor.Put(without);
        editor.NoteIndexGarbage(table.Id, index.Id);
    }

    private static void ChangeOptions(CatalogEditor editor, TableDefinition table, TableOptions options)
    {
        if (options.AutoIncrement is { } next)
        {
            editor.SetAutoIncrement(table.Id, next);
        }

        var collation = options.Charset is null && options.Collation is null ? table.CollationId : Charsets.Resolve(options.Charset, options.Collation).Id;
        editor.Put(table with { Comment = options.Comment ?? table.Comment, CollationId = collation });
    }
}
