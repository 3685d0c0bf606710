using System.Collections.Concurrent;
using Cloud.Rpc;

namespace Cloud.KvClient.Transport;

/// <summary>A connection for each store address, made when first used and kept until the client closes. Thread-safe.</summary>
internal sealed class StoreConnections(IRpcChannelFactory factory, bool multiplex, TimeProvider time) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<StoreConnection>> _byAddress = new(StringComparer.OrdinalIgnoreCase);

    public StoreConnection Get(string address) => _byAddress.GetOrAdd(
        address, key => new Lazy<StoreConnection>(() => new StoreConnection(factory.Open(key), multiplex, time))).Value;

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _byAddress.Values)
        {
            await connection.Value.DisposeAsync();
        }
    }
}
