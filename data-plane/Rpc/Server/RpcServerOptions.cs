using System.Net;

namespace Cloud.Rpc.Server;

/// <summary>Where and how a server listens.</summary>
public sealed record RpcServerOptions
{
    /// <summary>Address and port; port 0 takes a free one, see <see cref="RpcServer.Port"/>.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>Largest message accepted, in bytes.</summary>
    public int MessageBytesMax { get; init; } = RpcLimits.MessageBytesMax;

    /// <summary>Largest message sent, in bytes.</summary>
    public int ResponseBytesMax { get; init; } = RpcLimits.ResponseBytesMax;

    /// <summary>
    /// Calls in flight on one connection. Chosen here: unary clients of storage keep hundreds in flight, and a call that waits for a lock
    /// holds its stream.
    /// </summary>
    public int StreamsPerConnectionMax { get; init; } = 4096;

    /// <summary>A connection on which nothing arrived for this long is pinged.</summary>
    public TimeSpan KeepAlivePingDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A connection that does not answer a ping for this long is closed, which cancels its calls.</summary>
    public TimeSpan KeepAlivePingTimeout { get; init; } = TimeSpan.FromSeconds(20);
}
