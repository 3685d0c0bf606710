using System.Text;
using Cloud.Execution.Operators;
using Cloud.Sql.Ast;
using Cloud.Sql.Catalog;
using Cloud.Sql.InformationSchema;
using Cloud.Sql.Planning;
using Cloud.Sql.Sessions;
using Cloud.Sql.Statements;

namespace Cloud.Sql.Show;

internal sealed record ShowResult(IReadOnlyList<ResultColumn> Columns, IEnumerable<IReadOnlyList<Datum>> Rows);

/// <summary>Runs SHOW, DESCRIBE, EXPLAIN and the maintenance statements that answer with rows.</summary>
internal sealed class ShowRunner(SqlSession session, SchemaCatalog catalog)
{
    public async ValueTask<ShowResult> RunAsync(Statement statement, PlanningContext planning, CancellationToken cancellationToken)
    {
        switch (statement)
        {
            case ExplainStatement explain:
                return await ExplainRunner.RunAsync(explain, planning);
            case TableMaintenanceStatement maintenance:
                return Maintain(maintenance);
            default:
                var show = (ShowStatement)statement; // The caller sends nothing else.
                return await FilteredAsync(show, await TableAsync(show, cancellationToken), planning, cancellationToken);
        }
    }

    private static ShowResult Result(string columns, IEnumerable<IReadOnlyList<Datum>> rows) =>
        new([.. Cell.Columns(columns).Select(column => new ResultColumn(column.Name.Replace('_', ' '), column.Type))], rows);

    private static ShowResult Exact(string columns, IEnumerable<IReadOnlyList<Datum>> rows) =>
        new([.. Cell.Columns(columns).Select(column => new ResultColumn(column.Name, column.Type))], rows);

    private async ValueTask<ShowResult> TableAsync(ShowStatement show, CancellationToken cancellationToken)
    {
        switch (show.Kind)
        {
            case ShowKind.Databases:
                return Exact("Database", catalog.Databases.Select(database => database.Name).Prepend(VirtualTables.Schema)
                    .Select(IReadOnlyList<Datum> (name) => [Cell.Text(name)]));
            case ShowKind.Tables:
                return Tables(show);
            case ShowKind.TableStatus:
                return TableStatus(show);
            case ShowKind.Columns:
                return Columns(show);
            case ShowKind.CreateTable:
                var (_, table) = SchemaChanges.Require(catalog, show.Table!, session.CurrentDatabase); // The parser gives it.
                var next = table.AutoIncrementColumn < 0 ? 0 : await session.Engine.Numbers.PeekAsync(table.Id, cancellationToken);
                return Result("Table Create_Table", [[Cell.Text(table.Name), Cell.Text(CreateTableText.Of(table, next))]]);
            case ShowKind.CreateDatabase:
                var database = catalog.RequireDatabase(show.Schema!); // As above.
                return Result("Database Create_Database", [[Cell.Text(database.Name), Cell.Text(CreateTableText.Of(database))]]);
            case ShowKind.Index:
                return Indexes(show);
            case ShowKind.Variables:
                return Exact("Variable_name Value", session.Variables.List(show.Global).Select(IReadOnlyList<Datum> (pair) => [Cell.Text(pair.Name), Cell.Text(pair.Value)]));
            case ShowKind.Status:
                return Status();
            default:
                return Server(show);
        }
    }

    private ShowResult Server(ShowStatement show) => show.Kind switch
    {
        ShowKind.Warnings => Warnings(show, errorsOnly: false),
        ShowKind.Errors => Warnings(show, errorsOnly: true),
        ShowKind.CountWarnings => Exact("#@@session.warning_count", [[Cell.Number(session.Context.WarningCount)]]),
        ShowKind.CountErrors => Exact("#@@session.error_count", [[Cell.Number(session.Context.Warnings.Count(warning => warning.Level == WarningLevel.Error))]]),
        ShowKind.Engines => new ShowResult(Exact("Engine Support Comment Transactions XA Savepoints", []).Columns, ServerTables.Engines().Rows()),
        ShowKind.CharacterSets => new ShowResult(
            Result("Charset Description Default_collation #Maxlen", []).Columns,
            ServerTables.CharacterSets().Rows().Select(IReadOnlyList<Datum> (row) => [row[0], row[2], row[1], row[3]])),
        ShowKind.Collations => new ShowResult(
            Exact("Collation Charset #Id Default Compiled #Sortlen Pad_attribute", []).Columns, ServerTables.Collations().Rows()),
        ShowKind.ProcessList => new ShowResult(
            Exact("#Id User Host db Command #Time State Info", []).Columns, ServerTables.ProcessList(session).Rows()),
        ShowKind.Grants => Result($"Grants_for_{session.Options.User}@%", [[Cell.Text(session.Options.ReadOnly
            ? $"GRANT SELECT ON *.* TO {TypeText.Identifier(session.Options.User)}@`%`"
            : $"GRANT ALL PRIVILEGES ON *.* TO {TypeText.Identifier(session.Options.User)}@`%`")]]),
        ShowKind.Triggers => Result("Trigger Event Table Statement Timing Created sql_mode Definer character_set_client collation_connection Database_Collation", []),
        ShowKind.Events => Result("Db Name Definer Time_zone Type Execute_at Interval_value Interval_field Starts Ends Status Originator character_set_client collation_connection Database_Collation", []),
        ShowKind.ProcedureStatus or ShowKind.FunctionStatus => Result("Db Name Type Definer Modified Created Security_type Comment character_set_client collation_connection Database_Collation", []),
        ShowKind.Plugins => Exact("Name Status Type Library License", []),
        ShowKind.Privileges => Exact("Privilege Context Comment", []),
        ShowKind.OpenTables => Exact("Database Table #In_use #Name_locked", []),
        ShowKind.MasterStatus => Exact("File #Position Binlog_Do_DB Binlog_Ignore_DB Executed_Gtid_Set", []),
        ShowKind.SlaveStatus => Exact("Slave_IO_State Master_Host", []),
        _ => throw Errors.NotSupported($"SHOW {show.Kind}"),
    };

    private ShowResult Tables(ShowStatement show)
    {
        var schema = show.Schema ?? session.CurrentDatabase ?? throw Errors.NoDatabaseSelected();
        var views = VirtualTables.IsVirtualSchema(schema);
        var names = views ? VirtualTables.TableNames : catalog.TablesOf(catalog.RequireDatabase(schema)).Select(table => table.Name);
        List<ResultColumn> columns = [new ResultColumn($"Tables_in_{schema}", Cell.TextType)];
        if (show.Full)
        {
            columns.Add(new ResultColumn("Table_type", Cell.TextType));
        }

        return new ShowResult(columns, names.Select(IReadOnlyList<Datum> (name) =>
            show.Full ? [Cell.Text(name), Cell.Text(views ? "SYSTEM VIEW" : "BASE TABLE")] : [Cell.Text(name)]));
    }

    private ShowResult TableStatus(ShowStatement show)
    {
        var schema = show.Schema ?? session.CurrentDatabase ?? throw Errors.NoDatabaseSelected();
        if (!VirtualTables.IsVirtualSchema(schema))
        {
            catalog.RequireDatabase(schema);
        }

        var rows = SchemaTables.Tables(catalog).Rows()
            .Where(row => string.Equals(Encoding.UTF8.GetString(row[1].Bytes), schema, StringComparison.OrdinalIgnoreCase))
            .Select(IReadOnlyList<Datum> (row) => [row[2], .. row.Skip(4)]);
        return Exact(
            "Name Engine #Version Row_format #Rows #Avg_row_length #Data_length #Max_data_length #Index_length #Data_free #Auto_increment "
            + "@Create_time @Update_time @Check_time Collation #Checksum Create_options Comment",
            rows);
    }

    private ShowResult Columns(ShowStatement show)
    {
        var schema = show.Table!.Schema ?? session.CurrentDatabase ?? throw Errors.NoDatabaseSelected(); // The parser gives it.
        var columns = VirtualTables.Find(schema, show.Table.Name, session, catalog) is { } view
            ? view.Columns.Select((column, i) => new ColumnDefinition { Id = (uint)i + 1, Name = column.Name, Type = column.Type })
            : catalog.RequireTable(schema, show.Table.Name).Columns;
        return show.Full
            ? Exact("Field Type Collation Null Key Default Extra Privileges Comment", columns.Select(IReadOnlyList<Datum> (column) =>
            [
                Cell.Text(column.Name), Cell.Text(TypeText.OfColumn(column.Type)), Cell.Text(column.Type.IsText ? column.Type.Collation.Name : null),
                Cell.Text(column.Nullable ? "YES" : "NO"), Cell.Text(TypeText.Key(column.Type)), Cell.Text(TypeText.DefaultText(column)),
                Cell.Text(TypeText.Extra(column)), Cell.Text("select,insert,update,references"), Cell.Text(column.Comment),
            ]))
            : Exact("Field Type Null Key Default Extra", columns.Select(IReadOnlyList<Datum> (column) =>
            [
                Cell.Text(column.Name), Cell.Text(TypeText.OfColumn(column.Type)), Cell.Text(column.Nullable ? "YES" : "NO"),
                Cell.Text(TypeText.Key(column.Type)), Cell.Text(TypeText.DefaultText(column)), Cell.Text(TypeText.Extra(column)),
            ]));
    }

    private ShowResult Indexes(ShowStatement show)
    {
        var (schema, table) = SchemaChanges.Require(catalog, show.Table!, session.CurrentDatabase); // The parser gives it.
        var rows = KeyTables.Statistics(catalog).Rows().Where(row =>
            string.Equals(Encoding.UTF8.GetString(row[1].Bytes), schema, StringComparison.OrdinalIgnoreCase)
            && string.Equals(Encoding.UTF8.GetString(row[2].Bytes), table.Name, StringComparison.OrdinalIgnoreCase));
        return Exact(
            "Table #Non_unique Key_name #Seq_in_index Column_name Collation #Cardinality #Sub_part Packed Null Index_type Comment Index_comment Visible Expression",
            rows.Select(IReadOnlyList<Datum> (row) => [row[2], row[3], .. row.Skip(5)]));
    }

    private ShowResult Status() => Exact("Variable_name Value", new (string Name, string Value)[]
    {
        ("Ssl_cipher", string.Empty),
        ("Threads_connected", session.Engine.SessionCount.ToString()),
        ("Uptime", ((long)session.Engine.Uptime.TotalSeconds).ToString()),
    }.Select(IReadOnlyList<Datum> (pair) => [Cell.Text(pair.Name), Cell.Text(pair.Value)]));

    private ShowResult Warnings(ShowStatement show, bool errorsOnly)
    {
        var rows = session.Context.Warnings.Where(warning => !errorsOnly || warning.Level == WarningLevel.Error)
            .Select(IReadOnlyList<Datum> (warning) => [Cell.Text(warning.Level.ToString()), Cell.Number(warning.Code), Cell.Text(warning.Message)]);
        if (show.Limit is { Count: Literal count } limit)
        {
            var offset = limit.Offset is Literal literal ? int.Parse(literal.Text) : 0;
            rows = rows.Skip(offset).Take(int.Parse(count.Text));
        }

        return Exact("Level #Code Message", rows.ToList());
    }

    private ShowResult Maintain(TableMaintenanceStatement maintenance)
    {
        var rows = new List<IReadOnlyList<Datum>>();
        var operation = maintenance.Kind.ToString().ToLowerInvariant();
        foreach (var name in maintenance.Tables)
        {
            var schema = name.Schema ?? session.CurrentDatabase ?? throw Errors.NoDatabaseSelected();
            var full = Cell.Text($"{schema}.{name.Name}");
            if (catalog.FindDatabase(schema) is { } database && catalog.FindTable(database, name.Name) is not null)
            {
                rows.Add([full, Cell.Text(operation), Cell.Text("status"), Cell.Text("OK")]);
            }
            else
            {
                rows.Add([full, Cell.Text(operation), Cell.Text("Error"), Cell.Text($"Table '{schema}.{name.Name}' doesn't exist")]);
                rows.Add([full, Cell.Text(operation), Cell.Text("status"), Cell.Text("Operation failed")]);
            }
        }

        return Exact("Table Op Msg_type Msg_text", rows);
    }

    /// <summary>LIKE looks at the first column, WHERE at all of them.</summary>
    private async ValueTask<ShowResult> FilteredAsync(ShowStatement show, ShowResult result, PlanningContext planning, CancellationToken cancellationToken)
    {
        if (show.Like is null && show.Where is null)
        {
            return result;
        }

        var scope = new NameScope(outer: null);
        var columns = result.Columns.Select(column => planning.NewColumn(column.Name, column.Type)).ToList();
        scope.Columns.AddRange(columns.Select((column, i) => new ScopeColumn(column, null, null, column.Name, result.Columns[i])));
        var condition = show.Where ?? new LikeExpression(columns[0], show.Like!, null, Negated: false); // One of the two is there.
        var bound = new ExpressionBinder(planning, scope, new QueryPlanner(planning)).Bind(condition, "where clause");
        await using var filter = new FilterOperator(
            new RowsOperator([.. result.Columns.Select(column => column.Type)], result.Rows), planning.Compiler(columns).Compile(bound));
        var rows = new List<IReadOnlyList<Datum>>();
        while (await filter.NextAsync(session.Context, cancellationToken) is { } chunk)
        {
            for (var i = 0; i < chunk.PhysicalRows; i++)
            {
                rows.Add(RowBuffer.Read(chunk, i, session.Context));
            }
        }

        return result with { Rows = rows };
    }
}
