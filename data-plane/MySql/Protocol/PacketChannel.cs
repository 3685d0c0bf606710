using System.Buffers;
using System.IO.Pipelines;
using Cloud.Kernel;

namespace Cloud.MySql.Protocol;

/// <summary>
/// Packets over a byte stream, for both sides: framing, sequence numbers, messages over 16 MiB, buffering.
/// </summary>
/// <remarks>
/// Invariants: sequence numbers count up from 0 within an exchange in both directions together, modulo 256. Until
/// <see cref="ReadAhead"/> no byte is read past the packet asked for, because what follows may belong to TLS. Nothing is sent before
/// <see cref="FlushAsync"/>. One reader and one writer at a time.
/// Source: MySQL 8.0 source documentation, "MySQL Packets".
/// </remarks>
internal sealed class PacketChannel : IAsyncDisposable
{
    /// <summary>
    /// Unsent bytes over which a writer should flush. Chosen here: several TLS records, few system calls.
    /// </summary>
    public const int FlushThreshold = 64 * 1024;

    private const int InputBytes = 8 * 1024;
    private const int KeptPayloadBytesMax = 64 * 1024;

    private Stream _stream;
    private PipeWriter _output;
    private byte[] _input = ArrayPool<byte>.Shared.Rent(InputBytes);
    private int _inputStart;
    private int _inputEnd;
    private byte[] _payload = ArrayPool<byte>.Shared.Rent(1024);
    private byte _sequence;

    public PacketChannel(Stream stream)
    {
        _stream = stream;
        _output = CreateOutput(stream);
    }

    /// <summary>The payload of the packet read last; valid until the next read.</summary>
    public ReadOnlyMemory<byte> Payload { get; private set; }

    /// <summary>Longest message accepted.</summary>
    public int MessageBytesMax { get; set; } = 64 * 1024 * 1024;

    /// <summary>Whether more than the packet asked for may be read from the stream.</summary>
    public bool ReadAhead { get; set; }

    public long BytesReceived { get; private set; }

    public long BytesSent { get; private set; }

    public bool ShouldFlush => _output.UnflushedBytes >= FlushThreshold;

    public bool HasUnsent => _output.UnflushedBytes > 0;

    /// <summary>
    /// The stream below, to be wrapped by TLS; whoever takes it gives its wrapper to <see cref="Replace"/>.
    /// </summary>
    public Stream Stream => _stream;

    /// <summary>Goes on over another stream, at the same sequence number.</summary>
    public void Replace(Stream stream)
    {
        Invariant.Require(_inputStart == _inputEnd && !HasUnsent, "a stream is replaced between packets");
        _stream = stream;
        _output = CreateOutput(stream);
    }

    /// <summary>Begins a new exchange.</summary>
    public void ResetSequence() => _sequence = 0;

    /// <summary>Reads one message into <see cref="Payload"/>; false when the stream ended before it began.</summary>
    /// <exception cref="ProtocolException">Out of order or too large.</exception>
    /// <exception cref="IOException">The stream ended within a message.</exception>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        var length = 0;
        while (true)
        {
            if (!await FillAsync(Wire.PacketHeaderLength, length == 0, cancellationToken))
            {
                return false;
            }

            var header = _input.AsSpan(_inputStart);
            var part = header[0] | (header[1] << 8) | (header[2] << 16);
            CheckSequence(header[3]);
            if ((long)length + part > MessageBytesMax)
            {
                throw ProtocolException.TooLarge(MessageBytesMax);
            }

            _inputStart += Wire.PacketHeaderLength;
            ReservePayload(length, part);
            await CopyAsync(length, part, cancellationToken);
            length += part;
            BytesReceived += Wire.PacketHeaderLength + part;
            if (part < Wire.PacketPayloadMax)
            {
                Payload = _payload.AsMemory(0, length);
                return true;
            }
        }
    }

    /// <summary>Queues one message, split where it is longer than a packet.</summary>
    public void Write(ReadOnlySpan<byte> payload)
    {
        while (true)
        {
            var part = Math.Min(payload.Length, Wire.PacketPayloadMax);
            var span = _output.GetSpan(Wire.PacketHeaderLength + part);
            payload[..part].CopyTo(span[Wire.PacketHeaderLength..]);
            Finish(span, part);
            payload = payload[part..];
            if (part < Wire.PacketPayloadMax)
            {
                return;
            }
        }
    }

    /// <summary>
    /// Room for the payload of a packet written in place, of at most <see cref="Wire.PacketPayloadMax"/> - 1 bytes.
    /// </summary>
    public Span<byte> Begin(int payloadMax)
    {
        Invariant.Require(payloadMax < Wire.PacketPayloadMax, $"a packet written in place is short: {payloadMax}");
        return _output.GetSpan(Wire.PacketHeaderLength + payloadMax)[Wire.PacketHeaderLength..];
    }

    /// <summary>Queues the first <paramref name="length"/> bytes of the last <see cref="Begin"/>.</summary>
    public void End(int length) => Finish(_output.GetSpan(Wire.PacketHeaderLength + length), length);

    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        var result = await _output.FlushAsync(cancellationToken);
        if (result.IsCanceled)
        {
            throw new OperationCanceledException("The connection is closing.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        ArrayPool<byte>.Shared.Return(_input);
        ArrayPool<byte>.Shared.Return(_payload);
        _input = [];
        _payload = [];
        Payload = default;
    }

    private static PipeWriter CreateOutput(Stream stream) =>
        PipeWriter.Create(stream, new StreamPipeWriterOptions(minimumBufferSize: 16 * 1024, leaveOpen: true));

    private void Finish(Span<byte> packet, int length)
    {
        packet[0] = (byte)length;
        packet[1] = (byte)(length >> 8);
        packet[2] = (byte)(length >> 16);
        packet[3] = _sequence++;
        _output.Advance(Wire.PacketHeaderLength + length);
        BytesSent += Wire.PacketHeaderLength + length;
    }

    private void CheckSequence(byte actual)
    {
        if (actual != _sequence)
        {
            throw ProtocolException.OutOfOrder(_sequence, actual);
        }

        _sequence++;
    }

    private void ReservePayload(int kept, int more)
    {
        var length = kept + more;
        var shrink = kept == 0 && _payload.Length > KeptPayloadBytesMax && length <= KeptPayloadBytesMax;
        if (_payload.Length >= length && !shrink)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(length, 1024));
        _payload.AsSpan(0, kept).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_payload);
        _payload = larger;
    }

    private async ValueTask CopyAsync(int at, int length, CancellationToken cancellationToken)
    {
        var buffered = Math.Min(length, _inputEnd - _inputStart);
        _input.AsSpan(_inputStart, buffered).CopyTo(_payload.AsSpan(at));
        _inputStart += buffered;
        if (buffered < length)
        {
            await _stream.ReadExactlyAsync(_payload.AsMemory(at + buffered, length - buffered), cancellationToken);
        }
    }

    private async ValueTask<bool> FillAsync(int needed, bool mayEnd, CancellationToken cancellationToken)
    {
        while (_inputEnd - _inputStart < needed)
        {
            if (_inputStart > 0)
            {
                _input.AsSpan(_inputStart, _inputEnd - _inputStart).CopyTo(_input);
                _inputEnd -= _inputStart;
                _inputStart = 0;
            }

            var room = ReadAhead ? _input.Length - _inputEnd : needed - _inputEnd;
            var read = await _stream.ReadAsync(_input.AsMemory(_inputEnd, room), cancellationToken);
            if (read == 0)
            {
                return mayEnd && _inputEnd == 0 ? false : throw new EndOfStreamException("The connection ended within a packet.");
            }

            _inputEnd += read;
        }

        return true;
    }
}
