using Cloud.Execution.Chunks;
using Cloud.Execution.Expressions;
using Cloud.Execution.Types;

namespace Cloud.Sql;

/// <summary>One column of a result, as the protocol describes it.</summary>
/// <param name="Name">The alias, or the expression's text.</param>
/// <param name="Type">Type, flags, length, decimals and collation.</param>
public sealed record ResultColumn(string Name, FieldType Type)
{
    /// <summary>Empty unless the column is one of a base table.</summary>
    public string Schema { get; init; } = string.Empty;

    /// <summary>The table's alias; empty for expressions.</summary>
    public string Table { get; init; } = string.Empty;

    /// <summary>The table's own name; empty for expressions.</summary>
    public string OriginalTable { get; init; } = string.Empty;

    /// <summary>The column's own name; empty for expressions.</summary>
    public string OriginalName { get; init; } = string.Empty;
}

/// <summary>State of a session after a statement; the values are those of the protocol's status flags.</summary>
[Flags]
public enum SessionStatus : ushort
{
    None = 0,
    InTransaction = 1,
    Autocommit = 2,
    MoreResults = 8,
    NoGoodIndexUsed = 16,
    NoIndexUsed = 32,
    DatabaseDropped = 256,
    MetadataChanged = 1024,
    InReadOnlyTransaction = 8192,
}

/// <summary>The end of a statement that has no result set.</summary>
/// <param name="AffectedRows">Rows changed; with <see cref="SqlSessionOptions.FoundRows"/> rows matched.</param>
/// <param name="LastInsertId">First generated AUTO_INCREMENT value of the statement, or the last explicit one; 0 when there was none.</param>
/// <param name="Message">For example <c>Rows matched: 1  Changed: 1  Warnings: 0</c>; empty for most statements.</param>
public sealed record StatementDone(ulong AffectedRows, ulong LastInsertId, int Warnings, SessionStatus Status, string Message);

/// <summary>
/// Receives the results of one request in order: for each statement either <see cref="DoneAsync"/>, or <see cref="ColumnsAsync"/>, any
/// number of <see cref="RowsAsync"/>, and <see cref="EndAsync"/>. Each call is awaited before the next, which is how a slow client holds
/// back the executor.
/// </summary>
public interface IResultSink
{
    ValueTask ColumnsAsync(IReadOnlyList<ResultColumn> columns, CancellationToken cancellationToken);

    /// <summary>At most <see cref="Chunk.RowsMax"/> rows, which honour the chunk's selection. The chunk is the session's again on return.</summary>
    ValueTask RowsAsync(Chunk rows, CancellationToken cancellationToken);

    /// <summary>The result set is complete.</summary>
    ValueTask EndAsync(int warnings, SessionStatus status, CancellationToken cancellationToken);

    ValueTask DoneAsync(StatementDone done, CancellationToken cancellationToken);
}

/// <summary>A prepared statement as the client is told about it.</summary>
/// <param name="Id">Unique in the session, never 0.</param>
/// <param name="Columns">Empty for statements without a result set.</param>
public sealed record PreparedDescription(uint Id, int ParameterCount, IReadOnlyList<ResultColumn> Columns);

/// <summary>What a connection asked for at its beginning.</summary>
public sealed record SqlSessionOptions
{
    public required string User { get; init; }

    /// <summary>For example <c>127.0.0.1:51234</c>; shown in the process list.</summary>
    public required string RemoteAddress { get; init; }

    /// <summary>
    /// What the client was told in the handshake, so that KILL finds the connection; unique in the process. 0: the engine mints one.
    /// </summary>
    public uint ConnectionId { get; init; }

    /// <summary>Whether statements that write are refused (1142 and 1290).</summary>
    public bool ReadOnly { get; init; }

    /// <summary>CLIENT_FOUND_ROWS: affected rows of UPDATE are those matched.</summary>
    public bool FoundRows { get; init; }

    /// <summary>CLIENT_MULTI_STATEMENTS; otherwise a second statement in one text is a syntax error.</summary>
    public bool MultiStatements { get; init; }

    /// <summary>The collation of the handshake, which sets character_set_* and collation_connection.</summary>
    public ushort CollationId { get; init; } = Collation.DefaultId;
}

/// <summary>
/// One client's session. Calls are made one after the other; only <see cref="CancelStatement"/> may come at any time from any thread.
/// Errors are <see cref="SqlException"/> with MySQL's numbers; after one the session goes on. Cancellation through a token ends the
/// statement with 1317. Disposal rolls back what is open.
/// </summary>
public interface ISqlSession : IAsyncDisposable
{
    /// <summary>CONNECTION_ID(); unique in the process, never 0.</summary>
    uint ConnectionId { get; }

    /// <summary>Null when none was chosen.</summary>
    string? CurrentDatabase { get; }

    SessionStatus Status { get; }

    /// <summary>Cancelled by KILL of the connection: the protocol layer closes it.</summary>
    CancellationToken Killed { get; }

    /// <summary>Whether a second statement in one text runs (COM_SET_OPTION changes it).</summary>
    bool MultiStatements { get; set; }

    /// <summary>Runs the statements of a text in order; those before a failing one keep their effect.</summary>
    /// <param name="text">UTF-8, except that string literals may hold any bytes. Must not change until the call returns.</param>
    ValueTask ExecuteAsync(ReadOnlyMemory<byte> text, IResultSink sink, CancellationToken cancellationToken);

    /// <summary>Prepares one statement.</summary>
    ValueTask<PreparedDescription> PrepareAsync(ReadOnlyMemory<byte> text, CancellationToken cancellationToken);

    /// <summary>Runs a prepared statement.</summary>
    /// <param name="parameters">As many as it has; text as bytes in UTF-8, times packed.</param>
    /// <exception cref="SqlException">1243: no such statement. 1210: wrong number of parameters.</exception>
    ValueTask ExecutePreparedAsync(uint id, ReadOnlyMemory<Datum> parameters, IResultSink sink, CancellationToken cancellationToken);

    /// <summary>Forgets a prepared statement; unknown ids are ignored.</summary>
    void ClosePrepared(uint id);

    /// <summary>Changes the current database (COM_INIT_DB and USE).</summary>
    /// <exception cref="SqlException">1049: no such database.</exception>
    ValueTask UseAsync(string database, CancellationToken cancellationToken);

    /// <summary>Columns of a table (COM_FIELD_LIST).</summary>
    ValueTask<IReadOnlyList<ResultColumn>> ListFieldsAsync(string table, CancellationToken cancellationToken);

    /// <summary>Rolls back, forgets prepared statements and user variables, restores defaults (COM_RESET_CONNECTION).</summary>
    ValueTask ResetAsync(CancellationToken cancellationToken);

    /// <summary>Ends the running statement with 1317; without effect when none runs. Thread-safe.</summary>
    void CancelStatement();
}
