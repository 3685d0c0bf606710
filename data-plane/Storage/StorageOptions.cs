using Cloud.Engine.RocksDb;

namespace Cloud.Storage;

/// <summary>What one store is told by its host.</summary>
public sealed record StorageOptions
{
    /// <summary>Absolute; owned by this store alone.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>PD's 64-bit id of the cluster, never 0.</summary>
    public required ulong PdClusterId { get; init; }

    /// <summary>All PD members as <c>host:port</c>; at least one.</summary>
    public required IReadOnlyList<string> PdEndpoints { get; init; }

    /// <summary>What clients dial, <c>host:port</c>.</summary>
    public required string AdvertisedAddress { get; init; }

    /// <summary>Where the status port is, <c>host:port</c>; empty for none.</summary>
    public string StatusAddress { get; init; } = string.Empty;

    /// <summary>Reported to PD.</summary>
    public string Version { get; init; } = "0.1.0";

    public StorageLimits Limits { get; init; } = new();

    public RocksOptions RocksDb { get; init; } = new();

    /// <summary>Source: TiKV's <c>pd-store-heartbeat-tick-interval</c>.</summary>
    public TimeSpan StoreHeartbeatInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Source: TiKV's <c>pd-heartbeat-tick-interval</c>.</summary>
    public TimeSpan RegionHeartbeatInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often PD is asked for the safe point. Chosen here.</summary>
    public TimeSpan GcInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often it is looked whether the log is due for purging. Chosen here.</summary>
    public TimeSpan PurgeInterval { get; init; } = TimeSpan.FromSeconds(5);
}
