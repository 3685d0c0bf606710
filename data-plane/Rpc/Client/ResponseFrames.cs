using System.Buffers;
using System.Net;
using Cloud.Rpc.Framing;
using Google.Protobuf;

namespace Cloud.Rpc.Client;

/// <summary>
/// The frames of one response, read through a buffer that grows to the largest message and shrinks after a very large one. Not thread-safe, except that disposing may race
/// with a read of a stream: therefore only a unary response, which has one user, gives its buffer back to the pool.
/// </summary>
internal sealed class ResponseFrames<T> : IDisposable
    where T : class, IMessage<T>
{
    private const int BufferBytes = 4096;

    /// <summary>Longest buffer that a stream keeps for its next message. Chosen here: above usual batches of answers.</summary>
    private const int KeptBytesMax = 1024 * 1024;

    private readonly HttpResponseMessage _response;
    private readonly Stream _stream;
    private readonly MessageParser<T> _parser;
    private readonly int _messageBytesMax;
    private readonly bool _pooled;
    private byte[] _buffer;
    private int _start;
    private int _end;

    private ResponseFrames(HttpResponseMessage response, Stream stream, MessageParser<T> parser, int messageBytesMax, bool pooled)
    {
        _pooled = pooled;
        _buffer = Rent(BufferBytes);
        _response = response;
        _stream = stream;
        _parser = parser;
        _messageBytesMax = messageBytesMax;
    }

    /// <summary>Checks the response's headers and takes its stream.</summary>
    /// <exception cref="RpcException">It is a trailers-only error, or not gRPC.</exception>
    public static async ValueTask<ResponseFrames<T>> BeginAsync(
        HttpResponseMessage response, MessageParser<T> parser, int messageBytesMax, bool pooled, CancellationToken cancellationToken)
    {
        RpcFailure.ThrowUnlessOk(response.Headers);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw RpcFailure.FromHttpStatus(response.StatusCode);
        }

        return new ResponseFrames<T>(
            response, await response.Content.ReadAsStreamAsync(cancellationToken), parser, messageBytesMax, pooled);
    }

    /// <summary>The next message, or null at an end with status Ok.</summary>
    public async ValueTask<T?> ReadAsync(CancellationToken cancellationToken)
    {
        if (!await FillAsync(GrpcFrame.PrefixLength, cancellationToken))
        {
            return RequireOk();
        }

        var length = GrpcFrame.ReadPrefix(_buffer.AsSpan(_start, GrpcFrame.PrefixLength), _messageBytesMax);
        if (!await FillAsync(GrpcFrame.PrefixLength + length, cancellationToken))
        {
            RequireOk();
        }

        var message = GrpcFrame.Parse(_parser, new ReadOnlySequence<byte>(_buffer, _start + GrpcFrame.PrefixLength, length));
        _start += GrpcFrame.PrefixLength + length;
        return message;
    }

    public void Dispose()
    {
        Return(_buffer);
        _buffer = [];
        _stream.Dispose();
    }

    private byte[] Rent(int count) => _pooled ? ArrayPool<byte>.Shared.Rent(count) : new byte[count];

    private void Return(byte[] buffer)
    {
        if (_pooled)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>At the stream's end: throws its status unless it is Ok and nothing was cut off.</summary>
    private T? RequireOk()
    {
        if (!RpcFailure.ThrowUnlessOk(_response.TrailingHeaders) && !RpcFailure.ThrowUnlessOk(_response.Headers))
        {
            throw new RpcException(RpcStatusCode.Unknown, "the response ended without a status");
        }

        return _start == _end ? null : throw new RpcException(RpcStatusCode.Internal, "the response ended inside a message");
    }

    /// <summary>Makes at least <paramref name="count"/> bytes available; false at the end of the stream.</summary>
    private async ValueTask<bool> FillAsync(int count, CancellationToken cancellationToken)
    {
        if (_end - _start >= count)
        {
            return true;
        }

        MakeRoom(count);
        while (_end - _start < count)
        {
            var read = await _stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            if (read == 0)
            {
                return false;
            }

            _end += read;
        }

        return true;
    }

    private void MakeRoom(int count)
    {
        if (_start == _end)
        {
            _start = _end = 0;
            if (_buffer.Length > KeptBytesMax && count <= KeptBytesMax)
            {
                Return(_buffer);
                _buffer = Rent(Math.Max(count, BufferBytes));
            }
        }

        if (_buffer.Length - _start >= count)
        {
            return;
        }

        var target = count <= _buffer.Length ? _buffer : Rent(count);
        _buffer.AsSpan(_start, _end - _start).CopyTo(target);
        (_start, _end) = (0, _end - _start);
        if (!ReferenceEquals(target, _buffer))
        {
            Return(_buffer);
            _buffer = target;
        }
    }
}
