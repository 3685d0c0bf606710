using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using Cloud.Execution.Expressions;
using Cloud.Execution.Types;
using Cloud.MySql.Protocol;

namespace Cloud.MySql.Server;

/// <summary>
/// Brings one client from its first byte to a session: greeting, TLS, authentication; and again for COM_CHANGE_USER.
/// Source: MySQL 8.0 source documentation, "Connection Phase".
/// </summary>
internal sealed class ClientLogin(
    ServerContext context, PacketChannel channel, PacketBuilder builder, ResultWriter results, uint connectionId, IPEndPoint remote)
{
    // A method that no account has, so that the client is asked to answer a fresh challenge.
    private const string NoPlugin = "none";

    private readonly byte[] _nonce = Authenticator.NewNonce();
    private bool _encrypted;

    /// <summary>
    /// Greets, encrypts when asked to, and reads who the client says it is; null when it leaves before.
    /// </summary>
    /// <exception cref="SqlException">3159: TLS is required.</exception>
    public async Task<HandshakeResponse?> GreetAsync(CancellationToken cancellationToken)
    {
        channel.MessageBytesMax = Handshake.ResponseBytesMax;
        var offered = Handshake.Offered | Capabilities.Ssl;
        Handshake.WriteGreeting(channel, builder, context.Options.ServerVersion, connectionId, _nonce, offered, (byte)Collation.DefaultId);
        await channel.FlushAsync(cancellationToken);
        if (!await channel.ReadAsync(cancellationToken))
        {
            return null;
        }

        if (Handshake.IsTlsRequest(channel.Payload.Span))
        {
            await EncryptAsync(cancellationToken);
            if (!await channel.ReadAsync(cancellationToken))
            {
                return null;
            }
        }

        var response = Handshake.ParseResponse(channel.Payload.Span);
        results.Capabilities = response.Capabilities & offered;
        if (context.Options.RequireTls && !_encrypted)
        {
            throw new SqlException(
                3159, "HY000", "Connections using insecure transport are prohibited; connect with TLS (mysql --ssl-mode=REQUIRED).");
        }

        channel.ReadAhead = true;
        return response;
    }

    /// <summary>Checks the password, opens the session and tells the client of its success.</summary>
    /// <exception cref="SqlException">1045, or the session is refused.</exception>
    public async Task<IMySqlSession> LogInAsync(HandshakeResponse response, CancellationToken cancellationToken)
    {
        channel.MessageBytesMax = Handshake.ResponseBytesMax;
        var account = await AuthenticateAsync(response, cancellationToken);
        results.CollationId = Collation.TryGet(response.CollationId, out var known) ? known.Id : Collation.DefaultId;
        var session = await context.Handler.OpenSessionAsync(
            new ClientRequest
            {
                ConnectionId = connectionId,
                Account = account,
                RemoteEndPoint = remote,
                Database = response.Database,
                CollationId = results.CollationId,
                FoundRows = response.Capabilities.HasFlag(Capabilities.FoundRows),
                MultiStatements = response.Capabilities.HasFlag(Capabilities.MultiStatements),
                Encrypted = _encrypted,
                Attributes = response.Attributes,
            },
            cancellationToken);
        try
        {
            results.Session = session;
            results.KnownDatabase = response.Database;
            results.WriteOk(session.Status);
            await channel.FlushAsync(cancellationToken);
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }

        channel.MessageBytesMax = context.Options.MessageBytesMax;
        return session;
    }

    /// <summary>
    /// Reads the COM_CHANGE_USER that is in the channel; its answer to the old challenge is set aside.
    /// </summary>
    public HandshakeResponse ReadChangeUser()
    {
        var change = Handshake.ParseChangeUser(channel.Payload.Span[1..], results.Capabilities, results.CollationId);
        return change with { Plugin = NoPlugin, AuthResponse = [] };
    }

    private async Task EncryptAsync(CancellationToken cancellationToken)
    {
        var tls = new SslStream(channel.Stream, leaveInnerStreamOpen: false);
        channel.Replace(tls);
        await tls.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions
            {
                ServerCertificateContext = context.Certificate,
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            },
            cancellationToken);
        _encrypted = true;
    }

    private async Task<SqlAccount> AuthenticateAsync(HandshakeResponse response, CancellationToken cancellationToken)
    {
        var attempt = new LoginAttempt(response.User, response.Plugin, response.AuthResponse, _nonce, remote.Address, _encrypted);
        try
        {
            return await context.Authenticator.AuthenticateAsync(channel, attempt, cancellationToken);
        }
        catch (SqlException)
        {
            context.Totals.CountAuthenticationFailure();
            ServerLog.AccessDenied(context.Logger, response.User, remote);
            throw;
        }
    }
}
