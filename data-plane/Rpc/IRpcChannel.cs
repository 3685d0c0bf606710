using Google.Protobuf;

namespace Cloud.Rpc;

/// <summary>A way to call the methods of one server. Thread-safe; connects when first used and again after a failure.</summary>
public interface IRpcChannel : IAsyncDisposable
{
    /// <summary>Calls a method that takes one message and answers with one.</summary>
    /// <param name="method">Which method.</param>
    /// <param name="request">Not changed by the call; must not be changed by the caller while it runs.</param>
    /// <param name="timeout">Positive: after it the call fails with DeadlineExceeded on both sides. InfiniteTimeSpan: none.</param>
    /// <param name="cancellationToken">Gives up waiting; the server is told.</param>
    /// <exception cref="RpcException">Any status but Ok.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    ValueTask<TResponse> CallAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest request, TimeSpan timeout, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new();

    /// <summary>
    /// Opens a call with two streams. Returns before the server has answered: a failure to connect shows on the first read or write.
    /// </summary>
    /// <param name="method">Which method.</param>
    /// <param name="cancellationToken">Ends the whole call, not only its opening.</param>
    IRpcDuplexCall<TRequest, TResponse> OpenDuplex<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new();
}

/// <summary>Makes channels to addresses; the seam between sockets and the in-process transport.</summary>
public interface IRpcChannelFactory
{
    /// <param name="address"><c>host:port</c>; a scheme in front (<c>http://</c>) is accepted.</param>
    /// <returns>A new channel, owned by the caller. Nothing is connected yet.</returns>
    IRpcChannel Open(string address);
}
