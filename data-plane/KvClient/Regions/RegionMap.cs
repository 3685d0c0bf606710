using Cloud.Rpc.Proto.Metapb;

namespace Cloud.KvClient.Regions;

/// <summary>
/// The regions known, without overlaps, sorted by start. Pure. Thread-safe: lookups and changes are binary searches under a lock.
/// </summary>
internal sealed class RegionMap
{
    private readonly Lock _gate = new();
    private readonly List<CachedRegion> _byStart = [];

    /// <summary>The region that holds the key; null when unknown.</summary>
    public CachedRegion? Find(ReadOnlySpan<byte> regionKey)
    {
        lock (_gate)
        {
            var at = FloorIndex(regionKey);
            return at >= 0 && _byStart[at].Contains(regionKey) ? _byStart[at] : null;
        }
    }

    /// <summary>The region that holds the keys just below <paramref name="end"/> (empty: the end of the key space); null when unknown.</summary>
    public CachedRegion? FindBelow(ReadOnlySpan<byte> end)
    {
        lock (_gate)
        {
            if (_byStart.Count == 0)
            {
                return null;
            }

            var at = _byStart.Count - 1;
            if (!end.IsEmpty)
            {
                at = FloorIndex(end);
                at = at >= 0 && _byStart[at].StartKey.SequenceEqual(end) ? at - 1 : at;
            }

            if (at < 0)
            {
                return null;
            }

            var region = _byStart[at];
            var reaches = region.EndKey.IsEmpty || (!end.IsEmpty && end.SequenceCompareTo(region.EndKey) <= 0);
            return reaches ? region : null;
        }
    }

    /// <summary>Puts a region in the place of those it overlaps, unless one of them is newer.</summary>
    public void Put(CachedRegion news)
    {
        lock (_gate)
        {
            var first = Math.Max(FloorIndex(news.StartKey), 0);
            if (first < _byStart.Count && EndsBefore(_byStart[first], news.StartKey))
            {
                first++;
            }

            var end = first;
            while (end < _byStart.Count && (news.EndKey.IsEmpty || _byStart[end].StartKey.SequenceCompareTo(news.EndKey) < 0))
            {
                if (IsNewer(_byStart[end], news))
                {
                    return;
                }

                end++;
            }

            _byStart.RemoveRange(first, end - first);
            _byStart.Insert(first, news);
        }
    }

    /// <summary>Takes note of another leader, if the region is still known at this epoch.</summary>
    public void SetLeader(CachedRegion region, Peer leader)
    {
        lock (_gate)
        {
            if (IndexOf(region) is { } at)
            {
                _byStart[at] = _byStart[at] with { Leader = leader };
            }
        }
    }

    /// <summary>Forgets a region, if it is still known at this epoch.</summary>
    public void Remove(CachedRegion region)
    {
        lock (_gate)
        {
            if (IndexOf(region) is { } at)
            {
                _byStart.RemoveAt(at);
            }
        }
    }

    private static bool EndsBefore(CachedRegion region, ReadOnlySpan<byte> key) =>
        !region.EndKey.IsEmpty && region.EndKey.SequenceCompareTo(key) <= 0;

    private static bool IsNewer(CachedRegion known, CachedRegion news) =>
        known.Meta.RegionEpoch.Version > news.Meta.RegionEpoch.Version
        || (known.Meta.Id == news.Meta.Id && known.Meta.RegionEpoch.ConfVer > news.Meta.RegionEpoch.ConfVer);

    private int? IndexOf(CachedRegion region)
    {
        var at = FloorIndex(region.StartKey);
        return at >= 0 && _byStart[at].Meta.Id == region.Meta.Id && _byStart[at].Meta.RegionEpoch.Equals(region.Meta.RegionEpoch) ? at : null;
    }

    /// <summary>The last region that starts at or before the key, or −1.</summary>
    private int FloorIndex(ReadOnlySpan<byte> key)
    {
        var (low, high) = (0, _byStart.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            if (_byStart[middle].StartKey.SequenceCompareTo(key) <= 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return high;
    }
}
