using Cloud.Rpc;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Metapb;
using Cloud.Rpc.Proto.Pdpb;
using Google.Protobuf;

namespace Cloud.Storage.Placement;

/// <summary>
/// What a store asks of PD. A call goes to the member that answered last, and on failure to each other once; whoever
/// calls decides whether and when to try again. Thread-safe.
/// </summary>
internal sealed class PdClient : IAsyncDisposable
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(3);

    private readonly IRpcChannel[] _channels;
    private readonly ulong _clusterId;
    private int _current;

    internal PdClient(IRpcChannelFactory factory, IReadOnlyList<string> endpoints, ulong clusterId)
    {
        _channels = new IRpcChannel[endpoints.Count];
        for (var i = 0; i < _channels.Length; i++)
        {
            _channels[i] = factory.Open(endpoints[i]);
        }

        _clusterId = clusterId;
    }

    /// <summary>The channel of the member that answered last.</summary>
    internal IRpcChannel Current => _channels[Volatile.Read(ref _current)];

    internal RequestHeader Header() => new() { ClusterId = _clusterId, CallerComponent = "cloud-storage" };

    /// <summary>Moves on to the next member after a stream failed.</summary>
    internal void Rotate() => Volatile.Write(ref _current, (Volatile.Read(ref _current) + 1) % _channels.Length);

    internal async ValueTask<bool> IsBootstrappedAsync(CancellationToken cancellationToken)
    {
        var response = await CallAsync(
            PdMethods.IsBootstrapped, new IsBootstrappedRequest { Header = Header() }, static r => r.Header, cancellationToken);
        return response.Bootstrapped;
    }

    /// <summary>The first of <paramref name="count"/> consecutive ids that are nobody else's.</summary>
    internal async ValueTask<ulong> AllocateIdsAsync(uint count, CancellationToken cancellationToken)
    {
        var response = await CallAsync(
            PdMethods.AllocId, new AllocIDRequest { Header = Header(), Count = count }, static r => r.Header, cancellationToken);
        return response.Id - count + 1;
    }

    /// <summary>False when another store bootstrapped the cluster before.</summary>
    internal async ValueTask<bool> BootstrapAsync(
        Store store, Rpc.Proto.Metapb.Region region, CancellationToken cancellationToken)
    {
        try
        {
            await CallAsync(
                PdMethods.Bootstrap, new BootstrapRequest { Header = Header(), Store = store, Region = region }, static r => r.Header,
                cancellationToken);
            return true;
        }
        catch (PdException error) when (error.Type == ErrorType.AlreadyBootstrapped)
        {
            return false;
        }
    }

    internal async ValueTask PutStoreAsync(Store store, CancellationToken cancellationToken) => await CallAsync(
        PdMethods.PutStore, new PutStoreRequest { Header = Header(), Store = store }, static r => r.Header, cancellationToken);

    internal async ValueTask StoreHeartbeatAsync(StoreStats stats, CancellationToken cancellationToken) =>
        await CallAsync(
        PdMethods.StoreHeartbeat, new StoreHeartbeatRequest { Header = Header(), Stats = stats }, static r => r.Header, cancellationToken);

    /// <summary>The region that holds a key as PD knows it; null when it knows none.</summary>
    internal async ValueTask<Rpc.Proto.Metapb.Region?> GetRegionAsync(
        ByteString key, CancellationToken cancellationToken)
    {
        var response = await CallAsync(
            PdMethods.GetRegion, new GetRegionRequest { Header = Header(), RegionKey = key }, static r => r.Header, cancellationToken);
        return response.Region;
    }

    internal async ValueTask<ulong> GetGcSafePointAsync(CancellationToken cancellationToken)
    {
        var response = await CallAsync(
            PdMethods.GetGcSafePoint, new GetGCSafePointRequest { Header = Header() }, static r => r.Header, cancellationToken);
        return response.SafePoint;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var channel in _channels)
        {
            await channel.DisposeAsync();
        }
    }

    private async ValueTask<TResponse> CallAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest request, Func<TResponse, ResponseHeader?> headerOf, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var response = await Current.CallAsync(method, request, CallTimeout, cancellationToken);
                return headerOf(response)?.Error is { Type: not ErrorType.Ok } error
                    ? throw new PdException(error.Type, $"PD refused {method.Path}: {error.Type}: {error.Message}")
                    : response;
            }
            catch (RpcException) when (attempt < _channels.Length)
            {
                Rotate();
            }
        }
    }
}

/// <summary>PD understood a request and refused it.</summary>
internal sealed class PdException(ErrorType type, string message) : Exception(message)
{
    internal ErrorType Type { get; } = type;
}
