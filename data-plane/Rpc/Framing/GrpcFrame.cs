using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Google.Protobuf;

namespace Cloud.Rpc.Framing;

/// <summary>
/// The length-prefixed message: one byte that says whether it is compressed, four bytes of length, big-endian, and the message.
/// Source: gRPC over HTTP/2 (grpc/doc/PROTOCOL-HTTP2.md), "Length-Prefixed-Message".
/// </summary>
internal static class GrpcFrame
{
    /// <summary>Bytes of the prefix.</summary>
    public const int PrefixLength = 5;

    /// <summary>Writes one frame into <paramref name="writer"/> without flushing.</summary>
    /// <exception cref="RpcException">ResourceExhausted: the message is over <paramref name="messageBytesMax"/>.</exception>
    public static void Write(IBufferWriter<byte> writer, IMessage message, int messageBytesMax)
    {
        var length = message.CalculateSize();
        RequireLength((uint)length, messageBytesMax);
        WritePrefix(writer.GetSpan(PrefixLength), length);
        writer.Advance(PrefixLength);
        message.WriteTo(writer);
    }

    /// <summary>Fills the prefix of an uncompressed message.</summary>
    public static void WritePrefix(Span<byte> prefix, int length)
    {
        prefix[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(prefix[1..], (uint)length);
    }

    /// <summary>Reads a prefix and checks it.</summary>
    /// <returns>The length of the message that follows.</returns>
    /// <exception cref="RpcException">Unimplemented: it is compressed. ResourceExhausted: it is too long.</exception>
    public static int ReadPrefix(ReadOnlySpan<byte> prefix, int messageBytesMax)
    {
        if (prefix[0] != 0)
        {
            throw prefix[0] == 1
                ? new RpcException(RpcStatusCode.Unimplemented, "compressed messages are not supported; send with grpc-encoding identity")
                : new RpcException(RpcStatusCode.Internal, $"a message prefix begins with {prefix[0]}, which is neither 0 nor 1");
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);
        RequireLength(length, messageBytesMax);
        return (int)length;
    }

    /// <summary>Reads the next message of a pipe, or null at its orderly end and when the read was cancelled from outside.</summary>
    /// <exception cref="RpcException">The frame is malformed, too long, or cut off.</exception>
    public static async ValueTask<T?> ReadAsync<T>(
        PipeReader reader, MessageParser<T> parser, int messageBytesMax, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            if (read.IsCanceled)
            {
                reader.AdvanceTo(buffer.Start);
                return null;
            }

            if (TryParse(ref buffer, parser, messageBytesMax, out var message))
            {
                reader.AdvanceTo(buffer.Start);
                return message;
            }

            if (read.IsCompleted)
            {
                var cutOff = !buffer.IsEmpty;
                reader.AdvanceTo(buffer.End);
                return cutOff ? throw new RpcException(RpcStatusCode.Internal, "the stream ended inside a message") : null;
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    /// <summary>Parses protobuf bytes, mapping malformed ones to a status.</summary>
    public static T Parse<T>(MessageParser<T> parser, ReadOnlySequence<byte> payload)
        where T : class, IMessage<T>
    {
        try
        {
            return parser.ParseFrom(payload);
        }
        catch (InvalidProtocolBufferException malformed)
        {
            throw new RpcException(RpcStatusCode.Internal, $"a message is not valid protobuf: {malformed.Message}", malformed);
        }
    }

    private static bool TryParse<T>(
        ref ReadOnlySequence<byte> buffer, MessageParser<T> parser, int messageBytesMax, out T? message)
        where T : class, IMessage<T>
    {
        message = null;
        if (buffer.Length < PrefixLength)
        {
            return false;
        }

        Span<byte> prefix = stackalloc byte[PrefixLength];
        buffer.Slice(0, PrefixLength).CopyTo(prefix);
        var length = ReadPrefix(prefix, messageBytesMax);
        if (buffer.Length < PrefixLength + length)
        {
            return false;
        }

        message = Parse(parser, buffer.Slice(PrefixLength, length));
        buffer = buffer.Slice(PrefixLength + length);
        return true;
    }

    private static void RequireLength(uint length, int messageBytesMax)
    {
        if (length > (uint)messageBytesMax)
        {
            throw new RpcException(
                RpcStatusCode.ResourceExhausted, $"a message of {length} bytes is over the limit of {messageBytesMax}; send it in parts");
        }
    }
}
