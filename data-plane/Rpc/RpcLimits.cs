namespace Cloud.Rpc;

/// <summary>Limits of the transport, the same on both sides unless a caller changes them.</summary>
public static class RpcLimits
{
    /// <summary>
    /// Largest message in bytes, without its prefix. Chosen here: twice the largest replicated command of storage (8 MiB), so that a
    /// command that storage would accept is never refused by the transport.
    /// </summary>
    public const int MessageBytesMax = 16 * 1024 * 1024;

    /// <summary>Longest <c>grpc-message</c> sent, in characters before encoding; the rest is cut off.</summary>
    public const int StatusDetailMax = 1024;
}
