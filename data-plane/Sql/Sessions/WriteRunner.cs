using Cloud.KvClient;
using Cloud.Sql.Ast;
using Cloud.Sql.Catalog;
using Cloud.Sql.InformationSchema;
using Cloud.Sql.Planning;
using Cloud.Sql.Statements;

namespace Cloud.Sql.Sessions;

/// <summary>
/// Runs INSERT, REPLACE, UPDATE and DELETE. In a transaction rows are locked as they are read, and a failing statement is undone to where
/// it began. Alone, a statement is an optimistic transaction of its own, run again when another one was faster, and at last with locks.
/// </summary>
internal sealed class WriteRunner(SqlSession session)
{
    private const int OptimisticAttemptsMax = 5;
    private const int AttemptsMax = 30;

    private EvaluationContext Context => session.Context;

    public async ValueTask<WriteResult> RunAsync(Statement statement, CancellationToken cancellationToken)
    {
        var (command, table) = Subject(statement);
        RefuseReadOnly(session, command, table);
        if (session.Transaction is { ReadOnly: true })
        {
            throw Errors.ReadOnlyTransaction();
        }

        Context.StrictWrites = Context.IsStrict && statement is not (InsertStatement { Kind: InsertKind.Ignore } or UpdateStatement { Ignore: true });
        if (session.Transaction is null && !session.Variables.Autocommit)
        {
            session.Transaction = new SessionTransaction(session.Engine.Storage, readOnly: false);
        }

        return session.Transaction is { } transaction
            ? await InTransactionAsync(statement, transaction, cancellationToken)
            : await AloneAsync(statement, cancellationToken);
    }

    public static void RefuseReadOnly(SqlSession session, string command, string table)
    {
        if (session.Options.ReadOnly)
        {
            throw table.Length > 0 ? Errors.CommandDenied(command, session.Options.User, table) : Errors.ReadOnlyUser();
        }
    }

    private static (string Command, string Table) Subject(Statement statement) => statement switch
    {
        InsertStatement insert => ("INSERT", insert.Table.Name),
        UpdateStatement { Target: NamedTable named } => ("UPDATE", named.Name.Name),
        UpdateStatement => ("UPDATE", "join"),
        DeleteStatement { From: NamedTable named } => ("DELETE", named.Name.Name),
        _ => ("DELETE", "join"),
    };

    private async ValueTask<WriteResult> InTransactionAsync(Statement statement, SessionTransaction owner, CancellationToken cancellationToken)
    {
        var transaction = await owner.GetAsync(cancellationToken);
        var catalog = await session.Engine.Catalog.GetAsync(cancellationToken);
        for (var attempt = 1; ; attempt++)
        {
            var savepoint = transaction.Savepoint();
            var planning = Planning(catalog);
            try
            {
                // What a transaction writes is based on current data: it reads at a fresh timestamp, through its own writes.
                var reads = NeedsReads(statement) ? await transaction.CurrentSnapshotAsync(cancellationToken) : transaction;
                var scope = new StatementScope(planning, transaction, Pessimistic: true, reads, session.Variables.LockWait, session.Engine.Numbers);
                var result = await ExecuteAsync(statement, scope, cancellationToken);
                owner.NoteWritten(planning.Tables);
                return result;
            }
            catch (KvException exception) when (exception.Code == KvErrorCode.WriteConflict && attempt < AttemptsMax)
            {
                transaction.RollbackTo(savepoint);
            }
            catch
            {
                transaction.RollbackTo(savepoint);
                throw;
            }
        }
    }

    /// <summary>An INSERT of values reads only the keys that it locks.</summary>
    private static bool NeedsReads(Statement statement) => statement is not InsertStatement { Source: null };

    private async ValueTask<WriteResult> AloneAsync(Statement statement, CancellationToken cancellationToken)
    {
        var startedAt = Context.NowUnixMicroseconds;
        for (var attempt = 1; ; attempt++)
        {
            var pessimistic = attempt > OptimisticAttemptsMax;
            var planning = Planning(await session.Engine.Catalog.GetAsync(cancellationToken));
            var start = await session.Engine.Storage.GetTimestampAsync(cancellationToken);
            await using var transaction = session.Engine.Storage.Begin(start, pessimistic ? TransactionMode.Pessimistic : TransactionMode.Optimistic);
            InsertExecutor? insert = null;
            try
            {
                var reads = pessimistic ? await transaction.CurrentSnapshotAsync(cancellationToken) : transaction;
                var scope = new StatementScope(planning, transaction, pessimistic, reads, session.Variables.LockWait, session.Engine.Numbers);
                var result = await ExecuteAsync(statement, scope, cancellationToken, made => insert = made);
                SchemaGuard.Require(
                    await session.Engine.Catalog.GetAsync(cancellationToken), planning.Tables.ToDictionary(table => table.Id, table => table.Revision));
                await transaction.CommitAsync(cancellationToken);
                return result;
            }
            catch (KvException exception) when (exception.Code == KvErrorCode.AlreadyExists)
            {
                // Storage refused a key that was inserted unseen: the row it belongs to is known here.
                throw (exception.Key is null ? null : insert?.Writer?.DuplicateOf(exception.Key)) ?? KvErrors.Translate(exception);
            }
            catch (Exception exception) when (IsTransient(exception) && attempt < AttemptsMax)
            {
                Context.BeginStatement(keepWarnings: false);
                Context.NowUnixMicroseconds = startedAt;
                Context.StrictWrites = Context.IsStrict && statement is not (InsertStatement { Kind: InsertKind.Ignore } or UpdateStatement { Ignore: true });
            }
        }
    }

    private static bool IsTransient(Exception exception) =>
        exception is KvException { Code: KvErrorCode.WriteConflict or KvErrorCode.TransactionAborted } or SqlException { Number: 8028 };

    private PlanningContext Planning(SchemaCatalog catalog) => new(
        catalog,
        session.CurrentDatabase,
        Context,
        session.Variables.Read,
        (schema, name) => VirtualTables.Find(schema, name, session, catalog));

    private async ValueTask<WriteResult> ExecuteAsync(
        Statement statement, StatementScope scope, CancellationToken cancellationToken, Action<InsertExecutor>? made = null)
    {
        switch (statement)
        {
            case InsertStatement insert:
                var executor = new InsertExecutor(insert, scope);
                made?.Invoke(executor);
                return await executor.ExecuteAsync(cancellationToken);
            case UpdateStatement update:
                return await new UpdateExecutor(update, scope).ExecuteAsync(session.Options.FoundRows, cancellationToken);
            default:
                return await new DeleteExecutor((DeleteStatement)statement, scope).ExecuteAsync(cancellationToken);
        }
    }
}
