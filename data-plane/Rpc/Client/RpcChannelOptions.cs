namespace Cloud.Rpc.Client;

/// <summary>How a channel connects.</summary>
public sealed record RpcChannelOptions
{
    /// <summary>HTTP/2 connections that calls are spread over, each made when first used.</summary>
    public int Connections { get; init; } = 1;

    /// <summary>Longest wait for a connection. Chosen here: long against a data centre's round trip, short against a user's patience.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>A connection on which nothing arrived for this long is pinged while calls are open. Source: client-go's keepalive.</summary>
    public TimeSpan KeepAlivePingDelay { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A connection that does not answer a ping for this long is given up. Source: client-go's keepalive.</summary>
    public TimeSpan KeepAlivePingTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Largest message sent, in bytes.</summary>
    public int MessageBytesMax { get; init; } = RpcLimits.MessageBytesMax;

    /// <summary>Largest message accepted, in bytes.</summary>
    public int ResponseBytesMax { get; init; } = RpcLimits.ResponseBytesMax;
}
