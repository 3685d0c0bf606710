using System.Net;
using System.Net.Sockets;

namespace Cloud.Local;

/// <summary>Who listens on this machine's loopback ports.</summary>
public static class Ports
{
    /// <summary>Whether a program could listen on the port of the loopback interface right now.</summary>
    public static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, optionValue: true);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            socket.Listen(1);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>The first free port above the one given, among the next hundred.</summary>
    /// <exception cref="LocalException">There is none.</exception>
    public static int FreeAbove(int port)
    {
        for (var candidate = port + 1; candidate <= Math.Min(port + 100, 65535); candidate++)
        {
            if (IsFree(candidate))
            {
                return candidate;
            }
        }

        throw new LocalException($"No free port between {port + 1} and {port + 100} for PostgreSQL. Remedy: set CLOUD_AGENT_PORT to another range.");
    }
}
