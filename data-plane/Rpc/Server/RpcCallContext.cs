using System.Globalization;
using Microsoft.AspNetCore.Http.Features;

namespace Cloud.Rpc.Server;

/// <summary>What a handler may know about the call it serves.</summary>
public sealed class RpcCallContext
{
    private readonly IHttpConnectionFeature? _connection;

    internal RpcCallContext(
        string path, IHttpConnectionFeature? connection, CancellationToken cancellationToken, CancellationToken stopping)
    {
        Path = path;
        _connection = connection;
        CancellationToken = cancellationToken;
        Stopping = stopping;
    }

    /// <summary>The method's path.</summary>
    public string Path { get; }

    /// <summary>The caller's address for logs; <c>in-process</c> where there is none.</summary>
    public string Peer => _connection is null
        ? "in-process"
        : string.Create(CultureInfo.InvariantCulture, $"{_connection.RemoteIpAddress}:{_connection.RemotePort}");

    /// <summary>Cancelled when the caller gives up, the deadline passes or the connection breaks.</summary>
    public CancellationToken CancellationToken { get; }

    /// <summary>
    /// Cancelled when the server begins to stop. Request streams end then by themselves, as if the client had finished; a handler that
    /// only writes must look at this.
    /// </summary>
    public CancellationToken Stopping { get; }
}
