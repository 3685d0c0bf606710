using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Health;
using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Rpc.Server;

namespace Cloud.Storage.Service;

/// <summary>
/// Registers <c>tikvpb.Tikv</c> and the health service. What is not registered is answered with status 12
/// (Unimplemented) by the transport.
/// Source: KV-PROTOCOL §1.4 and annex A.
/// </summary>
internal static class TikvService
{
    internal static void Register(RpcServices services, TikvHandlers handlers, Func<bool> isServing)
    {
        services.Duplex(
            TikvMethods.BatchCommands,
            (requests, responses, context) =>
                new BatchCommandStream(handlers, requests, responses).RunAsync(context.CancellationToken));
        services.Unary(HealthMethods.Check, (_, _) => ValueTask.FromResult(new HealthCheckResponse
        {
            Status = isServing()
                ? HealthCheckResponse.Types.ServingStatus.Serving
                : HealthCheckResponse.Types.ServingStatus.NotServing,
        }));
        services.Unary(TikvMethods.GetStoreSafeTs, (_, _) => ValueTask.FromResult(new StoreSafeTSResponse()));
        RegisterTransactional(services, handlers);
        RegisterRaw(services, handlers);
    }

    private static void RegisterTransactional(RpcServices services, TikvHandlers handlers)
    {
        services.Unary(TikvMethods.KvGet, (r, _) => ValueTask.FromResult(handlers.Reads.Get(r)));
        services.Unary(TikvMethods.KvScan, (r, _) => ValueTask.FromResult(handlers.Reads.Scan(r)));
        services.Unary(TikvMethods.KvBatchGet, (r, _) => ValueTask.FromResult(handlers.Reads.BatchGet(r)));
        services.Unary(TikvMethods.KvScanLock, (r, _) => ValueTask.FromResult(handlers.Reads.ScanLock(r)));
        services.Unary(TikvMethods.KvPrewrite, (r, c) => handlers.Writes.PrewriteAsync(r, c.CancellationToken));
        services.Unary(TikvMethods.KvCommit, (r, c) => handlers.Writes.CommitAsync(r, c.CancellationToken));
        services.Unary(TikvMethods.KvCleanup, (r, c) => handlers.Writes.CleanupAsync(r, c.CancellationToken));
        services.Unary(
            TikvMethods.KvBatchRollback, (r, c) => handlers.Writes.BatchRollbackAsync(r, c.CancellationToken));
        services.Unary(TikvMethods.KvTxnHeartBeat, (r, c) => handlers.Writes.HeartBeatAsync(r, c.CancellationToken));
        services.Unary(TikvMethods.KvCheckTxnStatus, (r, c) => handlers.Resolution.CheckAsync(r, c.CancellationToken));
        services.Unary(
            TikvMethods.KvCheckSecondaryLocks,
            (r, c) => handlers.Resolution.CheckSecondariesAsync(r, c.CancellationToken));
        services.Unary(TikvMethods.KvResolveLock, (r, c) => handlers.Resolution.ResolveAsync(r, c.CancellationToken));
        services.Unary(TikvMethods.KvPessimisticLock, (r, c) => handlers.Pessimistic.LockAsync(r, c.CancellationToken));
        services.Unary(
            TikvMethods.KvPessimisticRollback, (r, c) => handlers.Pessimistic.RollbackAsync(r, c.CancellationToken));
        services.Unary(TikvMethods.KvDeleteRange, (r, c) => handlers.Ranges.DeleteAsync(r, c.CancellationToken));
        services.Unary(TikvMethods.UnsafeDestroyRange, (r, c) => handlers.Ranges.DestroyAsync(r, c.CancellationToken));
    }

    private static void RegisterRaw(RpcServices services, TikvHandlers handlers)
    {
        services.Unary(TikvMethods.RawGet, (r, _) => ValueTask.FromResult(handlers.RawReads.Get(r)));
        services.Unary(TikvMethods.RawBatchGet, (r, _) => ValueTask.FromResult(handlers.RawReads.BatchGet(r)));
        services.Unary(TikvMethods.RawScan, (r, _) => ValueTask.FromResult(handlers.RawReads.Scan(r)));
        services.Unary(TikvMethods.RawBatchScan, (r, _) => ValueTask.FromResult(handlers.RawReads.BatchScan(r)));
        services.Unary(TikvMethods.RawGetKeyTtl, (r, _) => ValueTask.FromResult(handlers.RawReads.GetTtl(r)));
        services.Unary(TikvMethods.RawChecksum, (r, _) => ValueTask.FromResult(handlers.RawReads.Checksum(r)));
        services.Unary(TikvMethods.RawPut, (r, c) => handlers.RawWrites.PutAsync(r, c.CancellationToken));
        services.Unary(TikvMethods.RawDelete, (r, c) => handlers.RawWrites.DeleteAsync(r, c.CancellationToken));
        services.Unary(TikvMethods.RawBatchPut, (r, c) => handlers.RawWrites.BatchPutAsync(r, c.CancellationToken));
        services.Unary(
            TikvMethods.RawBatchDelete, (r, c) => handlers.RawWrites.BatchDeleteAsync(r, c.CancellationToken));
        services.Unary(
            TikvMethods.RawDeleteRange, (r, c) => handlers.RawWrites.DeleteRangeAsync(r, c.CancellationToken));
        services.Unary(
            TikvMethods.RawCompareAndSwap, (r, c) => handlers.RawWrites.CompareAndSwapAsync(r, c.CancellationToken));
    }
}
