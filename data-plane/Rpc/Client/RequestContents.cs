using System.Buffers;
using System.Net;
using Cloud.Kernel;
using Cloud.Rpc.Framing;
using Google.Protobuf;

namespace Cloud.Rpc.Client;

/// <summary>The body of a unary request: one frame, written from a pooled buffer.</summary>
internal sealed class UnaryContent : HttpContent
{
    private readonly IMessage _message;
    private readonly int _length;

    public UnaryContent(IMessage message, int messageBytesMax)
    {
        _message = message;
        _length = message.CalculateSize();
        if (_length > messageBytesMax)
        {
            throw new RpcException(
                RpcStatusCode.ResourceExhausted, $"a request of {_length} bytes is over the limit of {messageBytesMax}; send it in parts")
            {
                NotSent = true,
            };
        }
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var total = GrpcFrame.PrefixLength + _length;
        var buffer = ArrayPool<byte>.Shared.Rent(total);
        try
        {
            GrpcFrame.WritePrefix(buffer, _length);
            _message.WriteTo(buffer.AsSpan(GrpcFrame.PrefixLength, _length));
            await stream.WriteAsync(buffer.AsMemory(0, total), cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = GrpcFrame.PrefixLength + _length;
        return true;
    }
}

/// <summary>The body of a streaming request: hands out the connection's stream and stays open until it is completed.</summary>
internal sealed class DuplexContent : HttpContent
{
    private readonly TaskCompletionSource<Stream> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The stream to write to; fails when the connection could not be made.</summary>
    public Task<Stream> Opened => _opened.Task;

    /// <summary>Ends the body.</summary>
    public void Complete() => _completed.TrySetResult();

    /// <summary>Gives up: whoever waits for <see cref="Opened"/> fails with the reason.</summary>
    public void Fail(Exception reason)
    {
        _opened.TrySetException(reason);
        _ = _opened.Task.Exception; // Observed here; a call that never writes is not an unobserved failure.
        _completed.TrySetResult();
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await stream.FlushAsync(cancellationToken); // Sends the headers before the first message exists.
        Invariant.Require(_opened.TrySetResult(stream) || _opened.Task.IsFaulted, "a streaming body is sent once");
        await _completed.Task.WaitAsync(cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
