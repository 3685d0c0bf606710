using System.Net;
using Cloud.Execution.Chunks;
using Cloud.Execution.Expressions;
using Cloud.MySql.Protocol;

namespace Cloud.MySql.Server;

/// <summary>What the server needs to know to check a password.</summary>
/// <param name="NativeVerifier">As <c>Contracts.SqlUserSpec</c>; null forbids mysql_native_password.</param>
/// <param name="CachingSha2Verifier">As <c>Contracts.SqlUserSpec</c>.</param>
public sealed record SqlAccount(string Name, string? NativeVerifier, string CachingSha2Verifier);

/// <summary>What an authenticated client asked for.</summary>
public sealed record ClientRequest
{
    /// <summary>As told in the handshake: CONNECTION_ID() and KILL use it.</summary>
    public required uint ConnectionId { get; init; }

    public required SqlAccount Account { get; init; }

    public required EndPoint RemoteEndPoint { get; init; }

    /// <summary>Null when none was named; one that was is chosen before the client hears of its success.</summary>
    public string? Database { get; init; }

    /// <summary>Of the handshake; one that the server does not know is replaced by the default.</summary>
    public required ushort CollationId { get; init; }

    /// <summary>Affected rows of UPDATE are those matched.</summary>
    public bool FoundRows { get; init; }

    public bool MultiStatements { get; init; }

    public bool Encrypted { get; init; }

    /// <summary>Connect attributes such as <c>_client_name</c>; at most 64.</summary>
    public required IReadOnlyDictionary<string, string> Attributes { get; init; }
}

/// <summary>What stands behind the protocol. Thread-safe.</summary>
public interface IMySqlHandler
{
    /// <summary>
    /// The account of a user, or null when there is none now. Called for each login, so that changes count at once.
    /// </summary>
    SqlAccount? FindAccount(string user);

    /// <summary>
    /// Checks a password against a caching_sha2_password verifier; costs about a millisecond of processor time by
    /// design.
    /// </summary>
    bool MatchesCachingSha2(string verifier, ReadOnlySpan<byte> password);

    /// <summary>Begins a session.</summary>
    /// <exception cref="SqlException">
    /// The session is refused, for example 1049 for an unknown database; the client is told.
    /// </exception>
    ValueTask<IMySqlSession> OpenSessionAsync(ClientRequest request, CancellationToken cancellationToken);
}

/// <summary>
/// One client's session. The server calls one method after the other; only <see cref="CancelStatement"/> comes at any
/// time. Errors
/// are <see cref="SqlException"/>, after which the session goes on.
/// </summary>
public interface IMySqlSession : IAsyncDisposable
{
    ServerStatus Status { get; }

    /// <summary>Null when none was chosen.</summary>
    string? CurrentDatabase { get; }

    /// <summary>Cancelled when the connection is to end, by KILL for example.</summary>
    CancellationToken Killed { get; }

    /// <summary>Whether one text may hold several statements.</summary>
    bool MultiStatements { get; set; }

    /// <summary>Runs the statements of <paramref name="text"/>, which does not change until the call returns.</summary>
    ValueTask QueryAsync(ReadOnlyMemory<byte> text, IMySqlResults results, CancellationToken cancellationToken);

    ValueTask<PreparedStatement> PrepareAsync(ReadOnlyMemory<byte> text, CancellationToken cancellationToken);

    ValueTask ExecuteAsync(
        uint statementId, ReadOnlyMemory<Datum> parameters, IMySqlResults results, CancellationToken cancellationToken);

    /// <summary>Forgets a prepared statement; unknown ones are ignored.</summary>
    void CloseStatement(uint statementId);

    ValueTask UseAsync(string database, CancellationToken cancellationToken);

    ValueTask<IReadOnlyList<ColumnDefinition>> ListFieldsAsync(string table, CancellationToken cancellationToken);

    /// <summary>Ends another connection of this server (COM_PROCESS_KILL).</summary>
    ValueTask KillAsync(uint connectionId, CancellationToken cancellationToken);

    /// <summary>Rolls back and restores the state of a fresh session.</summary>
    ValueTask ResetAsync(CancellationToken cancellationToken);

    /// <summary>Ends the running statement with error 1317; without effect when none runs. Thread-safe.</summary>
    void CancelStatement();
}

/// <summary>A prepared statement.</summary>
/// <param name="Id">Never 0.</param>
/// <param name="Columns">Empty when it has no result set.</param>
public sealed record PreparedStatement(uint Id, int ParameterCount, IReadOnlyList<ColumnDefinition> Columns);

/// <summary>The end of a statement without a result set.</summary>
public sealed record StatementOutcome(ulong AffectedRows, ulong LastInsertId, int Warnings, ServerStatus Status, string Message);

/// <summary>
/// Takes the results of one request in order: for each statement either <see cref="DoneAsync"/>, or <see
/// cref="ColumnsAsync"/>, any
/// number of <see cref="RowsAsync"/>, and <see cref="EndAsync"/>; the status of all but the last has
/// <see cref="ServerStatus.MoreResults"/>.
/// </summary>
public interface IMySqlResults
{
    ValueTask ColumnsAsync(IReadOnlyList<ColumnDefinition> columns, CancellationToken cancellationToken);

    /// <summary>
    /// Rows that count of the chunk, which is the caller's again on return. Waits while the client is slow to read.
    /// </summary>
    ValueTask RowsAsync(Chunk rows, CancellationToken cancellationToken);

    ValueTask EndAsync(int warnings, ServerStatus status, CancellationToken cancellationToken);

    ValueTask DoneAsync(StatementOutcome outcome, CancellationToken cancellationToken);
}
