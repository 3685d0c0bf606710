using System.Net;
using Cloud.Contracts;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Http;

namespace Cloud.Modules.Provisioning.Agents;

/// <summary>Where agents dial in: authenticates them, and serves their stream as long as it lasts.</summary>
internal sealed partial class AgentEndpoint(
    HostStore hosts,
    AgentStreams streams,
    SchemaState schema,
    IServiceScopeFactory scopes,
    TimeProvider time,
    IHostApplicationLifetime lifetime,
    ILoggerFactory loggers)
{
    /// <summary>Length of a usage window on <c>local</c>; what a killed agent can lose.</summary>
    public const int UsageWindowSeconds = 30;

    /// <summary>Versions of the protocol that this build understands: its own and both neighbours.</summary>
    private const int VersionMin = AgentProtocol.Version - 1;
    private const int VersionMax = AgentProtocol.Version + 1;

    private static readonly TimeSpan CloseMax = TimeSpan.FromSeconds(1);

    private readonly ILogger _logger = loggers.CreateLogger<AgentEndpoint>();

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet(AgentProtocol.Path, (HttpContext http, AgentEndpoint endpoint) => endpoint.HandleAsync(http))
            .Infrastructure("the stream of agents; authenticated by host credential or join token");

    private async Task HandleAsync(HttpContext http)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        if (await RefuseAsync(http, ending.Token) is not { } identity)
        {
            return;
        }

        using var webSocket = await http.WebSockets.AcceptWebSocketAsync();
        var socket = new AgentSocket(webSocket);
        try
        {
            var reason = await ServeAsync(socket, identity, ending.Token);
            await socket.CloseAsync(reason, ending.Token);
        }
        catch (Exception ended) when (ended is AgentProtocolException or IOException or OperationCanceledException
            or System.Net.WebSockets.WebSocketException or Npgsql.NpgsqlException)
        {
            LogBroken(_logger, ended.Message);
            webSocket.Abort();
        }
    }

    /// <summary>Answers those who may not come in; returns who may.</summary>
    private async Task<AgentIdentity?> RefuseAsync(HttpContext http, CancellationToken cancellationToken)
    {
        if (!http.WebSockets.IsWebSocketRequest)
        {
            http.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            return null;
        }

        if (http.Connection.RemoteIpAddress is { } address && !IPAddress.IsLoopback(address))
        {
            // Tokens and SQL verifiers would cross the network in clear.
            LogForeign(_logger, address);
            http.Response.StatusCode = StatusCodes.Status403Forbidden;
            return null;
        }

        if (!schema.IsReady)
        {
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return null;
        }

        const string Scheme = "Bearer ";
        var header = http.Request.Headers.Authorization.ToString();
        var token = header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : string.Empty;
        try
        {
            var identity = await hosts.AuthenticateAsync(token, cancellationToken);
            http.Response.StatusCode = identity is null ? StatusCodes.Status401Unauthorized : http.Response.StatusCode;
            return identity;
        }
        catch (Npgsql.NpgsqlException unreachable)
        {
            LogBroken(_logger, unreachable.Message);
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return null;
        }
    }

    private async Task<string> ServeAsync(AgentSocket socket, AgentIdentity identity, CancellationToken cancellationToken)
    {
        using var silence = new CancellationTokenSource(AgentProtocol.SilenceMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, silence.Token);
        if (await socket.ReceiveAsync(either.Token) is not AgentHello hello)
        {
            return "the first message must be a hello";
        }

        if (Objection(identity, hello) is { } objection)
        {
            LogRefused(_logger, hello.HostName, objection);
            return objection;
        }

        var opened = await hosts.OpenAsync(identity, hello, cancellationToken);
        var session = new AgentSession(opened, socket, hosts, scopes, time, loggers.CreateLogger<AgentSession>());
        using var registration = streams.Add(session);
        LogOpened(_logger, opened.Host, hello.HostName, hello.Location, hello.AgentVersion);
        try
        {
            var reason = await session.RunAsync(UsageWindowSeconds, cancellationToken);
            LogClosed(_logger, opened.Host, reason);
            return reason;
        }
        finally
        {
            await CloseAsync(opened);
        }
    }

    /// <summary>Also when the host stops, hence a limit of its own; what it misses, the silence of the agent tells later.</summary>
    private async Task CloseAsync(HostSession session)
    {
        using var limit = new CancellationTokenSource(CloseMax, time);
        try
        {
            await hosts.CloseAsync(session, limit.Token);
        }
        catch (Exception unreachable) when (unreachable is Npgsql.NpgsqlException or OperationCanceledException)
        {
            LogBroken(_logger, unreachable.Message);
        }
    }

    private static string? Objection(AgentIdentity identity, AgentHello hello)
    {
        if (hello.ProtocolVersion is < VersionMin or > VersionMax)
        {
            return $"protocol version {hello.ProtocolVersion} is not between {VersionMin} and {VersionMax}";
        }

        if (identity.Host != hello.HostId)
        {
            return identity.Host is null ? "a host that has joined uses its own credential" : "the credential is another host's";
        }

        if (hello.Location.Length is 0 or > 63 || hello.HostName.Length is 0 or > 255)
        {
            return "a location has 1 to 63 characters, a host name 1 to 255";
        }

        return hello.Capacity.PortFirst > 0 && hello.Capacity.PortLast >= hello.Capacity.PortFirst
            ? null
            : "the port range is empty";
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Agent of host {Host} ({Name}, location {Location}, version {Version}) is here")]
    private static partial void LogOpened(ILogger logger, Kernel.HostId host, string name, string location, string version);

    [LoggerMessage(Level = LogLevel.Information, Message = "The stream of host {Host} ended: {Reason}")]
    private static partial void LogClosed(ILogger logger, Kernel.HostId host, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "An agent on {Name} was turned away: {Reason}")]
    private static partial void LogRefused(ILogger logger, string name, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "An agent at {Address} was turned away: agents on other machines need mutual TLS")]
    private static partial void LogForeign(ILogger logger, IPAddress address);

    [LoggerMessage(Level = LogLevel.Information, Message = "An agent's stream broke: {Reason}")]
    private static partial void LogBroken(ILogger logger, string reason);
}
