using System.Threading.Channels;
using Cloud.Rpc.Server;
using Google.Protobuf;

namespace Cloud.Rpc.Client;

/// <summary>Calls handlers directly. Failures look as they would over a socket: only statuses come out.</summary>
internal sealed class InProcessRpcChannel(string address, InProcessRpcChannels servers, TimeProvider time) : IRpcChannel
{
    public async ValueTask<TResponse> CallAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest request, TimeSpan timeout, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        var services = servers.Find(address);
        if (!services.TryGet(method.Path, out var endpoint) || endpoint is not UnaryEndpoint<TRequest, TResponse> unary)
        {
            throw RpcServices.Unimplemented(method.Path);
        }

        using var deadline = timeout == Timeout.InfiniteTimeSpan ? null : new CancellationTokenSource(timeout, time);
        using var linked = deadline is null ? null : CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        var stop = linked?.Token ?? cancellationToken;
        try
        {
            var context = new RpcCallContext(method.Path, connection: null, stop, stopping: CancellationToken.None);
            var answer = unary.Handler(request, context);
            return answer.IsCompleted ? await answer : await answer.AsTask().WaitAsync(stop);
        }
        catch (OperationCanceledException) when (deadline?.IsCancellationRequested == true && !cancellationToken.IsCancellationRequested)
        {
            throw new RpcException(RpcStatusCode.DeadlineExceeded, $"{method} at {address} did not answer within {timeout}");
        }
        catch (Exception defect) when (defect is not (RpcException or OperationCanceledException))
        {
            throw new RpcException(RpcStatusCode.Internal, $"{method} at {address} failed: {defect.Message}", defect);
        }
    }

    public IRpcDuplexCall<TRequest, TResponse> OpenDuplex<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        var call = new InProcessDuplexCall<TRequest, TResponse>(cancellationToken);
        call.Start(address, servers, method);
        return call;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>Two bounded queues between a client and a handler.</summary>
internal sealed class InProcessDuplexCall<TRequest, TResponse> : IRpcDuplexCall<TRequest, TResponse>
    where TRequest : class, IMessage<TRequest>, new()
    where TResponse : class, IMessage<TResponse>, new()
{
    /// <summary>Messages queued each way before a writer waits, in place of HTTP/2's window.</summary>
    private const int QueuedMax = 256;

    private readonly Channel<TRequest> _requests = Channel.CreateBounded<TRequest>(QueuedMax);
    private readonly Channel<TResponse> _responses = Channel.CreateBounded<TResponse>(QueuedMax);
    private readonly CancellationTokenSource _ended;
    private Task _handler = Task.CompletedTask;

    public InProcessDuplexCall(CancellationToken cancellationToken) =>
        _ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);

    public void Start(string address, InProcessRpcChannels servers, RpcMethod<TRequest, TResponse> method) =>
        _handler = Task.Run(() => ServeAsync(address, servers, method), CancellationToken.None);

    public async ValueTask WriteAsync(TRequest message, CancellationToken cancellationToken)
    {
        try
        {
            await _requests.Writer.WriteAsync(message, cancellationToken);
        }
        catch (ChannelClosedException closed)
        {
            throw closed.InnerException as RpcException ?? Ended(closed);
        }
    }

    public ValueTask CompleteAsync(CancellationToken cancellationToken)
    {
        _requests.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    public ValueTask<TResponse?> ReadAsync(CancellationToken cancellationToken) => ReadAsync(_responses.Reader, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _handler;
        _ended.Dispose();
    }

    private static async ValueTask<T?> ReadAsync<T>(ChannelReader<T> reader, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            return await reader.WaitToReadAsync(cancellationToken) && reader.TryRead(out var message) ? message : null;
        }
        catch (ChannelClosedException closed)
        {
            throw closed.InnerException as RpcException ?? Ended(closed);
        }
    }

    private static RpcException Ended(Exception cause) => new(RpcStatusCode.Cancelled, "the call has ended", cause);

    /// <summary>Runs the handler; its outcome ends both queues.</summary>
    private async Task ServeAsync(string address, InProcessRpcChannels servers, RpcMethod<TRequest, TResponse> method)
    {
        RpcException? outcome = null;
        try
        {
            if (!servers.Find(address).TryGet(method.Path, out var endpoint) || endpoint is not DuplexEndpoint<TRequest, TResponse> duplex)
            {
                throw RpcServices.Unimplemented(method.Path);
            }

            var context = new RpcCallContext(method.Path, connection: null, _ended.Token, stopping: CancellationToken.None);
            await duplex.Handler(new QueueReader(_requests.Reader), new QueueWriter(_responses.Writer), context);
        }
        catch (RpcException refused)
        {
            outcome = refused;
        }
        catch (OperationCanceledException cancelled)
        {
            outcome = Ended(cancelled);
        }
        catch (Exception defect)
        {
            outcome = new RpcException(RpcStatusCode.Internal, $"{method} at {address} failed: {defect.Message}", defect);
        }

        _requests.Writer.TryComplete(outcome ?? Ended(new OperationCanceledException()));
        _responses.Writer.TryComplete(outcome);
    }

    private sealed class QueueReader(ChannelReader<TRequest> queue) : IRpcReader<TRequest>
    {
        public ValueTask<TRequest?> ReadAsync(CancellationToken cancellationToken) =>
            InProcessDuplexCall<TRequest, TResponse>.ReadAsync(queue, cancellationToken);
    }

    private sealed class QueueWriter(ChannelWriter<TResponse> queue) : IRpcWriter<TResponse>
    {
        public ValueTask WriteAsync(TResponse message, CancellationToken cancellationToken) => queue.WriteAsync(message, cancellationToken);
    }
}
