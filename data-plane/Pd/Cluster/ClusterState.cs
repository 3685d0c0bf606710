using System.Buffers.Binary;
using Cloud.Kernel;
using Cloud.Pd.Meta;
using Cloud.Rpc.Proto.Metapb;
using Cloud.Rpc.Proto.Pdpb;
using Google.Protobuf;
using Region = Cloud.Rpc.Proto.Metapb.Region;

namespace Cloud.Pd.Cluster;

/// <summary>
/// The stores and regions of the cluster: durable facts (which exist, with which ranges, epochs and peers) in the metadata, passing facts
/// (leaders, statistics) in memory, renewed by heartbeats. Thread-safe.
/// A change is applied to memory only after it is durable. Changes of durable facts go one at a time, so that two of them cannot cross.
/// </summary>
internal sealed class ClusterState : IDisposable
{
    /// <summary>Chosen here, against a client gone wild.</summary>
    private const int StoresMax = 10_000;

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _changing = new(1, 1);
    private readonly MetaStore _meta;
    private readonly MetaKeys _keys;
    private readonly TimeProvider _time;
    private readonly RegionTree _regions = new();
    private readonly SortedDictionary<ulong, StoreEntry> _stores = [];
    private bool _bootstrapped;

    private ClusterState(MetaStore meta, MetaKeys keys, TimeProvider time)
    {
        _meta = meta;
        _keys = keys;
        _time = time;
    }

    public bool Bootstrapped
    {
        get
        {
            lock (_gate)
            {
                return _bootstrapped;
            }
        }
    }

    /// <summary>Rebuilds the state from the metadata.</summary>
    public static ClusterState Load(MetaStore meta, MetaKeys keys, TimeProvider time)
    {
        var state = new ClusterState(meta, keys, time);
        meta.Read(map =>
        {
            state._bootstrapped = map.TryGet(keys.Bootstrapped, out _);
            foreach (var entry in map.Prefix(keys.Stores))
            {
                var store = Store.Parser.ParseFrom(entry.Value);
                state._stores.Add(store.Id, new StoreEntry(store, null, 0));
            }

            foreach (var entry in map.Prefix(keys.Regions))
            {
                var added = state._regions.TryPut(RegionEntry.FromMeta(Region.Parser.ParseFrom(entry.Value)), out var removed);
                Invariant.Require(added && removed.Count == 0, "durable regions do not overlap");
            }

            return true;
        });
        return state;
    }

    /// <summary>Reads regions and stores at one moment.</summary>
    public T ReadRegions<T>(Func<RegionTree, T> read)
    {
        lock (_gate)
        {
            return read(_regions);
        }
    }

    public StoreEntry? FindStore(ulong id)
    {
        lock (_gate)
        {
            return _stores.GetValueOrDefault(id);
        }
    }

    /// <summary>All stores, ascending by id.</summary>
    public IReadOnlyList<StoreEntry> Stores()
    {
        lock (_gate)
        {
            return [.. _stores.Values];
        }
    }

    /// <summary>Makes the first store and the first region, which covers the whole key space.</summary>
    public async ValueTask<Outcome<Nothing>> BootstrapAsync(Store store, Region region, CancellationToken cancellationToken)
    {
        if (store.Id == 0 || region.Id == 0 || region.Peers.Count != 1 || region.Peers[0].StoreId != store.Id
            || !region.StartKey.IsEmpty || !region.EndKey.IsEmpty || region.RegionEpoch is null)
        {
            return PdFailures.Invalid("bootstrap takes one store and one region over the whole key space with one peer on that store");
        }

        await _changing.WaitAsync(cancellationToken);
        try
        {
            if (Bootstrapped)
            {
                return PdFailures.AlreadyBootstrapped;
            }

            var created = new byte[sizeof(ulong)];
            BinaryPrimitives.WriteInt64BigEndian(created, _time.GetUtcNow().ToUnixTimeSeconds());
            await _meta.ProposeAsync(
                new MetaTransaction()
                    .Put(_keys.Bootstrapped, created)
                    .Put(_keys.Store(store.Id), store.ToByteArray())
                    .Put(_keys.Region(region.Id), region.ToByteArray()),
                cancellationToken);
            lock (_gate)
            {
                _bootstrapped = true;
                _stores[store.Id] = new StoreEntry(store, null, 0);
                _regions.TryPut(RegionEntry.FromMeta(region), out _);
            }

            return Nothing.Value;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Registers a store or what changed about it. PD's verdict on its state stays.</summary>
    public async ValueTask<Outcome<Nothing>> PutStoreAsync(Store store, CancellationToken cancellationToken)
    {
        if (store.Id == 0 || store.Address.Length == 0)
        {
            return PdFailures.Invalid("a store has an id and an address");
        }

        await _changing.WaitAsync(cancellationToken);
        try
        {
            var known = FindStore(store.Id);
            if (CheckStore(store, known) is { } refusal)
            {
                return refusal;
            }

            var meta = store.Clone();
            meta.State = known?.Meta.State ?? StoreState.Up;
            meta.NodeState = known?.Meta.NodeState ?? NodeState.Serving;
            await _meta.ProposeAsync(new MetaTransaction().Put(_keys.Store(meta.Id), meta.ToByteArray()), cancellationToken);
            lock (_gate)
            {
                _stores[meta.Id] = new StoreEntry(meta, known?.Stats, known?.LastHeartbeatNs ?? 0);
            }

            return Nothing.Value;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Takes a store's statistics.</summary>
    public Outcome<StoreEntry> StoreHeartbeat(StoreStats stats)
    {
        var nowNs = _time.GetUtcNow().ToUnixTimeMilliseconds() * 1_000_000;
        lock (_gate)
        {
            if (!_stores.TryGetValue(stats.StoreId, out var known))
            {
                return PdFailures.StoreUnknown(stats.StoreId);
            }

            if (known.Meta.State == StoreState.Tombstone)
            {
                return PdFailures.Tombstone(stats.StoreId);
            }

            return _stores[stats.StoreId] = known with { Stats = stats, LastHeartbeatNs = nowNs };
        }
    }

    /// <summary>Takes what a leader, or a store after a split, reports about a region.</summary>
    /// <returns>False when it is stale.</returns>
    public async ValueTask<bool> PutRegionAsync(RegionEntry news, CancellationToken cancellationToken)
    {
        if (TryPutUnchanged(news))
        {
            return true;
        }

        await _changing.WaitAsync(cancellationToken);
        try
        {
            IReadOnlyList<RegionEntry> overlapped;
            lock (_gate)
            {
                if (!_regions.WouldAccept(news, out overlapped))
                {
                    return false;
                }
            }

            var transaction = new MetaTransaction();
            foreach (var gone in overlapped)
            {
                transaction.Delete(_keys.Region(gone.Meta.Id));
            }

            transaction.Put(_keys.Region(news.Meta.Id), news.Meta.ToByteArray());
            await _meta.ProposeAsync(transaction, cancellationToken);
            lock (_gate)
            {
                return _regions.TryPut(news, out _);
            }
        }
        finally
        {
            _changing.Release();
        }
    }

    public void Dispose() => _changing.Dispose();

    /// <summary>The common heartbeat: same range, epoch and peers, perhaps another leader. Needs no durable write.</summary>
    private bool TryPutUnchanged(RegionEntry news)
    {
        lock (_gate)
        {
            return _regions.Find(news.Meta.Id) is { } known
                && known.Meta.Equals(news.Meta)
                && _regions.TryPut(news, out _);
        }
    }

    private Failure? CheckStore(Store store, StoreEntry? known)
    {
        if (known?.Meta.State == StoreState.Tombstone)
        {
            return PdFailures.Tombstone(store.Id);
        }

        lock (_gate)
        {
            var twin = _stores.Values.FirstOrDefault(other =>
                other.Meta.Id != store.Id
                && other.Meta.State == StoreState.Up
                && string.Equals(other.Meta.Address, store.Address, StringComparison.OrdinalIgnoreCase));
            if (twin is not null)
            {
                return PdFailures.Invalid(
                    $"store {store.Id} gives the address {store.Address} of store {twin.Meta.Id}; give each store its own");
            }

            return _stores.Count >= StoresMax && known is null
                ? PdFailures.Invalid($"the cluster has {StoresMax} stores, which is the limit")
                : null;
        }
    }
}
