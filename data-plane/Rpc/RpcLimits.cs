namespace Cloud.Rpc;

/// <summary>Limits of the transport, the same on both sides unless a caller changes them.</summary>
public static class RpcLimits
{
    /// <summary>
    /// Largest message in bytes, without its prefix. Chosen here: twice the largest replicated command of storage (8 MiB), so that a
    /// command that storage would accept is never refused by the transport.
    /// </summary>
    public const int MessageBytesMax = 16 * 1024 * 1024;

    /// <summary>
    /// Largest answer in bytes, which a server sends and a client accepts. Chosen here: an answer to a scan holds as many pairs as were asked
    /// for (storage's <c>ScanBytesMax</c> and one value above it fit), because the protocol has no way to say that it was cut short. Answers
    /// are not held against <see cref="MessageBytesMax"/>: they are made by this project's own servers. Source: TiKV sends messages of any
    /// length (<c>max_send_message_len</c> of its gRPC server is -1), and client-go accepts them.
    /// </summary>
    public const int ResponseBytesMax = 256 * 1024 * 1024;

    /// <summary>Longest <c>grpc-message</c> sent, in characters before encoding; the rest is cut off.</summary>
    public const int StatusDetailMax = 1024;
}
