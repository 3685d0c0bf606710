using Cloud.KvClient.Requests;

namespace Cloud.KvClient.Regions;

/// <summary>Items whose keys lie in one region.</summary>
internal sealed record RegionGroup<T>(CachedRegion Region, List<T> Items);

/// <summary>Divides keyed items by region.</summary>
internal static class RegionGrouping
{
    /// <summary>Groups items, in their order, and cuts groups that grow past a size.</summary>
    /// <param name="items">In any order; neighbours in one region are found fastest.</param>
    /// <param name="regionKey">The key of an item as regions compare it.</param>
    /// <param name="size">Bytes that an item adds to a request.</param>
    /// <param name="bytesMax">A group closes when it has reached this size; a single larger item is a group of its own.</param>
    /// <param name="countMax">Most items in a group.</param>
    public static async ValueTask<List<RegionGroup<T>>> GroupAsync<T>(
        this RegionCache regions,
        IEnumerable<T> items,
        Func<T, byte[]> regionKey,
        Func<T, int> size,
        int bytesMax,
        int countMax,
        RetryBudget budget,
        CancellationToken cancellationToken)
    {
        var groups = new List<RegionGroup<T>>();
        var open = new Dictionary<ulong, (RegionGroup<T> Group, int Bytes)>();
        CachedRegion? last = null;
        foreach (var item in items)
        {
            var key = regionKey(item);
            if (last is null || !last.Contains(key))
            {
                last = await regions.LocateAsync(key, budget, cancellationToken);
            }

            var bytes = size(item);
            if (!open.TryGetValue(last.Meta.Id, out var current)
                || current.Bytes + bytes > bytesMax
                || current.Group.Items.Count >= countMax)
            {
                current = (new RegionGroup<T>(last, []), 0);
                groups.Add(current.Group);
            }

            current.Group.Items.Add(item);
            open[last.Meta.Id] = (current.Group, current.Bytes + bytes);
        }

        return groups;
    }
}
