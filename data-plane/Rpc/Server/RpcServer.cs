using System.Globalization;
using System.Net;
using Cloud.Kernel;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Cloud.Rpc.Server;

/// <summary>
/// A gRPC server: Kestrel's HTTP/2 with our framing on top, without routing, middleware or dependency injection in the way of a call.
/// HTTP/2 without TLS is spoken with prior knowledge (h2c).
/// </summary>
public sealed class RpcServer : IAsyncDisposable
{
    private const int WindowBytes = 1024 * 1024;

    private readonly KestrelServer _kestrel;
    private readonly GrpcApplication _application;

    private RpcServer(KestrelServer kestrel, GrpcApplication application)
    {
        _kestrel = kestrel;
        _application = application;
    }

    /// <summary>The port bound, also when 0 was asked for.</summary>
    public int Port { get; private set; }

    /// <summary>Calls begun and calls that ended with a status other than Ok, since the start.</summary>
    public RpcServerCounters Counters => _application.Counters;

    /// <summary>Binds and begins to serve.</summary>
    /// <exception cref="IOException">The address is in use or not ours.</exception>
    public static async Task<RpcServer> StartAsync(
        RpcServices services,
        RpcServerOptions options,
        TimeProvider time,
        ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        var application = new GrpcApplication(services, options, time, loggers.CreateLogger<RpcServer>());
        var kestrel = new KestrelServer(
            Options.Create(Configure(options)),
            new SocketTransportFactory(Options.Create(new SocketTransportOptions()), loggers),
            loggers);
        try
        {
            await kestrel.StartAsync(application, cancellationToken);
            return new RpcServer(kestrel, application) { Port = BoundPort(kestrel) };
        }
        catch
        {
            kestrel.Dispose();
            throw;
        }
    }

    /// <summary>Stops accepting, lets calls end for as long as <paramref name="cancellationToken"/> allows, then aborts the rest.</summary>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        _application.Stop();
        return _kestrel.StopAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(new CancellationToken(canceled: true));
        _kestrel.Dispose();
        _application.Dispose();
    }

    private static KestrelServerOptions Configure(RpcServerOptions options)
    {
        var kestrel = new KestrelServerOptions { AddServerHeader = false, AllowSynchronousIO = false };
        var limits = kestrel.Limits;
        limits.MaxRequestBodySize = null; // A stream has no end; each message has its own limit.
        limits.MinRequestBodyDataRate = null; // Idle streams are normal.
        limits.MinResponseDataRate = null;
        limits.KeepAliveTimeout = TimeSpan.FromMinutes(10);
        limits.Http2.MaxStreamsPerConnection = options.StreamsPerConnectionMax;
        limits.Http2.InitialStreamWindowSize = WindowBytes;
        limits.Http2.InitialConnectionWindowSize = 4 * WindowBytes;
        limits.Http2.KeepAlivePingDelay = options.KeepAlivePingDelay;
        limits.Http2.KeepAlivePingTimeout = options.KeepAlivePingTimeout;
        kestrel.Listen(options.Listen, static listen => listen.Protocols = HttpProtocols.Http2);
        return kestrel;
    }

    private static int BoundPort(KestrelServer kestrel)
    {
        var address = kestrel.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault();
        Invariant.Require(address is not null, "a started server has an address");
        return int.Parse(address.AsSpan(address.LastIndexOf(':') + 1), NumberStyles.None, CultureInfo.InvariantCulture);
    }
}

/// <summary>Cumulative counters of a server.</summary>
/// <param name="Calls">Calls begun.</param>
/// <param name="Failures">Calls that ended with a status other than Ok.</param>
public readonly record struct RpcServerCounters(long Calls, long Failures);
