using Cloud.Kernel;
using Cloud.Pd.Gc;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Pdpb;
using Cloud.Rpc.Server;
using Google.Protobuf;

namespace Cloud.Pd.Services;

/// <summary>Safe points over the wire. All keyspaces share one state: keyspace-level collection is not offered.</summary>
internal sealed class GcService(PdHeaders headers, GcState gc)
{
    /// <summary>The service whose "safe point" is the transaction safe point itself. Source: PD, compatibility with TiDB's worker.</summary>
    private const string Worker = "gc_worker";

    public void Register(RpcServices services) => services
        .Unary(PdMethods.GetGcSafePoint, (request, _) =>
        {
            headers.Require(request.Header);
            return new(new GetGCSafePointResponse { Header = headers.Ok(), SafePoint = gc.CollectionSafePoint });
        })
        .Unary(PdMethods.UpdateGcSafePoint, async (request, context) =>
        {
            headers.Require(request.Header);
            var outcome = await gc.AdvanceBothAsync(request.SafePoint, context.CancellationToken);
            return new UpdateGCSafePointResponse
            {
                Header = headers.Of(outcome),
                NewSafePoint = outcome.Succeeded ? outcome.Value : gc.CollectionSafePoint,
            };
        })
        .Unary(PdMethods.UpdateServiceGcSafePoint, UpdateServiceAsync)
        .Unary(PdMethods.AdvanceTxnSafePoint, async (request, context) =>
        {
            headers.Require(request.Header);
            var outcome = await gc.AdvanceTransactionAsync(request.Target, context.CancellationToken);
            return outcome.TryGet(out var moved, out var failure)
                ? new AdvanceTxnSafePointResponse
                {
                    Header = headers.Ok(),
                    OldTxnSafePoint = moved.Old,
                    NewTxnSafePoint = moved.New,
                    BlockerDescription = moved.Blocker is null ? string.Empty : $"barrier {moved.Blocker.Name} at {moved.Blocker.Timestamp}",
                }
                : new AdvanceTxnSafePointResponse { Header = headers.Failed(failure) };
        })
        .Unary(PdMethods.AdvanceGcSafePoint, async (request, context) =>
        {
            headers.Require(request.Header);
            var outcome = await gc.AdvanceCollectionAsync(request.Target, lenient: false, context.CancellationToken);
            return outcome.TryGet(out var moved, out var failure)
                ? new AdvanceGCSafePointResponse { Header = headers.Ok(), OldGcSafePoint = moved.Old, NewGcSafePoint = moved.New }
                : new AdvanceGCSafePointResponse { Header = headers.Failed(failure) };
        })
        .Unary(PdMethods.SetGcBarrier, async (request, context) =>
        {
            headers.Require(request.Header);
            var outcome = await gc.SetBarrierAsync(
                request.BarrierId, request.BarrierTs, request.TtlSeconds, context.CancellationToken);
            return new SetGCBarrierResponse
            {
                Header = headers.Of(outcome),
                NewBarrierInfo = outcome.Succeeded ? ToMessage(outcome.Value) : null,
            };
        })
        .Unary(PdMethods.DeleteGcBarrier, async (request, context) =>
        {
            headers.Require(request.Header);
            var outcome = await gc.DeleteBarrierAsync(request.BarrierId, context.CancellationToken);
            return new DeleteGCBarrierResponse
            {
                Header = headers.Of(outcome),
                DeletedBarrierInfo = outcome.TryGet(out var deleted, out _) && deleted is not null ? ToMessage(deleted) : null,
            };
        })
        .Unary(PdMethods.GetGcState, (request, _) => new(GetState(request)));

    private GetGCStateResponse GetState(GetGCStateRequest request)
    {
        headers.Require(request.Header);
        var state = new GCState
        {
            KeyspaceScope = request.KeyspaceScope,
            TxnSafePoint = gc.TransactionSafePoint,
            GcSafePoint = gc.CollectionSafePoint,
        };
        if (!request.ExcludeGcBarriers)
        {
            state.GcBarriers.AddRange(gc.Barriers().Select(ToMessage));
        }

        return new GetGCStateResponse { Header = headers.Ok(), GcState = state };
    }

    /// <summary>The older way to hold back collection: a named safe point with a time to live; the answer names the lowest of all.</summary>
    private async ValueTask<UpdateServiceGCSafePointResponse> UpdateServiceAsync(
        UpdateServiceGCSafePointRequest request, RpcCallContext context)
    {
        headers.Require(request.Header);
        var failure = await ApplyServiceAsync(request, context.CancellationToken);
        if (failure is not null)
        {
            return new UpdateServiceGCSafePointResponse { Header = headers.Failed(failure) };
        }

        var lowest = gc.Barriers()
            .Append(new GcBarrier(Worker, gc.TransactionSafePoint, long.MaxValue))
            .MinBy(static barrier => barrier.Timestamp)!; // The worker's is always there.
        return new UpdateServiceGCSafePointResponse
        {
            Header = headers.Ok(),
            ServiceId = ByteString.CopyFromUtf8(lowest.Name),
            TTL = gc.TtlSeconds(lowest),
            MinSafePoint = lowest.Timestamp,
        };
    }

    private async ValueTask<Failure?> ApplyServiceAsync(UpdateServiceGCSafePointRequest request, CancellationToken cancellationToken)
    {
        var name = request.ServiceId.ToStringUtf8();
        if (string.Equals(name, Worker, StringComparison.Ordinal))
        {
            return request.SafePoint <= gc.TransactionSafePoint
                ? null
                : (await gc.AdvanceTransactionAsync(request.SafePoint, cancellationToken)).Failure;
        }

        if (request.TTL <= 0)
        {
            return (await gc.DeleteBarrierAsync(name, cancellationToken)).Failure;
        }

        // One that comes too late is not set; the caller sees it in the lowest safe point of the answer.
        return request.SafePoint < gc.TransactionSafePoint
            ? null
            : (await gc.SetBarrierAsync(name, request.SafePoint, request.TTL, cancellationToken)).Failure;
    }

    private GCBarrierInfo ToMessage(GcBarrier barrier) => new()
    {
        BarrierId = barrier.Name,
        BarrierTs = barrier.Timestamp,
        TtlSeconds = gc.TtlSeconds(barrier),
    };
}
