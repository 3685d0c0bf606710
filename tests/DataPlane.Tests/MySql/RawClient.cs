using System.Net;
using System.Net.Sockets;

namespace Cloud.DataPlane.Tests.MySql;

/// <summary>Bytes to and from a server, for what no client would send.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp);

    public static async Task<RawClient> ConnectAsync(int port)
    {
        var client = new RawClient();
        await client._socket.ConnectAsync(IPAddress.Loopback, port, Deadline.Token);
        return client;
    }

    /// <summary>Logs in as a user without password, by a handshake with the least capabilities.</summary>
    public async Task LogInAsync(string user)
    {
        await ReadPacketAsync();
        const uint protocol41AndSecureConnection = 0x8200;
        byte[] response = [.. BitConverter.GetBytes(protocol41AndSecureConnection), .. new byte[4], 45, .. new byte[23],
            .. System.Text.Encoding.UTF8.GetBytes(user), 0, 0];
        await SendAsync(response, sequence: 1);
        await ReadPacketAsync();
    }

    public async Task SendAsync(byte[] payload, byte sequence = 0) => await SendBytesAsync(
        [(byte)payload.Length, (byte)(payload.Length >> 8), (byte)(payload.Length >> 16), sequence, .. payload]);

    public async Task SendBytesAsync(byte[] bytes) => await _socket.SendAsync(bytes, Deadline.Token);

    public async Task<byte[]> ReadPacketAsync()
    {
        var header = new byte[4];
        await ReadExactlyAsync(header);
        var payload = new byte[header[0] | (header[1] << 8) | (header[2] << 16)];
        await ReadExactlyAsync(payload);
        return payload;
    }

    /// <summary>Reads until the server closes; returns how many bytes came.</summary>
    public async Task<int> ReadToEndAsync()
    {
        var buffer = new byte[4096];
        var total = 0;
        try
        {
            for (int read; (read = await _socket.ReceiveAsync(buffer, Deadline.Token)) > 0;)
            {
                total += read;
            }
        }
        catch (SocketException)
        {
            // Reset instead of closed.
        }

        return total;
    }

    public void Dispose() => _socket.Dispose();

    private async Task ReadExactlyAsync(Memory<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var read = await _socket.ReceiveAsync(buffer, Deadline.Token);
            if (read == 0)
            {
                throw new EndOfStreamException();
            }

            buffer = buffer[read..];
        }
    }
}
