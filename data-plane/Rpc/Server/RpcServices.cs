using System.Diagnostics.CodeAnalysis;
using Cloud.Kernel;
using Google.Protobuf;

namespace Cloud.Rpc.Server;

/// <summary>Answers one request.</summary>
public delegate ValueTask<TResponse> UnaryHandler<in TRequest, TResponse>(TRequest request, RpcCallContext context);

/// <summary>Answers one request with a stream, which ends when the task completes.</summary>
public delegate ValueTask ServerStreamHandler<in TRequest, TResponse>(
    TRequest request, IRpcWriter<TResponse> responses, RpcCallContext context)
    where TResponse : class;

/// <summary>Serves two streams; the call ends when the task completes.</summary>
public delegate ValueTask DuplexHandler<TRequest, TResponse>(
    IRpcReader<TRequest> requests, IRpcWriter<TResponse> responses, RpcCallContext context)
    where TRequest : class
    where TResponse : class;

/// <summary>
/// The methods a server offers. Filled before the server starts, read-only afterwards; the same table serves sockets and the in-process
/// transport. A handler refuses a call by throwing <see cref="RpcException"/>; any other exception becomes Internal and is logged.
/// </summary>
public sealed class RpcServices
{
    private readonly Dictionary<string, RpcEndpoint> _endpoints = new(StringComparer.Ordinal);

    /// <summary>The paths offered, in no particular order.</summary>
    public IReadOnlyCollection<string> Paths => _endpoints.Keys;

    public RpcServices Unary<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, UnaryHandler<TRequest, TResponse> handler)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() => Add(new UnaryEndpoint<TRequest, TResponse>(method, handler));

    public RpcServices ServerStream<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, ServerStreamHandler<TRequest, TResponse> handler)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        Add(new DuplexEndpoint<TRequest, TResponse>(method, async (requests, responses, context) =>
            await handler(await ReadOnlyRequestAsync(requests, context), responses, context)));

    public RpcServices Duplex<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, DuplexHandler<TRequest, TResponse> handler)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() => Add(new DuplexEndpoint<TRequest, TResponse>(method, handler));

    internal bool TryGet(string path, [NotNullWhen(true)] out RpcEndpoint? endpoint) => _endpoints.TryGetValue(path, out endpoint);

    internal static RpcException Unimplemented(string path) =>
        new(RpcStatusCode.Unimplemented, $"this server does not offer {path}");

    private static async ValueTask<TRequest> ReadOnlyRequestAsync<TRequest>(IRpcReader<TRequest> requests, RpcCallContext context)
        where TRequest : class =>
        await requests.ReadAsync(context.CancellationToken)
        ?? throw new RpcException(RpcStatusCode.Internal, "the request stream ended without a message");

    private RpcServices Add(RpcEndpoint endpoint)
    {
        Invariant.Require(_endpoints.TryAdd(endpoint.Path, endpoint), $"{endpoint.Path} is registered once");
        return this;
    }
}
