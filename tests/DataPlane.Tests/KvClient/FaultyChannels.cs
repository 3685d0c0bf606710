using Cloud.Rpc;
using Google.Protobuf;

namespace Cloud.DataPlane.Tests.KvClient;

/// <summary>Channels that lose unary requests and answers. Calls to PD are spared: their paths do not begin as those of stores do.</summary>
internal sealed class FaultyChannels(IRpcChannelFactory inner, ChannelFaults faults) : IRpcChannelFactory
{
    private const string StorePrefix = "/tikvpb.";

    public IRpcChannel Open(string address) => new FaultyChannel(inner.Open(address), faults);

    private sealed class FaultyChannel(IRpcChannel channel, ChannelFaults faults) : IRpcChannel
    {
        public async ValueTask<TResponse> CallAsync<TRequest, TResponse>(
            RpcMethod<TRequest, TResponse> method, TRequest request, TimeSpan timeout, CancellationToken cancellationToken)
            where TRequest : class, IMessage<TRequest>, new()
            where TResponse : class, IMessage<TResponse>, new()
        {
            if (!method.Path.StartsWith(StorePrefix, StringComparison.Ordinal))
            {
                return await channel.CallAsync(method, request, timeout, cancellationToken);
            }

            if (faults.LosesRequest(method.Path))
            {
                throw new RpcException(RpcStatusCode.Unavailable, "the request was lost");
            }

            var answer = await channel.CallAsync(method, request, timeout, cancellationToken);
            return faults.LosesAnswer(method.Path) ? throw new RpcException(RpcStatusCode.Unavailable, "the answer was lost") : answer;
        }

        public IRpcDuplexCall<TRequest, TResponse> OpenDuplex<TRequest, TResponse>(
            RpcMethod<TRequest, TResponse> method, CancellationToken cancellationToken)
            where TRequest : class, IMessage<TRequest>, new()
            where TResponse : class, IMessage<TResponse>, new() => channel.OpenDuplex(method, cancellationToken);

        public ValueTask DisposeAsync() => channel.DisposeAsync();
    }
}
