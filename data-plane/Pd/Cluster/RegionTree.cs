using Cloud.Kernel;
using Cloud.Rpc.Proto.Metapb;

namespace Cloud.Pd.Cluster;

/// <summary>
/// Regions by key and by id. Invariant: ranges in the tree do not overlap; there may be gaps, while a split has reported only one half.
/// A sorted list: lookups are binary searches, and an insert moves at most one pointer per region (a megabyte for 100,000 of them).
/// Pure. Not thread-safe.
/// </summary>
internal sealed class RegionTree
{
    private readonly List<RegionEntry> _byStart = [];
    private readonly Dictionary<ulong, RegionEntry> _byId = [];

    public int Count => _byStart.Count;

    public RegionEntry? Find(ulong id) => _byId.GetValueOrDefault(id);

    /// <summary>The region that holds the key, or null.</summary>
    public RegionEntry? Find(ReadOnlySpan<byte> key)
    {
        var at = FloorIndex(key);
        return at >= 0 && _byStart[at].Contains(key) ? _byStart[at] : null;
    }

    /// <summary>The region that ends where the region of the key begins, or null.</summary>
    public RegionEntry? FindPrevious(ReadOnlySpan<byte> key)
    {
        var at = FloorIndex(key);
        if (at < 1 || !_byStart[at].Contains(key))
        {
            return null;
        }

        var previous = _byStart[at - 1];
        return previous.EndKey.SequenceEqual(_byStart[at].StartKey) ? previous : null;
    }

    /// <summary>Regions that touch [<paramref name="start"/>, <paramref name="end"/>), ascending; an empty end is the end of the key space.</summary>
    /// <param name="limit">Most regions; not positive means no limit.</param>
    public List<RegionEntry> Scan(ReadOnlySpan<byte> start, ReadOnlySpan<byte> end, int limit)
    {
        var found = new List<RegionEntry>();
        var at = Math.Max(FloorIndex(start), 0);
        for (; at < _byStart.Count && (limit <= 0 || found.Count < limit); at++)
        {
            var region = _byStart[at];
            if (!end.IsEmpty && region.StartKey.SequenceCompareTo(end) >= 0)
            {
                break;
            }

            if (region.EndKey.IsEmpty || region.EndKey.SequenceCompareTo(start) > 0)
            {
                found.Add(region);
            }
        }

        return found;
    }

    /// <summary>Whether <see cref="TryPut"/> would take the news, and what it would remove.</summary>
    /// <param name="news">A region as its leader or a split reports it.</param>
    /// <param name="removed">Other regions that the news overlaps; empty when it is stale.</param>
    /// <returns>False when this region, or one that the news overlaps, is known at a newer epoch.</returns>
    public bool WouldAccept(RegionEntry news, out IReadOnlyList<RegionEntry> removed)
    {
        removed = [];
        var epoch = news.Meta.RegionEpoch;
        if (Find(news.Meta.Id) is { } before && (before.IsNewerThan(epoch) || (news.Term != 0 && news.Term < before.Term)))
        {
            return false;
        }

        var others = Scan(news.StartKey, news.EndKey, limit: 0).FindAll(other => other.Meta.Id != news.Meta.Id);
        if (others.Exists(other => epoch.Version < other.Meta.RegionEpoch.Version))
        {
            return false;
        }

        removed = others;
        return true;
    }

    /// <summary>Puts a region in the place of all that it overlaps, unless it is stale: then nothing changes.</summary>
    /// <returns>Whether it was taken.</returns>
    public bool TryPut(RegionEntry news, out IReadOnlyList<RegionEntry> removed)
    {
        if (!WouldAccept(news, out removed))
        {
            return false;
        }

        foreach (var other in removed)
        {
            Remove(other);
        }

        if (Find(news.Meta.Id) is { } before)
        {
            Remove(before);
        }

        _byStart.Insert(FloorIndex(news.StartKey) + 1, news);
        _byId.Add(news.Meta.Id, news);
        return true;
    }

    /// <summary>Whether the regions cover [<paramref name="start"/>, <paramref name="end"/>) without a gap.</summary>
    public static bool Covers(IReadOnlyList<RegionEntry> regions, ReadOnlySpan<byte> start, ReadOnlySpan<byte> end)
    {
        if (regions.Count == 0 || !regions[0].Contains(start))
        {
            return false;
        }

        for (var i = 1; i < regions.Count; i++)
        {
            if (!regions[i].StartKey.SequenceEqual(regions[i - 1].EndKey))
            {
                return false;
            }
        }

        var last = regions[^1].EndKey;
        return last.IsEmpty || (!end.IsEmpty && last.SequenceCompareTo(end) >= 0);
    }

    private void Remove(RegionEntry entry)
    {
        var at = FloorIndex(entry.StartKey);
        Invariant.Require(at >= 0 && _byStart[at].Meta.Id == entry.Meta.Id, $"region {entry.Meta.Id} is where its start key says");
        _byStart.RemoveAt(at);
        _byId.Remove(entry.Meta.Id);
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
