using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Rpc.Proto.Tikvpb;

namespace Cloud.Rpc.Methods;

/// <summary>The methods of <c>tikvpb.Tikv</c> that this project serves or calls.</summary>
public static class TikvMethods
{
    private const string Service = "tikvpb.Tikv";

    public static readonly RpcMethod<BatchCommandsRequest, BatchCommandsResponse> BatchCommands = new(Service, "BatchCommands");

    public static readonly RpcMethod<GetRequest, GetResponse> KvGet = new(Service, "KvGet");
    public static readonly RpcMethod<ScanRequest, ScanResponse> KvScan = new(Service, "KvScan");
    public static readonly RpcMethod<BatchGetRequest, BatchGetResponse> KvBatchGet = new(Service, "KvBatchGet");
    public static readonly RpcMethod<PrewriteRequest, PrewriteResponse> KvPrewrite = new(Service, "KvPrewrite");
    public static readonly RpcMethod<CommitRequest, CommitResponse> KvCommit = new(Service, "KvCommit");
    public static readonly RpcMethod<CleanupRequest, CleanupResponse> KvCleanup = new(Service, "KvCleanup");
    public static readonly RpcMethod<BatchRollbackRequest, BatchRollbackResponse> KvBatchRollback = new(Service, "KvBatchRollback");

    public static readonly RpcMethod<PessimisticLockRequest, PessimisticLockResponse> KvPessimisticLock =
        new(Service, "KvPessimisticLock");

    /// <summary>The capital V is the protocol's.</summary>
    public static readonly RpcMethod<PessimisticRollbackRequest, PessimisticRollbackResponse> KvPessimisticRollback =
        new(Service, "KVPessimisticRollback");

    public static readonly RpcMethod<TxnHeartBeatRequest, TxnHeartBeatResponse> KvTxnHeartBeat = new(Service, "KvTxnHeartBeat");
    public static readonly RpcMethod<CheckTxnStatusRequest, CheckTxnStatusResponse> KvCheckTxnStatus = new(Service, "KvCheckTxnStatus");

    public static readonly RpcMethod<CheckSecondaryLocksRequest, CheckSecondaryLocksResponse> KvCheckSecondaryLocks =
        new(Service, "KvCheckSecondaryLocks");

    public static readonly RpcMethod<ScanLockRequest, ScanLockResponse> KvScanLock = new(Service, "KvScanLock");
    public static readonly RpcMethod<ResolveLockRequest, ResolveLockResponse> KvResolveLock = new(Service, "KvResolveLock");
    public static readonly RpcMethod<GCRequest, GCResponse> KvGc = new(Service, "KvGC");
    public static readonly RpcMethod<DeleteRangeRequest, DeleteRangeResponse> KvDeleteRange = new(Service, "KvDeleteRange");

    public static readonly RpcMethod<RawGetRequest, RawGetResponse> RawGet = new(Service, "RawGet");
    public static readonly RpcMethod<RawBatchGetRequest, RawBatchGetResponse> RawBatchGet = new(Service, "RawBatchGet");
    public static readonly RpcMethod<RawPutRequest, RawPutResponse> RawPut = new(Service, "RawPut");
    public static readonly RpcMethod<RawBatchPutRequest, RawBatchPutResponse> RawBatchPut = new(Service, "RawBatchPut");
    public static readonly RpcMethod<RawDeleteRequest, RawDeleteResponse> RawDelete = new(Service, "RawDelete");
    public static readonly RpcMethod<RawBatchDeleteRequest, RawBatchDeleteResponse> RawBatchDelete = new(Service, "RawBatchDelete");
    public static readonly RpcMethod<RawScanRequest, RawScanResponse> RawScan = new(Service, "RawScan");
    public static readonly RpcMethod<RawBatchScanRequest, RawBatchScanResponse> RawBatchScan = new(Service, "RawBatchScan");
    public static readonly RpcMethod<RawDeleteRangeRequest, RawDeleteRangeResponse> RawDeleteRange = new(Service, "RawDeleteRange");
    public static readonly RpcMethod<RawGetKeyTTLRequest, RawGetKeyTTLResponse> RawGetKeyTtl = new(Service, "RawGetKeyTTL");
    public static readonly RpcMethod<RawCASRequest, RawCASResponse> RawCompareAndSwap = new(Service, "RawCompareAndSwap");
    public static readonly RpcMethod<RawChecksumRequest, RawChecksumResponse> RawChecksum = new(Service, "RawChecksum");

    public static readonly RpcMethod<UnsafeDestroyRangeRequest, UnsafeDestroyRangeResponse> UnsafeDestroyRange =
        new(Service, "UnsafeDestroyRange");

    public static readonly RpcMethod<Proto.Coprocessor.Request, Proto.Coprocessor.Response> Coprocessor = new(Service, "Coprocessor");
    public static readonly RpcMethod<SplitRegionRequest, SplitRegionResponse> SplitRegion = new(Service, "SplitRegion");
    public static readonly RpcMethod<ReadIndexRequest, ReadIndexResponse> ReadIndex = new(Service, "ReadIndex");
    public static readonly RpcMethod<StoreSafeTSRequest, StoreSafeTSResponse> GetStoreSafeTs = new(Service, "GetStoreSafeTS");
    public static readonly RpcMethod<GetLockWaitInfoRequest, GetLockWaitInfoResponse> GetLockWaitInfo = new(Service, "GetLockWaitInfo");
    public static readonly RpcMethod<MvccGetByKeyRequest, MvccGetByKeyResponse> MvccGetByKey = new(Service, "MvccGetByKey");
    public static readonly RpcMethod<MvccGetByStartTsRequest, MvccGetByStartTsResponse> MvccGetByStartTs = new(Service, "MvccGetByStartTs");

    public static readonly RpcMethod<GetHealthFeedbackRequest, GetHealthFeedbackResponse> GetHealthFeedback =
        new(Service, "GetHealthFeedback");

    public static readonly RpcMethod<BroadcastTxnStatusRequest, BroadcastTxnStatusResponse> BroadcastTxnStatus =
        new(Service, "BroadcastTxnStatus");
}
