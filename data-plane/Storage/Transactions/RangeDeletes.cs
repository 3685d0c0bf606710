using Cloud.Codec;
using Cloud.Engine;
using Cloud.Rpc.Proto.Errorpb;
using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Storage.Regions;
using Google.Protobuf;

namespace Cloud.Storage.Transactions;

/// <summary>
/// Removes all versions and locks of a range at once, for dropped tables. Not transactional: readers of the range must
/// be gone.
/// Source: TiKV, <c>delete_range</c> and <c>unsafe_destroy_range</c>.
/// </summary>
internal sealed class RangeDeletes(LocalStore store)
{
    private static readonly ColumnFamily[] Families = [ColumnFamily.Lock, ColumnFamily.Write, ColumnFamily.Default];

    internal async ValueTask<DeleteRangeResponse> DeleteAsync(
        DeleteRangeRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (store.Regions.Find(request.Context, out var peer) is { } refused)
        {
            return new DeleteRangeResponse { RegionError = refused };
        }

        var (lower, upper) = TxnReads.Clamp(peer, request.Context, request.StartKey, request.EndKey, out var outside);
        if (outside is not null)
        {
            return new DeleteRangeResponse { RegionError = outside };
        }

        return request.NotifyOnly
            ? new DeleteRangeResponse()
            : new DeleteRangeResponse { RegionError = await DeleteAsync(peer, lower, upper) };
    }

    /// <summary>The same on every region of the store; regions need not be named.</summary>
    internal async ValueTask<UnsafeDestroyRangeResponse> DestroyAsync(
        UnsafeDestroyRangeRequest request, CancellationToken cancellationToken)
    {
        var context = request.Context ?? new Context();
        if (request.StartKey.IsEmpty && request.EndKey.IsEmpty)
        {
            return new UnsafeDestroyRangeResponse { Error = "the whole key space is not destroyed by an open range: name a start or an end" };
        }

        foreach (var peer in store.Regions.Peers)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (lower, upper) = TxnReads.Clamp(peer, context, request.StartKey, request.EndKey, out _);
            byte[] regionStart = [lower[0], .. peer.Region.StartKey.Span];
            lower = lower.AsSpan().SequenceCompareTo(regionStart) >= 0 ? lower : regionStart;
            if (lower.AsSpan().SequenceCompareTo(upper) < 0 && await DeleteAsync(peer, lower, upper) is { } error)
            {
                return new UnsafeDestroyRangeResponse { RegionError = error };
            }
        }

        return new UnsafeDestroyRangeResponse();
    }

    private static ValueTask<Error?> DeleteAsync(RegionPeer peer, byte[] lower, byte[] upper)
    {
        var proposal = peer.Rent();
        foreach (var family in Families)
        {
            proposal.Command.DeleteRange(family, lower, upper);
        }

        return peer.ProposeAsync(proposal);
    }
}
