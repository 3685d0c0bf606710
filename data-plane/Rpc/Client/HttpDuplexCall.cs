using System.Buffers;
using Cloud.Rpc.Framing;
using Google.Protobuf;

namespace Cloud.Rpc.Client;

/// <summary>
/// A two-way call on one HTTP/2 stream. The request body's stream appears when the connection is there; the response appears when the
/// server sends its headers, which may be as late as its first message, so writing never waits for it.
/// One writer and one reader at a time; they may run at once.
/// </summary>
internal sealed class HttpDuplexCall<TRequest, TResponse> : IRpcDuplexCall<TRequest, TResponse>
    where TRequest : class, IMessage<TRequest>
    where TResponse : class, IMessage<TResponse>
{
    private readonly ArrayBufferWriter<byte> _outgoing = new(256);
    private readonly CancellationTokenSource _ended;
    private readonly CancellationToken _caller;
    private readonly DuplexContent _content;
    private readonly Uri _server;
    private readonly MessageParser<TResponse> _parser;
    private readonly RpcChannelOptions _limits;
    private Task<HttpResponseMessage>? _response;
    private ResponseFrames<TResponse>? _frames;

    public HttpDuplexCall(
        Uri server, DuplexContent content, MessageParser<TResponse> parser, RpcChannelOptions limits, CancellationToken cancellationToken)
    {
        _server = server;
        _content = content;
        _parser = parser;
        _limits = limits;
        _caller = cancellationToken;
        _ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    }

    public void Start(HttpMessageInvoker connection, HttpRequestMessage request) => _response = SendAsync(connection, request);

    public async ValueTask WriteAsync(TRequest message, CancellationToken cancellationToken)
    {
        _outgoing.ResetWrittenCount();
        GrpcFrame.Write(_outgoing, message, _limits.MessageBytesMax);
        try
        {
            var stream = await _content.Opened.WaitAsync(cancellationToken);
            await stream.WriteAsync(_outgoing.WrittenMemory, cancellationToken);
            await stream.FlushAsync(cancellationToken);
        }
        catch (Exception broken) when (IsTransportFailure(broken, cancellationToken))
        {
            throw Map(broken);
        }
    }

    public ValueTask CompleteAsync(CancellationToken cancellationToken)
    {
        _content.Complete();
        return ValueTask.CompletedTask;
    }

    public async ValueTask<TResponse?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (_frames is null)
            {
                var response = await _response!.WaitAsync(cancellationToken); // Start precedes every use.
                _frames = await ResponseFrames<TResponse>.BeginAsync(response, _parser, _limits.ResponseBytesMax, pooled: false, cancellationToken);
            }

            return await _frames.ReadAsync(cancellationToken);
        }
        catch (Exception broken) when (IsTransportFailure(broken, cancellationToken))
        {
            throw Map(broken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _content.Complete();
        await _ended.CancelAsync();
        try
        {
            using var response = await _response!; // Start precedes every use.
            _frames?.Dispose();
        }
        catch (Exception ended) when (ended is OperationCanceledException or HttpRequestException or IOException)
        {
            // The call is over; how it failed was told to its reader or writer.
        }

        _ended.Dispose();
        _content.Dispose();
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMessageInvoker connection, HttpRequestMessage request)
    {
        try
        {
            using (request)
            {
                return await connection.SendAsync(request, _ended.Token);
            }
        }
        catch (Exception failure)
        {
            _content.Fail(failure);
            throw;
        }
    }

    /// <summary>Whether the failure is the connection's or the call's end, not the cancellation of this one read or write.</summary>
    private bool IsTransportFailure(Exception failure, CancellationToken operation) => failure switch
    {
        HttpRequestException or IOException or ObjectDisposedException => true,
        OperationCanceledException => !operation.IsCancellationRequested && !_caller.IsCancellationRequested,
        _ => false,
    };

    private RpcException Map(Exception broken) => broken is OperationCanceledException or ObjectDisposedException
        ? new RpcException(RpcStatusCode.Cancelled, $"the call to {_server.Authority} has ended", broken)
        : RpcFailure.FromTransport(broken, _server);
}
