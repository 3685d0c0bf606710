using Cloud.KvClient.Regions;
using Cloud.Rpc.Proto.Kvrpcpb;
using Google.Protobuf;

namespace Cloud.KvClient.Transactions;

/// <summary>
/// What is left of a range while it is scanned region by region. The position is kept twice, as a user's key and as regions compare it, since
/// not every boundary of a region is an encoded key. Not thread-safe.
/// </summary>
internal sealed class ScanCursor
{
    private byte[] _low;
    private byte[] _high;

    /// <param name="low">First key.</param>
    /// <param name="high">The key after the last; empty for the end of the key space.</param>
    /// <param name="reverse">Whether the scan goes down.</param>
    public ScanCursor(byte[] low, byte[] high, bool reverse)
    {
        (_low, _high, Reverse) = (low, high, reverse);
        RegionKey = reverse ? (high.Length == 0 ? [] : KeyCodec.Encode(high)) : KeyCodec.Encode(low);
        AtEnd = IsEmpty();
    }

    public bool Reverse { get; }

    /// <summary>Nothing is left.</summary>
    public bool AtEnd { get; private set; }

    /// <summary>Where to look for the next region: the position, or, in reverse, the boundary just above it (empty: the end).</summary>
    public byte[] RegionKey { get; private set; }

    /// <summary>
    /// A request for what is left within a region; null when no key can be there, as between two boundaries that divide no encoded keys.
    /// </summary>
    public ScanRequest? NewRequest(CachedRegion region, ulong readTimestamp, int limit)
    {
        var regionLow = KeyCodec.DecodeBoundary(region.StartKey);
        var regionHigh = KeyCodec.DecodeBoundary(region.EndKey);
        var low = Compare(regionLow, _low) > 0 ? regionLow : _low;
        var high = regionHigh.Length > 0 && (_high.Length == 0 || Compare(regionHigh, _high) < 0) ? regionHigh : _high;
        if (high.Length > 0 && Compare(low, high) >= 0)
        {
            return null;
        }

        return new ScanRequest
        {
            StartKey = UnsafeByteOperations.UnsafeWrap(Reverse ? high : low),
            EndKey = UnsafeByteOperations.UnsafeWrap(Reverse ? low : high),
            Limit = (uint)limit,
            Version = readTimestamp,
            Reverse = Reverse,
        };
    }

    /// <summary>Moves behind the last pair read.</summary>
    /// <param name="lastKey">Its key.</param>
    /// <param name="region">Where it was read.</param>
    /// <param name="mayHaveMore">Whether the region may hold more; otherwise the next one follows.</param>
    public void Advance(byte[] lastKey, CachedRegion region, bool mayHaveMore)
    {
        if (!mayHaveMore)
        {
            LeaveRegion(region);
            return;
        }

        if (Reverse)
        {
            _high = lastKey;
            RegionKey = KeyCodec.Encode(_high);
            AtEnd = _high.Length == 0 || IsEmpty();
        }
        else
        {
            _low = [.. lastKey, 0];
            RegionKey = KeyCodec.Encode(_low);
            AtEnd = IsEmpty();
        }
    }

    /// <summary>Moves to the next region.</summary>
    public void LeaveRegion(CachedRegion region)
    {
        var boundary = Reverse ? region.StartKey : region.EndKey;
        if (boundary.IsEmpty)
        {
            AtEnd = true;
            return;
        }

        var key = KeyCodec.DecodeBoundary(boundary);
        (_low, _high) = Reverse ? (_low, key) : (key, _high);
        RegionKey = boundary.ToArray();
        AtEnd = IsEmpty();
    }

    private static int Compare(byte[] left, byte[] right) => left.AsSpan().SequenceCompareTo(right);

    private bool IsEmpty() => _high.Length > 0 && Compare(_low, _high) >= 0;
}
