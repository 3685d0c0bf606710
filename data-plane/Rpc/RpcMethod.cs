using Google.Protobuf;

namespace Cloud.Rpc;

/// <summary>One method of a service: its path on the wire and how its messages are read. Shared by servers and clients.</summary>
/// <typeparam name="TRequest">The message a client sends.</typeparam>
/// <typeparam name="TResponse">The message a server answers with.</typeparam>
public sealed class RpcMethod<TRequest, TResponse>
    where TRequest : class, IMessage<TRequest>, new()
    where TResponse : class, IMessage<TResponse>, new()
{
    /// <param name="service">Full service name, for example <c>pdpb.PD</c>.</param>
    /// <param name="name">Method name, case-sensitive.</param>
    public RpcMethod(string service, string name)
    {
        Path = $"/{service}/{name}";
    }

    /// <summary>The HTTP/2 path, <c>/service/method</c>.</summary>
    public string Path { get; }

    internal MessageParser<TRequest> RequestParser { get; } = new(static () => new TRequest());

    internal MessageParser<TResponse> ResponseParser { get; } = new(static () => new TResponse());

    public override string ToString() => Path;
}
