using Cloud.Kernel;
using Cloud.KvClient.Pd;
using Cloud.KvClient.Raw;
using Cloud.KvClient.Regions;
using Cloud.KvClient.Requests;
using Cloud.KvClient.Transactions;
using Cloud.KvClient.Transport;
using Cloud.Rpc;
using Cloud.Rpc.Client;
using Microsoft.Extensions.Logging;

namespace Cloud.KvClient;

/// <summary>
/// A client of a key-value cluster: transactions, and raw access beside them. Speaks the TiKV protocol. One instance serves a whole process;
/// it connects when first used, follows the cluster as regions and leaders move, and is thread-safe.
/// </summary>
/// <example>
/// <code>
/// await using var cluster = new KvCluster(new KvClientOptions { PdEndpoints = ["127.0.0.1:2379"] }, loggers);
/// await using var transaction = cluster.Begin(await cluster.GetTimestampAsync(ct), TransactionMode.Optimistic);
/// transaction.Set(key, value);
/// await transaction.CommitAsync(ct);
/// </code>
/// </example>
public sealed class KvCluster : IKvTransactions, IAsyncDisposable
{
    private readonly PdClient _pd;
    private readonly TimestampSource _timestamps;
    private readonly RegionCache _regions;
    private readonly StoreConnections _stores;
    private readonly TransactionServices _services;

    /// <summary>A client over sockets.</summary>
    public KvCluster(KvClientOptions options, ILoggerFactory loggers)
        : this(options, new HttpRpcChannelFactory(new RpcChannelOptions(), TimeProvider.System), TimeProvider.System, loggers)
    {
    }

    /// <summary>A client over any transport.</summary>
    /// <param name="options">How it behaves.</param>
    /// <param name="channels">Makes the channels to PD and to stores; not owned.</param>
    /// <param name="time">Measures waits and timeouts.</param>
    /// <param name="loggers">Where it reports.</param>
    public KvCluster(KvClientOptions options, IRpcChannelFactory channels, TimeProvider time, ILoggerFactory loggers)
    {
        Invariant.Require(options.PdEndpoints.Count > 0, "a client knows at least one PD endpoint");
        var logger = loggers.CreateLogger<KvCluster>();
        var retries = new RetryPolicy(options.RetryBudget, time, new SeededRandom((ulong)time.GetTimestamp()));
        _pd = new PdClient(options, channels, retries, logger);
        _timestamps = new TimestampSource(_pd, retries, logger);
        _regions = new RegionCache(_pd, retries);
        _stores = new StoreConnections(channels, options.Multiplex, time);
        var sender = new RegionSender(_regions, _stores, _pd, retries, options.RequestTimeout);
        var locks = new LockResolver(sender, _timestamps, options.Concurrency);
        _services = new TransactionServices(sender, _timestamps, locks, options, logger);
        Raw = new RawClient(sender, options, expiring: false);
        ExpiringRaw = new RawClient(sender, options, expiring: true);
    }

    /// <summary>Access without transactions.</summary>
    public RawClient Raw { get; }

    /// <summary>Access without transactions to pairs that may expire. Its keys and those of <see cref="Raw"/> never meet.</summary>
    public RawClient ExpiringRaw { get; }

    public ValueTask<ulong> GetTimestampAsync(CancellationToken cancellationToken) => _services.GetTimestampAsync(cancellationToken);

    public IKvSnapshot GetSnapshot(ulong readTimestamp) => new Snapshot(_services, readTimestamp);

    public IKvTransaction Begin(ulong startTimestamp, TransactionMode mode) => new Transaction(_services, startTimestamp, mode);

    /// <summary>Closes all connections. Calls that are under way fail.</summary>
    public async ValueTask DisposeAsync()
    {
        await _timestamps.DisposeAsync();
        await _stores.DisposeAsync();
        await _pd.DisposeAsync();
        _regions.Dispose();
    }
}
