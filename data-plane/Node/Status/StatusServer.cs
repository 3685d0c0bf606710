using System.Net;
using System.Text;
using System.Text.Json;
using Cloud.Contracts;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace Cloud.Node.Status;

/// <summary>What the status port tells.</summary>
internal interface INodeStatus
{
    /// <summary>Why the node cannot serve now; null when it can.</summary>
    string? NotReadyReason { get; }

    NodeUsage Usage { get; }
}

/// <summary>
/// HTTP/1.1 for supervisors: <c>/healthz</c> (200 while the process lives), <c>/readyz</c> (200, or 503 with the
/// reason),
/// <c>/metrics</c> (Prometheus), <c>/usage</c> (<see cref="NodeUsage"/>). Kestrel without routing, so that it costs little to start.
/// </summary>
internal sealed class StatusServer : IAsyncDisposable
{
    private const int HeaderBytesMax = 8 * 1024;

    private readonly KestrelServer _kestrel;

    private StatusServer(KestrelServer kestrel) => _kestrel = kestrel;

    /// <summary>The port bound.</summary>
    public int Port { get; private set; }

    /// <exception cref="IOException">The address is in use or not ours.</exception>
    public static async Task<StatusServer> StartAsync(
        IPEndPoint listen, INodeStatus status, MetricsCollector metrics, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var options = new KestrelServerOptions { AddServerHeader = false };
        options.Limits.MaxRequestBodySize = 0;
        options.Limits.MaxConcurrentConnections = 100;
        options.Limits.MaxRequestHeadersTotalSize = HeaderBytesMax;
        options.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(60);
        options.Listen(listen, static endpoint => endpoint.Protocols = HttpProtocols.Http1);
        var kestrel = new KestrelServer(
            Options.Create(options), new SocketTransportFactory(Options.Create(new SocketTransportOptions()), loggers), loggers);
        try
        {
            await kestrel.StartAsync(new Application(status, metrics), cancellationToken);
            var address = new Uri(kestrel.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());
            return new StatusServer(kestrel) { Port = address.Port };
        }
        catch
        {
            kestrel.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _kestrel.StopAsync(new CancellationToken(canceled: true));
        _kestrel.Dispose();
    }

    private sealed class Application(INodeStatus status, MetricsCollector metrics) : IHttpApplication<IFeatureCollection>
    {
        public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

        public void DisposeContext(IFeatureCollection context, Exception? exception)
        {
        }

        public async Task ProcessRequestAsync(IFeatureCollection context)
        {
            var request = context.GetRequiredFeature<IHttpRequestFeature>();
            var response = context.GetRequiredFeature<IHttpResponseFeature>();
            var (code, type, body) = Answer(request.Method, request.Path);
            var bytes = Encoding.UTF8.GetBytes(body);
            response.StatusCode = code;
            response.Headers.ContentType = type;
            response.Headers.ContentLength = bytes.Length;
            response.Headers.CacheControl = "no-store";
            if (code == StatusCodes.Status405MethodNotAllowed)
            {
                response.Headers.Allow = "GET, HEAD";
            }

            var output = context.GetRequiredFeature<IHttpResponseBodyFeature>();
            if (!HttpMethods.IsHead(request.Method))
            {
                await output.Writer.WriteAsync(bytes, CancellationToken.None);
            }

            await output.CompleteAsync();
        }

        private (int Code, string Type, string Body) Answer(string method, string path)
        {
            const string plain = "text/plain; charset=utf-8";
            if (!HttpMethods.IsGet(method) && !HttpMethods.IsHead(method))
            {
                return (StatusCodes.Status405MethodNotAllowed, plain, "The status port answers GET.\n");
            }

            switch (path)
            {
                case "/healthz":
                    return (StatusCodes.Status200OK, plain, "ok\n");
                case "/readyz":
                    var reason = status.NotReadyReason;
                    return reason is null
                        ? (StatusCodes.Status200OK, plain, "ready\n")
                        : (StatusCodes.Status503ServiceUnavailable, plain, reason + "\n");
                case "/metrics":
                    return (StatusCodes.Status200OK, MetricsCollector.ContentType, metrics.Render());
                case "/usage":
                    return (StatusCodes.Status200OK, "application/json", JsonSerializer.Serialize(status.Usage, AgentProtocol.Json));
                default:
                    return (StatusCodes.Status404NotFound, plain, "The status port has /healthz, /readyz, /metrics and /usage.\n");
            }
        }
    }
}
