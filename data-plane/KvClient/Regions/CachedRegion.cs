using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Rpc.Proto.Metapb;

namespace Cloud.KvClient.Regions;

/// <summary>A region as this client believes it to be. Immutable: news makes a new instance.</summary>
/// <param name="Meta">Range (as regions compare keys), epoch and peers; not changed.</param>
/// <param name="Leader">The peer to ask.</param>
/// <param name="LoadedAt">Timestamp of the clock at which PD or a store told it.</param>
internal sealed record CachedRegion(Region Meta, Peer Leader, long LoadedAt)
{
    public ReadOnlySpan<byte> StartKey => Meta.StartKey.Span;

    public ReadOnlySpan<byte> EndKey => Meta.EndKey.Span;

    /// <summary>Whether a region key is in [start, end).</summary>
    public bool Contains(ReadOnlySpan<byte> regionKey) =>
        StartKey.SequenceCompareTo(regionKey) <= 0 && (EndKey.IsEmpty || regionKey.SequenceCompareTo(EndKey) < 0);

    /// <summary>The context of a request to this region; a new object each time.</summary>
    public Context NewContext(ulong clusterId) => new()
    {
        RegionId = Meta.Id,
        RegionEpoch = Meta.RegionEpoch,
        Peer = Leader,
        ClusterId = clusterId,
    };
}
