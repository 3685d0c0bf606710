using Cloud.Engine;
using Cloud.Rpc;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Metapb;
using Cloud.Rpc.Proto.Pdpb;
using Cloud.Storage.Regions;
using Cloud.Storage.Replication;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using MetaRegion = Cloud.Rpc.Proto.Metapb.Region;

namespace Cloud.Storage.Placement;

/// <summary>
/// How a store becomes part of its cluster and stays known to PD.
/// <para>Crash points of joining. After ids were allocated: they are never used. After the ident was saved: the next
/// start takes the same store id. After the first region was saved but PD does not know it: the next start offers the
/// same region. After PD took it: the next start finds that PD has it. When PD took another store's region first, ours
/// is deleted before anything was written to it.</para>
/// </summary>
internal sealed partial class Membership(
    StorageOptions options, PdClient pd, ReplicatedStore replicated, RegionMap regions, ulong storeId, TimeProvider time, ILogger logger)
{
    private readonly DateTimeOffset _started = time.GetUtcNow();

    /// <summary>Offers the first region to a new cluster; the regions that this store then has are returned.</summary>
    internal async Task<IReadOnlyList<MetaRegion>> BootstrapAsync(CancellationToken cancellationToken)
    {
        var saved = LocalState.GetRegions(replicated.Engine);
        if (saved.Count == 0)
        {
            if (await pd.IsBootstrappedAsync(cancellationToken))
            {
                return saved;
            }

            saved.Add(await SaveFirstRegionAsync(cancellationToken));
        }

        if (!await pd.IsBootstrappedAsync(cancellationToken)
            && await pd.BootstrapAsync(Describe(), saved[0], cancellationToken))
        {
            LogBootstrapped(logger, options.PdClusterId, storeId, saved[0].Id);
            return saved;
        }

        if (LocalState.GetApplied(replicated.Engine, saved[0].Id) == 0
            && await pd.GetRegionAsync(ByteString.Empty, cancellationToken) is { } known && known.Id != saved[0].Id)
        {
            // Another store was first, and nothing was ever written to our region.
            Write(batch => LocalState.DeleteRegion(batch, saved[0].Id));
            saved.RemoveAt(0);
        }

        return saved;
    }

    internal ValueTask RegisterAsync(CancellationToken cancellationToken) =>
        pd.PutStoreAsync(Describe(), cancellationToken);

    /// <summary>Tells PD about the store until cancelled; failures are logged once each time PD goes away.</summary>
    internal async Task StoreHeartbeatsAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(options.StoreHeartbeatInterval, time);
        var isKnown = true;
        do
        {
            try
            {
                await pd.StoreHeartbeatAsync(Stats(), cancellationToken);
                isKnown = true;
            }
            catch (Exception error) when (error is RpcException or PdException)
            {
                if (isKnown)
                {
                    LogHeartbeatFailed(logger, error.Message);
                }

                isKnown = false;
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    /// <summary>
    /// Keeps the stream of region heartbeats open until cancelled; what PD asks for in return needs more than one
    /// store.
    /// </summary>
    internal async Task RegionHeartbeatsAsync(CancellationToken cancellationToken)
    {
        var retry = TimeSpan.FromSeconds(1);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await using var call = pd.Current.OpenDuplex(PdMethods.RegionHeartbeat, cancellationToken);
                using var timer = new PeriodicTimer(options.RegionHeartbeatInterval, time);
                do
                {
                    foreach (var peer in regions.Peers)
                    {
                        await call.WriteAsync(Heartbeat(peer), cancellationToken);
                    }
                }
                while (await timer.WaitForNextTickAsync(cancellationToken));
            }
            catch (RpcException)
            {
                // The store heartbeat reports that PD is away.
                pd.Rotate();
                await Task.Delay(retry, time, cancellationToken);
            }
        }
    }

    private async Task<MetaRegion> SaveFirstRegionAsync(CancellationToken cancellationToken)
    {
        var first = await pd.AllocateIdsAsync(2, cancellationToken);
        var region = new MetaRegion
        {
            Id = first,
            RegionEpoch = new RegionEpoch { ConfVer = 1, Version = 1 },
            Peers = { new Peer { Id = first + 1, StoreId = storeId } },
        };
        Write(batch => LocalState.PutRegion(batch, region));
        return region;
    }

    private void Write(Action<IKvWriteBatch> fill)
    {
        using var batch = replicated.Engine.CreateBatch();
        fill(batch);
        replicated.Engine.Write(batch);
        replicated.Engine.Sync();
    }

    private Rpc.Proto.Metapb.Store Describe() => new()
    {
        Id = storeId,
        Address = options.AdvertisedAddress,
        StatusAddress = options.StatusAddress,
        Version = options.Version,
        StartTimestamp = _started.ToUnixTimeSeconds(),
        DeployPath = AppContext.BaseDirectory,
    };

    private StoreStats Stats()
    {
        var drive = new DriveInfo(options.DataDirectory);
        var stats = new StoreStats
        {
            StoreId = storeId,
            Capacity = (ulong)drive.TotalSize,
            Available = (ulong)drive.AvailableFreeSpace,
            UsedSize = (ulong)replicated.StoredBytes,
            RegionCount = (uint)regions.Peers.Count,
            StartTime = (uint)_started.ToUnixTimeSeconds(),
        };
        foreach (var peer in regions.Peers)
        {
            stats.BytesWritten += (ulong)peer.Traffic.BytesWritten;
            stats.KeysWritten += (ulong)peer.Traffic.KeysWritten;
            stats.BytesRead += (ulong)peer.Traffic.BytesRead;
            stats.KeysRead += (ulong)peer.Traffic.KeysRead;
        }

        return stats;
    }

    private RegionHeartbeatRequest Heartbeat(RegionPeer peer)
    {
        var mebibytes = replicated.StoredBytes / (1024 * 1024);
        return new RegionHeartbeatRequest
        {
            Header = pd.Header(),
            Region = peer.Region,
            Leader = peer.Self,
            Term = peer.Term,
            BytesWritten = (ulong)peer.Traffic.BytesWritten,
            KeysWritten = (ulong)peer.Traffic.KeysWritten,
            BytesRead = (ulong)peer.Traffic.BytesRead,
            KeysRead = (ulong)peer.Traffic.KeysRead,
            ApproximateSize = (ulong)Math.Max(mebibytes / Math.Max(regions.Peers.Count, 1), 1),
        };
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Cluster {ClusterId} was bootstrapped by store {StoreId} with region {RegionId}")]
    private static partial void LogBootstrapped(ILogger logger, ulong clusterId, ulong storeId, ulong regionId);

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "PD does not answer heartbeats; the store goes on serving: {Reason}")]
    private static partial void LogHeartbeatFailed(ILogger logger, string reason);
}
