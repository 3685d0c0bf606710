using System.Net;
using Cloud.Rpc.Framing;
using Google.Protobuf;

namespace Cloud.Rpc.Client;

/// <summary>A channel over HTTP/2 with prior knowledge.</summary>
public sealed class HttpRpcChannel : IRpcChannel
{
    private const int StreamWindowBytes = 1024 * 1024;

    private readonly HttpMessageInvoker[] _connections;
    private readonly RpcChannelOptions _options;
    private readonly Uri _server;
    private readonly TimeProvider _time;
    private int _next;

    /// <param name="address"><c>host:port</c>, with or without <c>http://</c>.</param>
    /// <param name="options">How to connect.</param>
    /// <param name="time">Measures the timeouts.</param>
    public HttpRpcChannel(string address, RpcChannelOptions options, TimeProvider time)
    {
        _server = new Uri(address.Contains("://", StringComparison.Ordinal) ? address : "http://" + address);
        _options = options;
        _time = time;
        _connections = new HttpMessageInvoker[options.Connections];
        for (var i = 0; i < _connections.Length; i++)
        {
            _connections[i] = new HttpMessageInvoker(CreateHandler(options));
        }
    }

    public async ValueTask<TResponse> CallAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest request, TimeSpan timeout, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        using var deadline = timeout == Timeout.InfiniteTimeSpan ? null : new CancellationTokenSource(timeout, _time);
        using var linked = deadline is null ? null : CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        var stop = linked?.Token ?? cancellationToken;
        using var content = new UnaryContent(request, _options.MessageBytesMax);
        using var message = CreateRequest(method.Path, content);
        if (deadline is not null)
        {
            message.Headers.TryAddWithoutValidation(GrpcHeaders.Timeout, GrpcHeaders.FormatTimeout(timeout));
        }

        try
        {
            using var response = await NextConnection().SendAsync(message, stop);
            using var frames = await ResponseFrames<TResponse>.BeginAsync(
                response, method.ResponseParser, _options.ResponseBytesMax, pooled: true, stop);
            var answer = await frames.ReadAsync(stop);
            return answer is not null && await frames.ReadAsync(stop) is null
                ? answer
                : throw new RpcException(RpcStatusCode.Internal, $"{method} answered Ok without exactly one message");
        }
        catch (OperationCanceledException) when (deadline?.IsCancellationRequested == true && !cancellationToken.IsCancellationRequested)
        {
            throw new RpcException(RpcStatusCode.DeadlineExceeded, $"{method} at {_server.Authority} did not answer within {timeout}");
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)
        {
            throw RpcFailure.FromTransport(broken, _server);
        }
    }

    public IRpcDuplexCall<TRequest, TResponse> OpenDuplex<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        var content = new DuplexContent();
        var call = new HttpDuplexCall<TRequest, TResponse>(
            _server, content, method.ResponseParser, _options, cancellationToken);
        call.Start(NextConnection(), CreateRequest(method.Path, content));
        return call;
    }

    public ValueTask DisposeAsync()
    {
        foreach (var connection in _connections)
        {
            connection.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    private static SocketsHttpHandler CreateHandler(RpcChannelOptions options) => new()
    {
        ConnectTimeout = options.ConnectTimeout,
        KeepAlivePingDelay = options.KeepAlivePingDelay,
        KeepAlivePingTimeout = options.KeepAlivePingTimeout,
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(5),
        InitialHttp2StreamWindowSize = StreamWindowBytes,
        EnableMultipleHttp2Connections = false,
        UseCookies = false,
        UseProxy = false,
        AllowAutoRedirect = false,
        ActivityHeadersPropagator = null,
        AutomaticDecompression = DecompressionMethods.None,
    };

    private HttpRequestMessage CreateRequest(string path, HttpContent content)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, new Uri(_server, path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        message.Headers.TryAddWithoutValidation("te", "trailers");
        content.Headers.TryAddWithoutValidation("content-type", GrpcHeaders.ContentType);
        return message;
    }

    private HttpMessageInvoker NextConnection() => _connections.Length == 1
        ? _connections[0]
        : _connections[(uint)Interlocked.Increment(ref _next) % (uint)_connections.Length];
}

/// <summary>Makes <see cref="HttpRpcChannel"/>s.</summary>
public sealed class HttpRpcChannelFactory(RpcChannelOptions options, TimeProvider time) : IRpcChannelFactory
{
    public IRpcChannel Open(string address) => new HttpRpcChannel(address, options, time);
}
