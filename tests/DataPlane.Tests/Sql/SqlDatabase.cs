using System.Text;
using Cloud.DataPlane.Tests.Fakes;
using Cloud.Execution.Chunks;
using Cloud.Execution.Expressions;
using Cloud.Sql;

namespace Cloud.DataPlane.Tests.Sql;

/// <summary>An engine over the fake storage, and sessions that answer in text.</summary>
internal sealed class SqlDatabase : IAsyncDisposable
{
    public SqlDatabase(TimeSpan? lease = null)
    {
        Storage = new FakeKvTransactions();
        Engine = new SqlEngine(Storage, TimeProvider.System, new SqlEngineOptions { SchemaLease = lease ?? TimeSpan.FromMilliseconds(2) });
    }

    public FakeKvTransactions Storage { get; }

    public SqlEngine Engine { get; }

    /// <summary>A database <c>test</c> and a session in it.</summary>
    public static async Task<(SqlDatabase Database, SqlClient Client)> CreateAsync()
    {
        var database = new SqlDatabase();
        var client = database.Connect();
        await client.RunAsync("CREATE DATABASE test; USE test");
        return (database, client);
    }

    public SqlClient Connect(bool readOnly = false, string? use = null, bool foundRows = false) => new(Engine.CreateSession(new SqlSessionOptions
    {
        User = "root", RemoteAddress = "127.0.0.1:5000", ReadOnly = readOnly, MultiStatements = true, FoundRows = foundRows,
    }), use);

    public ValueTask DisposeAsync() => Engine.DisposeAsync();
}

/// <summary>One session, asked and answered in text: rows as <c>a|b</c>, NULL as <c>NULL</c>.</summary>
internal sealed class SqlClient(ISqlSession session, string? use) : IResultSink, IAsyncDisposable
{
    private readonly List<ResultColumn> _columns = [];
    private readonly List<string> _rows = [];
    private bool _used;

    public ISqlSession Session => session;

    public IReadOnlyList<ResultColumn> Columns => _columns;

    public StatementDone? Done { get; private set; }

    public int Warnings { get; private set; }

    /// <summary>The rows of the last result set.</summary>
    public async Task<IReadOnlyList<string>> QueryAsync(string sql, CancellationToken cancellationToken = default)
    {
        await RunAsync(sql, cancellationToken);
        return [.. _rows];
    }

    public async Task<string> ScalarAsync(string sql) => (await QueryAsync(sql)).Single();

    public async Task<StatementDone?> RunAsync(string sql, CancellationToken cancellationToken = default)
    {
        if (use is not null && !_used)
        {
            _used = true;
            await session.UseAsync(use, cancellationToken);
        }

        _rows.Clear();
        Done = null;
        await session.ExecuteAsync(Encoding.UTF8.GetBytes(sql), this, cancellationToken);
        return Done;
    }

    public async Task<int> ErrorAsync(string sql) => (await FailAsync(sql)).Number;

    public async Task<SqlException> FailAsync(string sql)
    {
        try
        {
            await RunAsync(sql);
        }
        catch (SqlException exception)
        {
            return exception;
        }

        throw new InvalidOperationException($"no error from: {sql}; rows: {string.Join("; ", _rows)}");
    }

    public async Task<IReadOnlyList<string>> ExecuteAsync(uint id, params Datum[] parameters)
    {
        _rows.Clear();
        await session.ExecutePreparedAsync(id, parameters, this, CancellationToken.None);
        return [.. _rows];
    }

    public ValueTask ColumnsAsync(IReadOnlyList<ResultColumn> columns, CancellationToken cancellationToken)
    {
        _columns.Clear();
        _columns.AddRange(columns);
        _rows.Clear();
        return ValueTask.CompletedTask;
    }

    public ValueTask RowsAsync(Chunk rows, CancellationToken cancellationToken)
    {
        for (var i = 0; i < rows.RowCount; i++)
        {
            var row = rows.RowAt(i);
            _rows.Add(string.Join('|', _columns.Select((column, c) => rows[c].IsNull(row)
                ? "NULL"
                : Encoding.UTF8.GetString(TextFormat.ToBytes(Datum.FromVector(rows[c], row), column.Type)))));
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask EndAsync(int warnings, SessionStatus status, CancellationToken cancellationToken)
    {
        Warnings = warnings;
        return ValueTask.CompletedTask;
    }

    public ValueTask DoneAsync(StatementDone done, CancellationToken cancellationToken)
    {
        Done = done;
        Warnings = done.Warnings;
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => session.DisposeAsync();
}
