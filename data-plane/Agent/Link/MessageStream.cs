using System.Net.WebSockets;
using System.Text.Json;
using Cloud.Contracts;

namespace Cloud.Agent.Link;

/// <summary>JSON messages over one web socket. Sending is thread-safe; one caller receives.</summary>
internal sealed class MessageStream(WebSocket socket) : IDisposable
{
    private readonly SemaphoreSlim _sending = new(1, 1);
    private byte[] _buffer = new byte[16 * 1024];

    public async Task SendAsync(AgentMessage message, CancellationToken cancellationToken)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(message, AgentProtocol.Json);
        await _sending.WaitAsync(cancellationToken);
        try
        {
            await socket.SendAsync(bytes, WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>The next message; null when the other side closed.</summary>
    /// <exception cref="InvalidDataException">The message is too long.</exception>
    /// <exception cref="IOException">Nothing was heard for <see cref="AgentProtocol.SilenceMax"/>.</exception>
    public async Task<ControlMessage?> ReceiveAsync(CancellationToken cancellationToken)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        silence.CancelAfter(AgentProtocol.SilenceMax);
        var length = 0;
        while (true)
        {
            if (length == _buffer.Length)
            {
                Grow();
            }

            ValueWebSocketReceiveResult part;
            try
            {
                part = await socket.ReceiveAsync(_buffer.AsMemory(length), silence.Token);
            }
            catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
            {
                throw new IOException($"Nothing was heard for {AgentProtocol.SilenceMax.TotalSeconds:0} s.", exception);
            }

            if (part.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            length += part.Count;
            if (part.EndOfMessage)
            {
                return JsonSerializer.Deserialize<ControlMessage>(_buffer.AsSpan(0, length), AgentProtocol.Json)
                    ?? throw new InvalidDataException("A message is null.");
            }
        }
    }

    public void Dispose() => _sending.Dispose();

    private void Grow()
    {
        if (_buffer.Length >= AgentProtocol.MessageBytesMax)
        {
            throw new InvalidDataException($"A message is longer than {AgentProtocol.MessageBytesMax} bytes.");
        }

        Array.Resize(ref _buffer, _buffer.Length * 2);
    }
}
