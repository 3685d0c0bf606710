using Cloud.Rpc;
using Cloud.Rpc.Proto.Tikvpb;
using Google.Protobuf;

namespace Cloud.KvClient.Transport;

/// <summary>One store's address: a channel, and the stream on it that carries most requests. Thread-safe.</summary>
internal sealed class StoreConnection(IRpcChannel channel, bool multiplex, TimeProvider time) : IAsyncDisposable
{
    private readonly BatchStream _stream = new(channel, time);

    /// <summary>Sends a request whose context is set.</summary>
    /// <exception cref="RpcException">It was not answered.</exception>
    public async ValueTask<TResponse> SendAsync<TRequest, TResponse>(
        StoreCommand<TRequest, TResponse> command, TRequest request, TimeSpan timeout, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        if (!multiplex || command.Wrap is null || command.Unwrap is null)
        {
            return await channel.CallAsync(command.Method, request, timeout, cancellationToken);
        }

        BatchCommandsResponse.Types.Response response = await _stream.SendAsync(command.Wrap(request), timeout, cancellationToken);
        return command.Unwrap(response)
            ?? throw new RpcException(RpcStatusCode.Unimplemented, $"the store answered {command.Method} with {response.CmdCase}");
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        await channel.DisposeAsync();
    }
}
