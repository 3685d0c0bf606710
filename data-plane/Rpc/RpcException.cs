namespace Cloud.Rpc;

/// <summary>
/// A call that ended with a status other than Ok. Thrown by a handler it becomes the call's status; thrown by a channel it is the server's
/// status, or the channel's own verdict when the server could not be asked (Unavailable, DeadlineExceeded, Cancelled).
/// </summary>
public sealed class RpcException(RpcStatusCode code, string detail, Exception? inner = null) : Exception($"{code}: {detail}", inner)
{
    public RpcStatusCode Code { get; } = code;

    /// <summary>For a person; goes over the wire as <c>grpc-message</c>.</summary>
    public string Detail { get; } = detail;

    /// <summary>
    /// True when it is certain that the server never saw the request, for example because no connection could be made. A caller that
    /// changes data may then try elsewhere; otherwise the change may or may not have happened.
    /// </summary>
    public bool NotSent { get; init; }
}
