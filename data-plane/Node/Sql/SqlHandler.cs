using Cloud.Contracts;
using Cloud.Execution.Expressions;
using Cloud.MySql.Server;
using Cloud.Sql;

namespace Cloud.Node.Sql;

/// <summary>Puts the SQL engine behind the MySQL protocol. Thread-safe.</summary>
internal sealed class SqlHandler(SqlAccounts accounts) : IMySqlHandler
{
    private volatile Func<SqlSessionOptions, ISqlSession>? _createSession;

    /// <summary>Lets clients in; until then their logins end with an error that says to try again.</summary>
    public void Open(Func<SqlSessionOptions, ISqlSession> createSession) => _createSession = createSession;

    public SqlAccount? FindAccount(string user) => accounts.Find(user) is { } spec
        ? new SqlAccount(spec.Name, spec.NativeVerifier, spec.CachingSha2Verifier)
        : null;

    public bool MatchesCachingSha2(string verifier, ReadOnlySpan<byte> password) =>
        SqlVerifiers.MatchesCachingSha2(verifier, password);

    public async ValueTask<IMySqlSession> OpenSessionAsync(ClientRequest request, CancellationToken cancellationToken)
    {
        if (_createSession is not { } create)
        {
            throw new SqlException(3032, "HY000", "The SQL service is starting: it waits for PD and storage. Try again in a moment.");
        }

        // The account was there a moment ago; one removed since has no rights left to give.
        var grants = accounts.Find(request.Account.Name)?.Grants ?? SqlGrants.ReadOnly;
        var session = create(new SqlSessionOptions
        {
            User = request.Account.Name,
            RemoteAddress = request.RemoteEndPoint.ToString() ?? string.Empty,
            ConnectionId = request.ConnectionId,
            ReadOnly = grants == SqlGrants.ReadOnly,
            FoundRows = request.FoundRows,
            MultiStatements = request.MultiStatements,
            CollationId = request.CollationId,
        });
        try
        {
            if (request.Database is not null)
            {
                await session.UseAsync(request.Database, cancellationToken);
            }

            return new SqlSessionAdapter(session);
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }
}
