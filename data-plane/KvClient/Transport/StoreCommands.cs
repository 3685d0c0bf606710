using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Kvrpcpb;
using BatchRequest = Cloud.Rpc.Proto.Tikvpb.BatchCommandsRequest.Types.Request;

namespace Cloud.KvClient.Transport;

/// <summary>The requests that this client makes of regions. What the stream does not know of goes alone (KV-PROTOCOL §1.4).</summary>
internal static class StoreCommands
{
    public static readonly StoreCommand<GetRequest, GetResponse> Get = new(
        TikvMethods.KvGet,
        static (request, context) => request.Context = context,
        static response => response.RegionError,
        static request => new BatchRequest { Get = request },
        static response => response.Get);

    public static readonly StoreCommand<BatchGetRequest, BatchGetResponse> BatchGet = new(
        TikvMethods.KvBatchGet,
        static (request, context) => request.Context = context,
        static response => response.RegionError,
        static request => new BatchRequest { BatchGet = request },
        static response => response.BatchGet);

    public static readonly StoreCommand<ScanRequest, ScanResponse> Scan = new(
        TikvMethods.KvScan,
        static (request, context) => request.Context = context,
        static response => response.RegionError,
        static request => new BatchRequest { Scan = request },
        static response => response.Scan);

    public static readonly StoreCommand<PrewriteRequest, PrewriteResponse> Prewrite = new(
        TikvMethods.KvPrewrite,
        static (request, context) => request.Context = context,
        static response => response.RegionError,
        static request => new BatchRequest { Prewrite = request },
        static response => response.Prewrite);

    public static readonly StoreCommand<CommitRequest, CommitResponse> Commit = new(
        TikvMethods.KvCommit,
        static (request, context) => request.Context = context,
        static response => response.RegionError,
        static request => new BatchRequest { Commit = request },
        static response => response.Commit);

    public static readonly StoreCommand<BatchRollbackRequest, BatchRollbackResponse> BatchRollback = new(
        TikvMethods.KvBatchRollback,
        static (request, context) => request.Context = context,
        static response => response.RegionError,
        static request => new BatchRequest { BatchRollback = request },
        static response => response.BatchRollback);

    public static readonly StoreCommand<PessimisticLockRequest, PessimisticLockResponse> PessimisticLock = new(
        TikvMethods.KvPessimisticLock,
        static (request, context) => request.Context = context,
        static response => response.RegionError,
        static request => new BatchRequest { PessimisticLock = request },
        static response => response.PessimisticLock);

    public static readonly StoreCommand<PessimisticRollbackRequest, PessimisticRollbackResponse> PessimisticRollback = new(
        TikvMethods.KvPessimisticRollback,
        static (request, context) => request.Context = context,
        static response => response.RegionError,
        static request => new BatchRequest { PessimisticRollback = request },
        static response => response.PessimisticRollback);

    public static readonly StoreCommand<TxnHeartBeatRequest, TxnHeartBeatResponse> TxnHeartBeat = new(
        TikvMethods.KvTxnHeartBeat,
        static (request, context) => request.Context = context,
        static response => response.RegionError,
        static request => new BatchRequest { TxnHeartBeat = request },
        static response => response.TxnHeartBeat);

    public static readonly StoreCommand<CheckTxnStatusRequest, CheckTxnStatusResponse> CheckTxnStatus = new(
        TikvMethods.KvCheckTxnStatus,
        static (request, context) => request.Context = context,
        static response => response.RegionError,
        static request => new BatchRequest { CheckTxnStatus = request },
        static response => response.CheckTxnStatus);

    public static readonly StoreCommand<CheckSecondaryLocksRequest, CheckSecondaryLocksResponse> CheckSecondaryLocks = new(
        TikvMethods.KvCheckSecondaryLocks,
        static (request, context) => request.Context = context,
        static response => response.RegionError,
        static request => new BatchRequest { CheckSecondaryLocks = request },
        static response => response.CheckSecondaryLocks);

    public static readonly StoreCommand<ResolveLockRequest, ResolveLockResponse> ResolveLock = new(
        TikvMethods.KvResolveLock,
        static (request, context) => request.Context = context,
        static response => response.RegionError,
        static request => new BatchRequest { ResolveLock = request },
        static response => response.ResolveLock);

    public static readonly StoreCommand<RawGetRequest, RawGetResponse> RawGet = new(
        TikvMethods.RawGet,
        static (request, context) => request.Context = context,
        static response => response.RegionError,
        static request => new BatchRequest { RawGet = request },
        static response => response.RawGet);

    public static readonly StoreCommand<RawBatchGetRequest, RawBatchGetResponse> RawBatchGet = new(
        TikvMethods.RawBatchGet,
        static (request, context) => request.Context = context,
        static response => response.RegionError,
        static request => new BatchRequest { RawBatchGet = request },
        static response => response.RawBatchGet);

    public static readonly StoreCommand<RawPutRequest, RawPutResponse> RawPut = new(
        TikvMethods.RawPut,
        static (request, context) => request.Context = context,
        static response => response.RegionError,
        static request => new BatchRequest { RawPut = request },
        static response => response.RawPut);

    public static readonly StoreCommand<RawBatchPutRequest, RawBatchPutResponse> RawBatchPut = new(
        TikvMethods.RawBatchPut,
        static (request, context) => request.Context = context,
        static response => response.RegionError,
        static request => new BatchRequest { RawBatchPut = request },
        static response => response.RawBatchPut);

    public static readonly StoreCommand<RawDeleteRequest, RawDeleteResponse> RawDelete = new(
        TikvMethods.RawDelete,
        static (request, context) => request.Context = context,
        static response => response.RegionError,
        static request => new BatchRequest { RawDelete = request },
        static response => response.RawDelete);

    public static readonly StoreCommand<RawBatchDeleteRequest, RawBatchDeleteResponse> RawBatchDelete = new(
        TikvMethods.RawBatchDelete,
        static (request, context) => request.Context = context,
        static response => response.RegionError,
        static request => new BatchRequest { RawBatchDelete = request },
        static response => response.RawBatchDelete);

    public static readonly StoreCommand<RawScanRequest, RawScanResponse> RawScan = new(
        TikvMethods.RawScan,
        static (request, context) => request.Context = context,
        static response => response.RegionError,
        static request => new BatchRequest { RawScan = request },
        static response => response.RawScan);

    public static readonly StoreCommand<RawDeleteRangeRequest, RawDeleteRangeResponse> RawDeleteRange = new(
        TikvMethods.RawDeleteRange,
        static (request, context) => request.Context = context,
        static response => response.RegionError,
        static request => new BatchRequest { RawDeleteRange = request },
        static response => response.RawDeleteRange);

    public static readonly StoreCommand<RawGetKeyTTLRequest, RawGetKeyTTLResponse> RawGetKeyTtl = new(
        TikvMethods.RawGetKeyTtl,
        static (request, context) => request.Context = context,
        static response => response.RegionError,
        null,
        null);

    public static readonly StoreCommand<RawCASRequest, RawCASResponse> RawCompareAndSwap = new(
        TikvMethods.RawCompareAndSwap,
        static (request, context) => request.Context = context,
        static response => response.RegionError,
        null,
        null);
}
