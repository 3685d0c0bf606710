using Cloud.Rpc.Proto.Metapb;
using Cloud.Rpc.Proto.Pdpb;

namespace Cloud.Pd.Cluster;

/// <summary>What PD knows about a store. Immutable: a change makes a new entry.</summary>
/// <param name="Meta">As the store reported it, with PD's verdict on its state; durable.</param>
/// <param name="Stats">The last heartbeat's; null before the first.</param>
/// <param name="LastHeartbeatNs">When that was, nanoseconds since 1970; 0 for never since PD started.</param>
internal sealed record StoreEntry(Store Meta, StoreStats? Stats, long LastHeartbeatNs)
{
    /// <summary>A copy for a response, with the heartbeat's time in it.</summary>
    public Store ToResponse()
    {
        var store = Meta.Clone();
        store.LastHeartbeat = LastHeartbeatNs;
        return store;
    }
}
