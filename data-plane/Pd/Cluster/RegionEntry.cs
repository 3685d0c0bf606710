using Cloud.Rpc.Proto.Metapb;
using Cloud.Rpc.Proto.Pdpb;
using Region = Cloud.Rpc.Proto.Metapb.Region;

namespace Cloud.Pd.Cluster;

/// <summary>What PD knows about a region. Immutable: a change makes a new entry.</summary>
/// <param name="Meta">Range, epoch and peers; never changed after it is in the tree.</param>
/// <param name="Leader">Its leader; null when unknown.</param>
/// <param name="Term">Term of that leader, 0 when unknown.</param>
/// <param name="DownPeers">Peers that the leader has not heard from.</param>
/// <param name="PendingPeers">Peers that are catching up.</param>
/// <param name="ApproximateBytes">Size of the data, 0 when unknown.</param>
/// <param name="ApproximateKeys">Number of keys, 0 when unknown.</param>
internal sealed record RegionEntry(
    Region Meta,
    Peer? Leader,
    ulong Term,
    IReadOnlyList<PeerStats> DownPeers,
    IReadOnlyList<Peer> PendingPeers,
    ulong ApproximateBytes,
    ulong ApproximateKeys)
{
    public ReadOnlySpan<byte> StartKey => Meta.StartKey.Span;

    public ReadOnlySpan<byte> EndKey => Meta.EndKey.Span;

    /// <summary>An entry of which only the metadata is known. The only voter must be its own leader.</summary>
    public static RegionEntry FromMeta(Region meta)
    {
        var voters = meta.Peers.Where(static peer => peer.Role == PeerRole.Voter).Take(2).ToList();
        return new RegionEntry(meta, voters.Count == 1 ? voters[0] : null, 0, [], [], 0, 0);
    }

    /// <summary>Whether the key is in [start, end).</summary>
    public bool Contains(ReadOnlySpan<byte> key) =>
        StartKey.SequenceCompareTo(key) <= 0 && (EndKey.IsEmpty || key.SequenceCompareTo(EndKey) < 0);

    /// <summary>Whether an epoch is older than this entry's in either part.</summary>
    public bool IsNewerThan(RegionEpoch epoch) =>
        epoch.Version < Meta.RegionEpoch.Version || epoch.ConfVer < Meta.RegionEpoch.ConfVer;
}
