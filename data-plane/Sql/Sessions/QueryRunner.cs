using Cloud.Execution.Chunks;
using Cloud.Execution.Operators;
using Cloud.Sql.Ast;
using Cloud.Sql.Catalog;
using Cloud.Sql.InformationSchema;
using Cloud.Sql.Planning;
using Cloud.Sql.Show;

namespace Cloud.Sql.Sessions;

/// <summary>Runs what gives rows: queries, SHOW, EXPLAIN.</summary>
internal sealed class QueryRunner(SqlSession session)
{
    private EvaluationContext Context => session.Context;

    public async ValueTask<IReadOnlyList<ResultColumn>> DescribeAsync(Statement statement, CancellationToken cancellationToken)
    {
        var catalog = await session.Engine.Catalog.GetAsync(cancellationToken);
        if (statement is not Query query)
        {
            return (await new ShowRunner(session, catalog).RunAsync(statement, Planning(catalog), cancellationToken)).Columns;
        }

        // Values are not known yet: NULL stands for each, and the types of what is computed from them alone may differ at execution.
        Context.Parameters = new Datum[statement.ParameterCount];
        return new QueryPlanner(Planning(catalog)).Plan(WithoutLimits(query), outer: null).Output;
    }

    public async ValueTask RunAsync(Statement statement, IResultSink sink, bool moreResults, CancellationToken cancellationToken)
    {
        var catalog = await session.Engine.Catalog.GetAsync(cancellationToken);
        if (statement is Query query)
        {
            await QueryAsync(query, catalog, sink, moreResults, cancellationToken);
            return;
        }

        var result = await new ShowRunner(session, catalog).RunAsync(statement, Planning(catalog), cancellationToken);
        await sink.ColumnsAsync(result.Columns, cancellationToken);
        await using var rows = new RowsOperator([.. result.Columns.Select(column => column.Type)], result.Rows);
        while (await rows.NextAsync(Context, cancellationToken) is { } chunk)
        {
            await sink.RowsAsync(chunk, cancellationToken);
        }

        await EndAsync(sink, moreResults, SessionStatus.None, cancellationToken);
    }

    private PlanningContext Planning(SchemaCatalog catalog) => new(
        catalog,
        session.CurrentDatabase,
        Context,
        session.Variables.Read,
        (schema, name) => VirtualTables.Find(schema, name, session, catalog));

    private static Query WithoutLimits(Query query) => query is SelectQuery { Limit: { Count: Parameter } or { Offset: Parameter } } ? query with { Limit = null } : query;

    private async ValueTask QueryAsync(Query query, SchemaCatalog catalog, IResultSink sink, bool moreResults, CancellationToken cancellationToken)
    {
        var planning = Planning(catalog);
        var foundRows = query is SelectQuery { CalculateFoundRows: true, Limit: not null };
        var limit = query.Limit;
        var planned = new QueryPlanner(planning).Plan(foundRows ? query with { Limit = null } : query, outer: null);
        var locking = query is SelectQuery { Lock: not RowLockKind.None } select ? select : null;
        if (locking is not null)
        {
            WriteRunner.RefuseReadOnly(session, "SELECT with locking", string.Join(',', planning.Tables.Select(table => table.Name)));
        }

        var runtime = await RuntimeAsync(planned, planning, locking, cancellationToken);
        using var deadline = Deadline(cancellationToken);
        var token = deadline?.Token ?? cancellationToken;
        try
        {
            await runtime.PrepareAsync(planned.Root, token);
            var count = await StreamAsync(planned, runtime, sink, foundRows ? limit : null, token);
            Context.FoundRows = count;
            Context.RowCount = -1;
        }
        catch (OperationCanceledException) when (deadline is { IsCancellationRequested: true } && !cancellationToken.IsCancellationRequested)
        {
            throw new SqlException(3024, "HY000", "Query execution was interrupted, maximum statement execution time exceeded");
        }

        if (session.Transaction is { } transaction && locking is not null)
        {
            transaction.NoteWritten(planning.Tables);
        }

        var scans = planned.Root is not null && Scans(planned.Root) ? SessionStatus.NoIndexUsed : SessionStatus.None;
        await EndAsync(sink, moreResults, scans, cancellationToken);
    }

    private CancellationTokenSource? Deadline(CancellationToken cancellationToken)
    {
        if (session.Variables.MaxExecutionTime == TimeSpan.Zero)
        {
            return null;
        }

        var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        source.CancelAfter(session.Variables.MaxExecutionTime);
        return source;
    }

    private static bool Scans(PlanNode plan) => plan is TableReadPlan { Path.Index: null } || plan.Children.Any(Scans);

    private async ValueTask<ulong> StreamAsync(
        PlannedQuery planned, PlanRuntime runtime, IResultSink sink, LimitClause? limit, CancellationToken cancellationToken)
    {
        await using var rows = planned.Root.Create(runtime);
        await sink.ColumnsAsync(planned.Output, cancellationToken);
        var skip = limit is null ? 0 : runtime.LimitOf(limit.Offset);
        var take = limit is null ? ulong.MaxValue : runtime.LimitOf(limit.Count);
        var count = 0UL;
        var kept = limit is null ? [] : new int[Chunk.RowsMax];
        while (await rows.NextAsync(Context, cancellationToken) is { } chunk)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (limit is null)
            {
                count += (ulong)chunk.PhysicalRows;
                await sink.RowsAsync(chunk, cancellationToken);
                continue;
            }

            var selected = 0;
            for (var row = 0; row < chunk.PhysicalRows; row++, count++)
            {
                if (count >= skip && count - skip < take)
                {
                    kept[selected++] = row;
                }
            }

            if (selected == 0)
            {
                continue;
            }

            if (selected < chunk.PhysicalRows)
            {
                chunk.Select(kept.AsSpan(0, selected));
            }

            await sink.RowsAsync(chunk, cancellationToken);
            chunk.ClearSelection();
        }

        return count;
    }

    private async ValueTask<PlanRuntime> RuntimeAsync(
        PlannedQuery planned, PlanningContext planning, SelectQuery? locking, CancellationToken cancellationToken)
    {
        if (session.Transaction is null && !session.Variables.Autocommit && planning.Tables.Count > 0)
        {
            session.Transaction = new SessionTransaction(session.Engine.Storage, readOnly: false);
        }

        if (session.Transaction is { } owner && planning.Tables.Count > 0)
        {
            var transaction = await owner.GetAsync(cancellationToken);
            if (locking is not null)
            {
                var rowLocking = new RowLocking(transaction, session.Variables.LockWait, locking.LockWait);
                return locking.LockWait == LockWaitPolicy.SkipLocked
                    ? throw Errors.NotSupported("SKIP LOCKED")
                    : new PlanRuntime(Context, await transaction.CurrentSnapshotAsync(cancellationToken)) { Locking = rowLocking };
            }

            return new PlanRuntime(
                Context, session.Variables.ReadCommitted ? await transaction.CurrentSnapshotAsync(cancellationToken) : transaction);
        }

        // A single row by its key needs no timestamp of its own: its newest version is what a statement begun now would see.
        var storage = session.Engine.Storage;
        var timestamp = planning.Tables.Count == 0 || IsSingleRow(planned.Root) ? ulong.MaxValue : await storage.GetTimestampAsync(cancellationToken);
        return new PlanRuntime(Context, storage.GetSnapshot(timestamp));
    }

    private static bool IsSingleRow(PlanNode plan) => plan switch
    {
        TableReadPlan { Path: { IsPoint: true, PointCount: 1, Index.Primary: true } } => plan.Expressions.All(expression => ExpressionTree.Nodes(expression).All(node => PlanRuntime.PlanOf(node) is null)),
        { Children: [var only] } => IsSingleRow(only) && plan.Expressions.All(expression => ExpressionTree.Nodes(expression).All(node => PlanRuntime.PlanOf(node) is null)),
        _ => false,
    };

    private async ValueTask EndAsync(IResultSink sink, bool moreResults, SessionStatus extra, CancellationToken cancellationToken)
    {
        var status = session.Status | extra | (moreResults ? SessionStatus.MoreResults : SessionStatus.None);
        await sink.EndAsync(Context.WarningCount, status, cancellationToken);
    }
}
