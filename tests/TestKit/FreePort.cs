using System.Net;
using System.Net.Sockets;

namespace Cloud.TestKit;

/// <summary>Ports of the loopback interface that nobody listens on.</summary>
public static class FreePort
{
    /// <summary>A port that was free a moment ago. Another program may take it in between, so callers retry on a conflict.</summary>
    public static int Next()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port; // bound sockets have an endpoint
    }
}
