using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Cloud.Rpc.Proto.Errorpb;
using Cloud.Rpc.Proto.Kvrpcpb;

namespace Cloud.Storage.Regions;

/// <summary>
/// The regions of a store, and the checks that every request passes before it touches data. Thread-safe.
/// </summary>
internal sealed class RegionMap(ulong storeId)
{
    private readonly ConcurrentDictionary<ulong, RegionPeer> _peers = new();

    internal ICollection<RegionPeer> Peers => _peers.Values;

    internal bool Has(ulong region) => _peers.ContainsKey(region);

    internal void Add(RegionPeer peer) => _peers[peer.Id] = peer;

    /// <summary>
    /// Finds the peer that a request is for. The order of the checks is part of the protocol: store, region, peer,
    /// leadership, term, epoch; keys come after, see <see cref="RegionPeer.CheckKey"/>. Source: KV-PROTOCOL §1.5.
    /// </summary>
    /// <returns>Null, and the peer; or the error to answer with.</returns>
    internal Error? Find(Context? context, [NotNull] out RegionPeer? peer)
    {
        peer = null!; // Not looked at by a caller that gets an error.
        var requestedStore = context?.Peer?.StoreId ?? 0;
        if (requestedStore != storeId)
        {
            return RegionErrors.StoreNotMatch(requestedStore, storeId);
        }

        if (!_peers.TryGetValue(context!.RegionId, out var found)) // A context names the store.
        {
            return RegionErrors.RegionNotFound(context.RegionId);
        }

        peer = found;
        return found.Check(context);
    }
}
