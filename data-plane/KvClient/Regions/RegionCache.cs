using System.Collections.Concurrent;
using Cloud.KvClient.Pd;
using Cloud.KvClient.Requests;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Metapb;
using Cloud.Rpc.Proto.Pdpb;
using Google.Protobuf;
using Region = Cloud.Rpc.Proto.Metapb.Region;

namespace Cloud.KvClient.Regions;

/// <summary>
/// Where regions and stores are: answered from memory, loaded from PD when unknown or old. What a store says about its regions is taken
/// without asking PD. Thread-safe.
/// </summary>
internal sealed class RegionCache(PdClient pd, RetryPolicy retries) : IDisposable
{
    /// <summary>An entry is loaded anew after this, so that a client that nobody corrects follows the cluster. Source: client-go, 600 s.</summary>
    private static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(600);

    /// <summary>Lookups at PD at once, so that a cold cache does not ask a thousand times for the same region.</summary>
    private const int LookupsMax = 8;

    private readonly RegionMap _regions = new();
    private readonly ConcurrentDictionary<ulong, string> _stores = new();
    private readonly SemaphoreSlim _lookups = new(LookupsMax, LookupsMax);

    /// <summary>The region that holds a region key.</summary>
    public ValueTask<CachedRegion> LocateAsync(byte[] regionKey, RetryBudget budget, CancellationToken cancellationToken) =>
        Fresh(_regions.Find(regionKey)) is { } known ? new(known) : LoadAsync(regionKey, below: false, budget, cancellationToken);

    /// <summary>The region that holds the keys just below <paramref name="end"/>; empty means the end of the key space.</summary>
    public ValueTask<CachedRegion> LocateBelowAsync(byte[] end, RetryBudget budget, CancellationToken cancellationToken) =>
        Fresh(_regions.FindBelow(end)) is { } known ? new(known) : LoadAsync(end, below: true, budget, cancellationToken);

    /// <summary>The address of a store.</summary>
    public async ValueTask<string> AddressAsync(ulong storeId, RetryBudget budget, CancellationToken cancellationToken)
    {
        if (_stores.TryGetValue(storeId, out var known))
        {
            return known;
        }

        var answer = await pd.CallAsync(
            PdMethods.GetStore, header => new GetStoreRequest { Header = header, StoreId = storeId }, budget, cancellationToken);
        PdClient.RequireOk(answer.Header, $"GetStore {storeId}");
        if (answer.Store is not { Address.Length: > 0 } store || store.State == StoreState.Tombstone)
        {
            throw new KvException(KvErrorCode.Unavailable, $"store {storeId} is gone from the cluster");
        }

        return _stores.GetOrAdd(storeId, store.Address);
    }

    public void Invalidate(CachedRegion region) => _regions.Remove(region);

    public void InvalidateStore(ulong storeId) => _stores.TryRemove(storeId, out _);

    public void SetLeader(CachedRegion region, Peer leader) => _regions.SetLeader(region, leader);

    /// <summary>Takes regions that a store reported, keeping the leader's store where possible.</summary>
    /// <returns>Whether any of them differs from what was believed.</returns>
    public bool Install(CachedRegion believed, IEnumerable<Region> reported)
    {
        var news = false;
        foreach (var region in reported)
        {
            var leader = region.Peers.FirstOrDefault(peer => peer.StoreId == believed.Leader.StoreId) ?? region.Peers.FirstOrDefault();
            if (leader is not null && region.RegionEpoch is not null)
            {
                news |= region.Id != believed.Meta.Id || !region.RegionEpoch.Equals(believed.Meta.RegionEpoch);
                _regions.Put(new CachedRegion(region, leader, retries.Time.GetTimestamp()));
            }
        }

        return news;
    }

    public void Dispose() => _lookups.Dispose();

    private CachedRegion? Fresh(CachedRegion? region) =>
        region is not null && retries.Time.GetElapsedTime(region.LoadedAt) < TimeToLive ? region : null;

    private async ValueTask<CachedRegion> LoadAsync(byte[] key, bool below, RetryBudget budget, CancellationToken cancellationToken)
    {
        while (true)
        {
            await _lookups.WaitAsync(cancellationToken);
            try
            {
                if (Fresh(below ? _regions.FindBelow(key) : _regions.Find(key)) is { } known)
                {
                    return known;
                }

                if (await AskAsync(key, below, budget, cancellationToken) is { } loaded)
                {
                    _regions.Put(loaded);
                    return loaded;
                }
            }
            finally
            {
                _lookups.Release();
            }

            await budget.WaitAsync(RetryKind.RegionScheduling, "PD knows no region with a leader for the key", cancellationToken);
        }
    }

    private async ValueTask<CachedRegion?> AskAsync(byte[] key, bool below, RetryBudget budget, CancellationToken cancellationToken)
    {
        if (below)
        {
            return await AskBelowAsync(key, budget, cancellationToken);
        }

        var answer = await pd.CallAsync(
            PdMethods.GetRegion,
            header => new GetRegionRequest { Header = header, RegionKey = UnsafeByteOperations.UnsafeWrap(key) },
            budget,
            cancellationToken);
        PdClient.RequireOk(answer.Header, "GetRegion");
        return ToCached(answer);
    }

    /// <summary>PD looks up by contained keys only: the region below an end is that of the end, or the one before it.</summary>
    private async ValueTask<CachedRegion?> AskBelowAsync(byte[] end, RetryBudget budget, CancellationToken cancellationToken)
    {
        if (end.Length == 0)
        {
            return await AskLastAsync(budget, cancellationToken);
        }

        var region = await AskAsync(end, below: false, budget, cancellationToken);
        if (region is null || !region.StartKey.SequenceEqual(end))
        {
            return region;
        }

        var answer = await pd.CallAsync(
            PdMethods.GetPrevRegion,
            header => new GetRegionRequest { Header = header, RegionKey = UnsafeByteOperations.UnsafeWrap(end) },
            budget,
            cancellationToken);
        PdClient.RequireOk(answer.Header, "GetPrevRegion");
        return ToCached(answer);
    }

    /// <summary>The region that ends with the key space holds every key above all others; such a key finds it.</summary>
    private async ValueTask<CachedRegion?> AskLastAsync(RetryBudget budget, CancellationToken cancellationToken)
    {
        var highest = new byte[64];
        Array.Fill(highest, byte.MaxValue);
        return await AskAsync(highest, below: false, budget, cancellationToken) is { EndKey.IsEmpty: true } last ? last : null;
    }

    private CachedRegion? ToCached(GetRegionResponse answer)
    {
        if (answer.Region is not { RegionEpoch: not null, Peers.Count: > 0 } region)
        {
            return null;
        }

        var leader = answer.Leader is { Id: > 0 } named ? named : region.Peers[0];
        return new CachedRegion(region, leader, retries.Time.GetTimestamp());
    }
}
