using Cloud.KvClient;
using Cloud.Sql.Ast;
using Cloud.Sql.InformationSchema;

namespace Cloud.Sql.Sessions;

/// <summary>Runs one statement of a session, whatever it is.</summary>
internal sealed class StatementRunner(SqlSession session)
{
    private readonly WriteRunner _writes = new(session);
    private readonly QueryRunner _queries = new(session);
    private readonly SettingsRunner _settings = new(session);

    private EvaluationContext Context => session.Context;

    public async ValueTask RunAsync(Statement statement, IResultSink sink, bool moreResults, CancellationToken cancellationToken)
    {
        var keepWarnings = statement is ShowStatement { Kind: ShowKind.Warnings or ShowKind.Errors or ShowKind.CountWarnings or ShowKind.CountErrors };
        Context.BeginStatement(keepWarnings);
        Context.Database = session.CurrentDatabase;
        try
        {
            await DispatchAsync(statement, sink, moreResults, cancellationToken);
        }
        catch (KvException exception)
        {
            if (KvErrors.EndsTransaction(exception.Code))
            {
                await session.RollbackAsync(CancellationToken.None);
            }

            throw KvErrors.Translate(exception);
        }

        if (Context.NewLastInsertId is { } id)
        {
            Context.LastInsertId = id;
        }
    }

    /// <summary>The query as a point select; null when it is none.</summary>
    public async ValueTask<PointSelect?> MakePointAsync(SelectQuery query, CancellationToken cancellationToken) =>
        PointSelect.TryMake(query, await session.Engine.Catalog.GetAsync(cancellationToken), session.CurrentDatabase, Context);

    /// <summary>Runs a point select; false when it is out of date or has to be planned as any query.</summary>
    public async ValueTask<bool> TryPointAsync(
        PointSelect point, Datum value, IResultSink sink, bool moreResults, CancellationToken cancellationToken)
    {
        var catalog = await session.Engine.Catalog.GetAsync(cancellationToken);
        if (!point.IsValid(catalog, session.CurrentDatabase, Context) || session.Variables.ReadCommitted
            || (session.Transaction is null && !session.Variables.Autocommit) || !point.TryKey(value, Context, out var key))
        {
            return false;
        }

        Context.BeginStatement(keepWarnings: false);
        IKvSnapshot snapshot = session.Transaction is { } transaction
            ? await transaction.GetAsync(cancellationToken)
            : session.Engine.Storage.GetSnapshot(ulong.MaxValue);
        await point.RunAsync(key, snapshot, session, sink, moreResults, cancellationToken);
        return true;
    }

    /// <summary>The columns that a statement will give; empty for statements without a result set.</summary>
    public async ValueTask<IReadOnlyList<ResultColumn>> DescribeAsync(Statement statement, CancellationToken cancellationToken)
    {
        Context.BeginStatement(keepWarnings: false);
        Context.Database = session.CurrentDatabase;
        return statement is Query or ShowStatement or ExplainStatement ? await _queries.DescribeAsync(statement, cancellationToken) : [];
    }

    private async ValueTask DispatchAsync(Statement statement, IResultSink sink, bool moreResults, CancellationToken cancellationToken)
    {
        switch (statement)
        {
            case Query or ShowStatement or ExplainStatement or TableMaintenanceStatement:
                await _queries.RunAsync(statement, sink, moreResults, cancellationToken);
                return;
            case ExecuteStatement execute:
                await ExecuteNamedAsync(execute, sink, moreResults, cancellationToken);
                return;
        }

        var done = await RunOtherAsync(statement, cancellationToken);
        Context.RowCount = (long)done.AffectedRows;
        var status = session.Status | (moreResults ? SessionStatus.MoreResults : SessionStatus.None);
        await sink.DoneAsync(new StatementDone(done.AffectedRows, done.LastInsertId, Context.WarningCount, status, done.Message), cancellationToken);
    }

    private async ValueTask<Statements.WriteResult> RunOtherAsync(Statement statement, CancellationToken cancellationToken)
    {
        switch (statement)
        {
            case InsertStatement or UpdateStatement or DeleteStatement:
                return await _writes.RunAsync(statement, cancellationToken);
            case CreateDatabaseStatement or DropDatabaseStatement or AlterDatabaseStatement or CreateTableStatement or CreateTableLikeStatement
                or DropTableStatement or DropViewStatement or TruncateStatement or RenameTableStatement or AlterTableStatement:
                return await ChangeSchemaAsync(statement, cancellationToken);
            case BeginStatement begin:
                await session.CommitAsync(cancellationToken);
                await BeginAsync(begin.ReadOnly || session.NextReadOnly || session.Variables.ReadOnlyTransactions, begin.ConsistentSnapshot, cancellationToken);
                break;
            case CommitStatement commit:
                await session.CommitAsync(cancellationToken);
                await ChainAsync(commit.Chain, cancellationToken);
                break;
            case RollbackStatement rollback:
                await session.RollbackAsync(cancellationToken);
                await ChainAsync(rollback.Chain, cancellationToken);
                break;
            case SavepointStatement savepoint:
                session.Transaction?.AddSavepoint(savepoint.Name);
                break;
            case RollbackToStatement rollbackTo:
                (session.Transaction ?? throw Errors.SavepointMissing(rollbackTo.Name)).RollbackTo(rollbackTo.Name);
                break;
            case ReleaseSavepointStatement release:
                (session.Transaction ?? throw Errors.SavepointMissing(release.Name)).Release(release.Name);
                break;
            default:
                await _settings.RunAsync(statement, cancellationToken);
                break;
        }

        return new Statements.WriteResult(0, 0, string.Empty);
    }

    private async ValueTask BeginAsync(bool readOnly, bool snapshot, CancellationToken cancellationToken)
    {
        session.NextReadOnly = false;
        session.Transaction = new SessionTransaction(session.Engine.Storage, readOnly);
        if (snapshot)
        {
            await session.Transaction.GetAsync(cancellationToken);
        }
    }

    private async ValueTask ChainAsync(bool chain, CancellationToken cancellationToken)
    {
        if (chain)
        {
            await BeginAsync(session.Variables.ReadOnlyTransactions, snapshot: false, cancellationToken);
        }
    }

    /// <summary>A change of the schema commits what is open, as in MySQL.</summary>
    private async ValueTask<Statements.WriteResult> ChangeSchemaAsync(Statement statement, CancellationToken cancellationToken)
    {
        WriteRunner.RefuseReadOnly(session, CommandOf(statement), string.Empty);
        await session.CommitAsync(cancellationToken);
        Context.StrictWrites = Context.IsStrict;
        var before = statement is DropDatabaseStatement ? await session.Engine.Catalog.RefreshAsync(cancellationToken) : null;
        var after = await session.Engine.Changes.RunAsync(statement, session.CurrentDatabase, Context, cancellationToken);
        var affected = 0UL;
        switch (statement)
        {
            case CreateDatabaseStatement:
                affected = 1;
                break;
            case DropDatabaseStatement drop:
                affected = before!.FindDatabase(drop.Name) is { } database ? (ulong)before.TablesOf(database).Count() : 0; // Read above for this statement.
                if (session.CurrentDatabase is { } current && after.FindDatabase(current) is null && !VirtualTables.IsVirtualSchema(current))
                {
                    session.ForgetDatabase();
                }

                break;
        }

        return new Statements.WriteResult(affected, 0, statement is AlterTableStatement ? "Records: 0  Duplicates: 0  Warnings: 0" : string.Empty);
    }

    private static string CommandOf(Statement statement) => statement switch
    {
        CreateDatabaseStatement or CreateTableStatement or CreateTableLikeStatement => "CREATE",
        AlterDatabaseStatement or AlterTableStatement or RenameTableStatement => "ALTER",
        _ => "DROP",
    };

    private async ValueTask ExecuteNamedAsync(ExecuteStatement execute, IResultSink sink, bool moreResults, CancellationToken cancellationToken)
    {
        var entry = session.RequireNamed(execute.Name);
        var parameters = execute.Variables.Select(name => Context.Variables.TryGetValue(name, out var variable) ? variable.Value : Datum.Null).ToArray();
        await session.ExecuteAsync(entry, parameters, sink, moreResults, cancellationToken);
    }
}
