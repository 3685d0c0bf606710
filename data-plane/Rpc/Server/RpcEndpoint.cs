using System.IO.Pipelines;
using Cloud.Rpc.Framing;
using Google.Protobuf;

namespace Cloud.Rpc.Server;

/// <summary>One offered method, without its message types, so that the server can look it up by path.</summary>
internal abstract class RpcEndpoint(string path)
{
    public string Path => path;

    /// <summary>Reads the requests, runs the handler and writes the responses. The status is the caller's business.</summary>
    public abstract ValueTask ServeAsync(PipeReader requests, PipeWriter responses, RpcServerOptions limits, RpcCallContext context);
}

internal sealed class UnaryEndpoint<TRequest, TResponse>(
    RpcMethod<TRequest, TResponse> method, UnaryHandler<TRequest, TResponse> handler) : RpcEndpoint(method.Path)
    where TRequest : class, IMessage<TRequest>, new()
    where TResponse : class, IMessage<TResponse>, new()
{
    public UnaryHandler<TRequest, TResponse> Handler => handler;

    public override async ValueTask ServeAsync(
        PipeReader requests, PipeWriter responses, RpcServerOptions limits, RpcCallContext context)
    {
        var request = await GrpcFrame.ReadAsync(requests, method.RequestParser, limits.MessageBytesMax, context.CancellationToken)
            ?? throw new RpcException(RpcStatusCode.Internal, "the request stream ended without a message");
        var response = await handler(request, context);
        GrpcFrame.Write(responses, response, limits.ResponseBytesMax);
        await responses.FlushAsync(context.CancellationToken);
    }
}

internal sealed class DuplexEndpoint<TRequest, TResponse>(
    RpcMethod<TRequest, TResponse> method, DuplexHandler<TRequest, TResponse> handler) : RpcEndpoint(method.Path)
    where TRequest : class, IMessage<TRequest>, new()
    where TResponse : class, IMessage<TResponse>, new()
{
    public DuplexHandler<TRequest, TResponse> Handler => handler;

    public override async ValueTask ServeAsync(
        PipeReader requests, PipeWriter responses, RpcServerOptions limits, RpcCallContext context)
    {
        await using var stop = context.Stopping.UnsafeRegister(EndRequests, requests);
        await handler(
            new FrameReader<TRequest>(requests, method.RequestParser, limits.MessageBytesMax, context.Stopping),
            new FrameWriter<TResponse>(responses, limits.ResponseBytesMax),
            context);
    }

    private static void EndRequests(object? requests)
    {
        try
        {
            ((PipeReader)requests!).CancelPendingRead(); // Registered with the pipe.
        }
        catch (Exception over) when (over is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client has reset the stream, which ends its requests as well.
        }
    }
}

/// <summary>Reads frames until the client finishes or the server begins to stop.</summary>
internal sealed class FrameReader<T>(
    PipeReader reader, MessageParser<T> parser, int messageBytesMax, CancellationToken stopping) : IRpcReader<T>
    where T : class, IMessage<T>
{
    public ValueTask<T?> ReadAsync(CancellationToken cancellationToken) =>
        stopping.IsCancellationRequested
            ? default
            : GrpcFrame.ReadAsync(reader, parser, messageBytesMax, cancellationToken);
}

internal sealed class FrameWriter<T>(PipeWriter writer, int messageBytesMax) : IRpcWriter<T>
    where T : class, IMessage<T>
{
    public async ValueTask WriteAsync(T message, CancellationToken cancellationToken)
    {
        GrpcFrame.Write(writer, message, messageBytesMax);
        await writer.FlushAsync(cancellationToken);
    }
}
