using System.Globalization;
using System.Text;
using Cloud.Execution.Chunks;
using Cloud.Execution.Expressions;
using Cloud.MySql.Protocol;
using Cloud.MySql.Server;
using Cloud.Sql;

namespace Cloud.Node.Sql;

/// <summary>Shows a session of the SQL engine to the MySQL protocol: names differ, meanings do not.</summary>
internal sealed class SqlSessionAdapter(ISqlSession session) : IMySqlSession
{
    private readonly ResultAdapter _results = new();

    public ServerStatus Status => (ServerStatus)session.Status;

    public string? CurrentDatabase => session.CurrentDatabase;

    public CancellationToken Killed => session.Killed;

    public bool MultiStatements
    {
        get => session.MultiStatements;
        set => session.MultiStatements = value;
    }

    public ValueTask QueryAsync(ReadOnlyMemory<byte> text, IMySqlResults results, CancellationToken cancellationToken) =>
        session.ExecuteAsync(text, _results.For(results), cancellationToken);

    public async ValueTask<PreparedStatement> PrepareAsync(ReadOnlyMemory<byte> text, CancellationToken cancellationToken)
    {
        var prepared = await session.PrepareAsync(text, cancellationToken);
        return new PreparedStatement(prepared.Id, prepared.ParameterCount, ResultAdapter.Describe(prepared.Columns));
    }

    public ValueTask ExecuteAsync(
        uint statementId, ReadOnlyMemory<Datum> parameters, IMySqlResults results, CancellationToken cancellationToken) =>
        session.ExecutePreparedAsync(statementId, parameters, _results.For(results), cancellationToken);

    public void CloseStatement(uint statementId) => session.ClosePrepared(statementId);

    public ValueTask UseAsync(string database, CancellationToken cancellationToken) => session.UseAsync(database, cancellationToken);

    public async ValueTask<IReadOnlyList<ColumnDefinition>> ListFieldsAsync(string table, CancellationToken cancellationToken) =>
        ResultAdapter.Describe(await session.ListFieldsAsync(table, cancellationToken));

    public ValueTask KillAsync(uint connectionId, CancellationToken cancellationToken)
    {
        var text = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"KILL CONNECTION {connectionId}"));
        return session.ExecuteAsync(text, new DiscardedResults(), cancellationToken);
    }

    public ValueTask ResetAsync(CancellationToken cancellationToken) => session.ResetAsync(cancellationToken);

    public void CancelStatement() => session.CancelStatement();

    public ValueTask DisposeAsync() => session.DisposeAsync();
}

/// <summary>Passes results on to the protocol. One per session, reused for its statements.</summary>
internal sealed class ResultAdapter : IResultSink
{
    private IMySqlResults? _results;

    public static IReadOnlyList<ColumnDefinition> Describe(IReadOnlyList<ResultColumn> columns)
    {
        var definitions = new ColumnDefinition[columns.Count];
        for (var i = 0; i < definitions.Length; i++)
        {
            var column = columns[i];
            definitions[i] = new ColumnDefinition(column.Name, column.Type)
            {
                Schema = column.Schema,
                Table = column.Table,
                OriginalTable = column.OriginalTable,
                OriginalName = column.OriginalName,
            };
        }

        return definitions;
    }

    /// <summary>This adapter, aimed at the results of one request.</summary>
    public ResultAdapter For(IMySqlResults results)
    {
        _results = results;
        return this;
    }

    public ValueTask ColumnsAsync(IReadOnlyList<ResultColumn> columns, CancellationToken cancellationToken) =>
        _results!.ColumnsAsync(Describe(columns), cancellationToken); // For comes before every request.

    public ValueTask RowsAsync(Chunk rows, CancellationToken cancellationToken) => _results!.RowsAsync(rows, cancellationToken);

    public ValueTask EndAsync(int warnings, SessionStatus status, CancellationToken cancellationToken) =>
        _results!.EndAsync(warnings, (ServerStatus)status, cancellationToken);

    public ValueTask DoneAsync(StatementDone done, CancellationToken cancellationToken) => _results!.DoneAsync(
        new StatementOutcome(done.AffectedRows, done.LastInsertId, done.Warnings, (ServerStatus)done.Status, done.Message),
        cancellationToken);
}

/// <summary>Takes the results of statements whose effect alone counts.</summary>
internal sealed class DiscardedResults : IResultSink
{
    public ValueTask ColumnsAsync(IReadOnlyList<ResultColumn> columns, CancellationToken cancellationToken) => default;

    public ValueTask RowsAsync(Chunk rows, CancellationToken cancellationToken) => default;

    public ValueTask EndAsync(int warnings, SessionStatus status, CancellationToken cancellationToken) => default;

    public ValueTask DoneAsync(StatementDone done, CancellationToken cancellationToken) => default;
}
