using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using Cloud.Contracts;

namespace Cloud.Modules.Provisioning.Agents;

/// <summary>Messages of the agent protocol over one WebSocket. One reader and one writer at a time.</summary>
internal sealed class AgentSocket(WebSocket socket)
{
    private const int ChunkBytes = 16 * 1024;

    /// <summary>The next message; null when the agent closed the stream.</summary>
    /// <exception cref="AgentProtocolException">A message is too large, no text, or no JSON object of the protocol.</exception>
    public async Task<AgentMessage?> ReceiveAsync(CancellationToken cancellationToken)
    {
        var buffer = new ArrayBufferWriter<byte>(ChunkBytes);
        while (true)
        {
            var result = await socket.ReceiveAsync(buffer.GetMemory(ChunkBytes), cancellationToken);
            if (result.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            buffer.Advance(result.Count);
            if (result.MessageType != WebSocketMessageType.Text || buffer.WrittenCount > AgentProtocol.MessageBytesMax)
            {
                throw new AgentProtocolException(
                    $"A message must be text of at most {AgentProtocol.MessageBytesMax} bytes.");
            }

            if (result.EndOfMessage)
            {
                return Parse(buffer.WrittenSpan);
            }
        }
    }

    public async Task SendAsync(ControlMessage message, CancellationToken cancellationToken)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(message, AgentProtocol.Json);
        await socket.SendAsync(bytes, WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
    }

    /// <summary>Says goodbye, if the stream still can.</summary>
    public async Task CloseAsync(string reason, CancellationToken cancellationToken)
    {
        const int ReasonBytesMax = 123; // RFC 6455 section 5.5: a control frame carries 125 bytes, two of them the code.
        if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
        {
            var text = reason.Length > ReasonBytesMax ? reason[..ReasonBytesMax] : reason;
            await socket.CloseOutputAsync(WebSocketCloseStatus.PolicyViolation, text, cancellationToken);
        }
    }

    private static AgentMessage Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize<AgentMessage>(json, AgentProtocol.Json)
                ?? throw new AgentProtocolException("A message is a JSON object, not null.");
        }
        catch (JsonException malformed)
        {
            throw new AgentProtocolException($"A message cannot be read: {malformed.Message}");
        }
    }
}

/// <summary>The other side does not keep to the protocol; its stream is closed with the message as reason.</summary>
internal sealed class AgentProtocolException(string message) : Exception(message);
