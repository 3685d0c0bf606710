using System.Collections.Concurrent;
using Cloud.Rpc.Server;

namespace Cloud.Rpc.Client;

/// <summary>
/// Channels to servers of the same process: an address is a name, and a call runs the very handlers that sockets would reach, with the
/// request object itself. For <c>cloud-node all</c>, tests and benchmarks.
/// </summary>
public sealed class InProcessRpcChannels(TimeProvider time) : IRpcChannelFactory
{
    private readonly ConcurrentDictionary<string, RpcServices> _servers = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Makes a server reachable; replaces an earlier one of the same address.</summary>
    public void Add(string address, RpcServices services) => _servers[Normalize(address)] = services;

    /// <summary>Makes an address unreachable, as when its process dies. Calls that already run go on.</summary>
    public void Remove(string address) => _servers.TryRemove(Normalize(address), out _);

    public IRpcChannel Open(string address) => new InProcessRpcChannel(Normalize(address), this, time);

    internal RpcServices Find(string address) => _servers.TryGetValue(address, out var services)
        ? services
        : throw new RpcException(RpcStatusCode.Unavailable, $"{address} could not be reached: no such server in this process")
        {
            NotSent = true,
        };

    private static string Normalize(string address)
    {
        var scheme = address.IndexOf("://", StringComparison.Ordinal);
        return scheme < 0 ? address : address[(scheme + 3)..];
    }
}
