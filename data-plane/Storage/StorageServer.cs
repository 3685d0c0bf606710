using Cloud.Engine;
using Cloud.Engine.Log;
using Cloud.Engine.RocksDb;
using Cloud.Kernel;
using Cloud.Rpc;
using Cloud.Rpc.Server;
using Cloud.Storage.Placement;
using Cloud.Storage.Regions;
using Cloud.Storage.Replication;
using Cloud.Storage.Service;
using Cloud.Storage.Transactions;
using Microsoft.Extensions.Logging;

namespace Cloud.Storage;

/// <summary>
/// One store: opened on its folder, registered with PD, serving <c>tikvpb.Tikv</c>. Its host calls
/// <see cref="OpenAsync"/>, then
/// <see cref="Register"/>, starts the transport, then <see cref="JoinAsync"/>; and ends the process when
/// <see cref="Fault"/> completes.
/// </summary>
public sealed partial class StorageServer : IAsyncDisposable
{
    private readonly StorageOptions _options;
    private readonly ReplicatedStore _replicated;
    private readonly LocalStore _store;
    private readonly PdClient _pd;
    private readonly TimestampClient _timestamps;
    private readonly Membership _membership;
    private readonly TikvHandlers _handlers;
    private readonly GarbageCollector _garbage;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private Task _background = Task.CompletedTask;

    private StorageServer(
        StorageOptions options, StoreIdent ident, ReplicatedStore replicated, PdClient pd, TimeProvider time, ILogger logger)
    {
        _options = options;
        _replicated = replicated;
        _pd = pd;
        _time = time;
        _logger = logger;
        StoreId = ident.StoreId;
        var regions = new RegionMap(ident.StoreId);
        _store = new LocalStore(replicated, regions, options.Limits, time);
        _timestamps = new TimestampClient(pd, time);
        _membership = new Membership(options, pd, replicated, regions, ident.StoreId, time, logger);
        _handlers = new TikvHandlers(_store, _timestamps);
        _garbage = new GarbageCollector(_store);
        _store.Counters.Gauge("storage_lock_waiters", () => _store.Waits.Count);
        _store.Counters.Gauge("storage_log_bytes", () => replicated.Log.SizeBytes);
        _store.Counters.Gauge("storage_log_syncs", () => replicated.Log.Syncs);
        _store.Counters.Gauge("storage_versions_collected", () => _garbage.Deleted);
    }

    /// <summary>The store's id in the cluster.</summary>
    public ulong StoreId { get; }

    /// <summary>Whether it has joined and serves all that it should.</summary>
    public bool IsReady { get; private set; }

    /// <summary>Cumulative usage of this life of the store.</summary>
    public StorageCounters Counters => _store.Counters;

    internal long VersionsCollected => _garbage.Deleted;

    internal int LockWaiters => _store.Waits.Count;

    /// <summary>Logical bytes on disk and in memory, about.</summary>
    public long StoredBytes => _replicated.StoredBytes;

    /// <summary>
    /// Completes with the fault after which the store takes no more writes; the process should end and be started
    /// again.
    /// </summary>
    public Task<Exception> Fault => _replicated.Fault.Occurred;

    /// <summary>
    /// Opens the data folder. A new folder gets a store id of PD, so PD must answer then; a known one opens without PD.
    /// </summary>
    /// <exception cref="EngineException">The folder is of another cluster or version, in use, or damaged; or RocksDB is
    /// not installed.</exception>
    /// <exception cref="RpcException">The folder is new and PD does not answer.</exception>
    public static async Task<StorageServer> OpenAsync(
        StorageOptions options, IRpcChannelFactory channels, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        Invariant.Require(options.PdClusterId != 0, "a store knows its cluster");
        Invariant.Require(options.PdEndpoints.Count > 0, "a store knows PD");
        Directory.CreateDirectory(options.DataDirectory);
        var pd = new PdClient(channels, options.PdEndpoints, options.PdClusterId);
        try
        {
            var ident = StoreIdent.Load(options.DataDirectory, options.PdClusterId);
            if (ident is null)
            {
                ident = new StoreIdent(
                    StoreIdent.CurrentFormatVersion,
                    options.PdClusterId,
                    await pd.AllocateIdsAsync(1, cancellationToken));
                ident.Save(options.DataDirectory);
            }

            var engine = RocksEngine.Open(Path.Combine(options.DataDirectory, "kv"), options.RocksDb);
            try
            {
                var log = RaftLog.Open(new RaftLogOptions { Directory = Path.Combine(options.DataDirectory, "raft") });
                return new StorageServer(
                    options,
                    ident,
                    new ReplicatedStore(engine, log, options.Limits),
                    pd,
                    time,
                    loggers.CreateLogger<StorageServer>());
            }
            catch
            {
                engine.Dispose();
                throw;
            }
        }
        catch
        {
            await pd.DisposeAsync();
            throw;
        }
    }

    /// <summary>Adds the store's methods to a server that has not started yet.</summary>
    public void Register(RpcServices services) => TikvService.Register(services, _handlers, () => IsReady);

    /// <summary>
    /// Recovers the regions, joins the cluster (bootstrapping a new one) and begins to serve. Until then requests get
    /// region_not_found. Asks PD again and again until it answers or <paramref name="cancellationToken"/> gives up.
    /// Regions of an earlier life are served at once, also while PD is away.
    /// </summary>
    public async Task JoinAsync(CancellationToken cancellationToken)
    {
        foreach (var region in LocalState.GetRegions(_replicated.Engine))
        {
            if (LocalState.GetApplied(_replicated.Engine, region.Id) > 0 || _replicated.Log.Range(region.Id).Last > 0)
            {
                await ServeAsync(region, cancellationToken);
            }
        }

        var regions = await WithPdAsync(_membership.BootstrapAsync, cancellationToken);
        foreach (var region in regions)
        {
            if (!_store.Regions.Has(region.Id))
            {
                await ServeAsync(region, cancellationToken);
            }
        }

        await WithPdAsync(
            async token =>
            {
                await _membership.RegisterAsync(token);
                _store.Locks.Sync(await _timestamps.NextAsync(token));
                return true;
            },
            cancellationToken);
        IsReady = true;
        LogReady(_logger, StoreId, _options.AdvertisedAddress, _store.Regions.Peers.Count);
        _background = Task.WhenAll(
            GuardAsync(_membership.StoreHeartbeatsAsync),
            GuardAsync(_membership.RegionHeartbeatsAsync),
            GuardAsync(PurgesAsync),
            GuardAsync(CollectionsAsync));
    }

    /// <summary>
    /// Stops the background work, writes what is queued and closes the files. The transport has been stopped before.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        IsReady = false;
        await _stopping.CancelAsync();
        await _background;
        await _timestamps.DisposeAsync();
        await _pd.DisposeAsync();
        _store.Dispose();
        _replicated.Dispose();
        _stopping.Dispose();
    }

    private async Task ServeAsync(Rpc.Proto.Metapb.Region region, CancellationToken cancellationToken)
    {
        foreach (var peer in region.Peers)
        {
            if (peer.StoreId == StoreId)
            {
                _store.Regions.Add(await _replicated.StartAsync(region, peer, cancellationToken));
                return;
            }
        }

        throw new EngineException($"region {region.Id} has no peer on store {StoreId}: the folder is of another store");
    }

    private async Task<T> WithPdAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(2), new SeededRandom(StoreId));
        while (true)
        {
            try
            {
                return await ask(cancellationToken);
            }
            catch (Exception error) when (error is RpcException or PdException)
            {
                LogPdAway(_logger, error.Message);
                await Task.Delay(backoff.Next(), _time, cancellationToken);
            }
        }
    }

    /// <summary>Background work ends when the store stops; a failed disk is a fault of the store.</summary>
    private async Task GuardAsync(Func<CancellationToken, Task> work)
    {
        try
        {
            await work(_stopping.Token);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The store is closing.
        }
        catch (Exception error) when (error is EngineException or Codec.CodecException)
        {
            LogFault(_logger, error);
            _replicated.Fault.Report(error);
        }
    }

    private async Task PurgesAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_options.PurgeInterval, _time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            if (_replicated.Log.SizeBytes > _options.Limits.LogBytesMax.Bytes)
            {
                await _replicated.PurgeAsync(_store.Regions.Peers);
            }
        }
    }

    private async Task CollectionsAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_options.GcInterval, _time);
        ulong done = 0;
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                var safePoint = await _pd.GetGcSafePointAsync(cancellationToken);
                if (safePoint > done)
                {
                    await _garbage.RunAsync(safePoint, cancellationToken);
                    done = safePoint;
                }
            }
            catch (Exception error) when (error is RpcException or PdException)
            {
                LogPdAway(_logger, error.Message);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Store {StoreId} serves {Regions} regions on {Address}")]
    private static partial void LogReady(ILogger logger, ulong storeId, string address, int regions);

    [LoggerMessage(Level = LogLevel.Warning, Message = "PD does not answer, asking again: {Reason}")]
    private static partial void LogPdAway(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The store has failed and takes no more writes; the process has to be started again")]
    private static partial void LogFault(ILogger logger, Exception error);
}
