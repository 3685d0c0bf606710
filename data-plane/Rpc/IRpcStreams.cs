namespace Cloud.Rpc;

/// <summary>The incoming half of a stream. One reader at a time.</summary>
public interface IRpcReader<T>
    where T : class
{
    /// <summary>The next message, or null when the other side has finished. The message belongs to the caller.</summary>
    /// <exception cref="RpcException">The stream broke, a message was malformed or too large, or the deadline passed.</exception>
    ValueTask<T?> ReadAsync(CancellationToken cancellationToken);
}

/// <summary>The outgoing half of a stream. One writer at a time.</summary>
public interface IRpcWriter<T>
    where T : class
{
    /// <summary>
    /// Sends a message; it is on its way when the task completes, which waits while the receiver's window is full. The message must not be
    /// changed afterwards: an in-process receiver gets the object itself.
    /// </summary>
    ValueTask WriteAsync(T message, CancellationToken cancellationToken);
}

/// <summary>A call on which both sides send any number of messages in any order. Disposing it cancels what is still running.</summary>
public interface IRpcDuplexCall<TRequest, TResponse> : IRpcWriter<TRequest>, IRpcReader<TResponse>, IAsyncDisposable
    where TRequest : class
    where TResponse : class
{
    /// <summary>Tells the server that no more requests follow; it may still answer.</summary>
    ValueTask CompleteAsync(CancellationToken cancellationToken);
}
