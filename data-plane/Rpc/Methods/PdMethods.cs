using Cloud.Rpc.Proto.Pdpb;

namespace Cloud.Rpc.Methods;

/// <summary>The methods of <c>pdpb.PD</c> that this project serves or calls.</summary>
public static class PdMethods
{
    private const string Service = "pdpb.PD";

    public static readonly RpcMethod<GetMembersRequest, GetMembersResponse> GetMembers = new(Service, "GetMembers");
    public static readonly RpcMethod<GetClusterInfoRequest, GetClusterInfoResponse> GetClusterInfo = new(Service, "GetClusterInfo");
    public static readonly RpcMethod<GetClusterConfigRequest, GetClusterConfigResponse> GetClusterConfig = new(Service, "GetClusterConfig");
    public static readonly RpcMethod<TsoRequest, TsoResponse> Tso = new(Service, "Tso");
    public static readonly RpcMethod<GetMinTSRequest, GetMinTSResponse> GetMinTs = new(Service, "GetMinTS");
    public static readonly RpcMethod<BootstrapRequest, BootstrapResponse> Bootstrap = new(Service, "Bootstrap");
    public static readonly RpcMethod<IsBootstrappedRequest, IsBootstrappedResponse> IsBootstrapped = new(Service, "IsBootstrapped");
    public static readonly RpcMethod<AllocIDRequest, AllocIDResponse> AllocId = new(Service, "AllocID");

    public static readonly RpcMethod<IsSnapshotRecoveringRequest, IsSnapshotRecoveringResponse> IsSnapshotRecovering =
        new(Service, "IsSnapshotRecovering");

    public static readonly RpcMethod<GetStoreRequest, GetStoreResponse> GetStore = new(Service, "GetStore");
    public static readonly RpcMethod<PutStoreRequest, PutStoreResponse> PutStore = new(Service, "PutStore");
    public static readonly RpcMethod<GetAllStoresRequest, GetAllStoresResponse> GetAllStores = new(Service, "GetAllStores");
    public static readonly RpcMethod<StoreHeartbeatRequest, StoreHeartbeatResponse> StoreHeartbeat = new(Service, "StoreHeartbeat");
    public static readonly RpcMethod<RegionHeartbeatRequest, RegionHeartbeatResponse> RegionHeartbeat = new(Service, "RegionHeartbeat");
    public static readonly RpcMethod<GetRegionRequest, GetRegionResponse> GetRegion = new(Service, "GetRegion");
    public static readonly RpcMethod<GetRegionRequest, GetRegionResponse> GetPrevRegion = new(Service, "GetPrevRegion");
    public static readonly RpcMethod<GetRegionByIDRequest, GetRegionResponse> GetRegionById = new(Service, "GetRegionByID");
    public static readonly RpcMethod<ScanRegionsRequest, ScanRegionsResponse> ScanRegions = new(Service, "ScanRegions");
    public static readonly RpcMethod<BatchScanRegionsRequest, BatchScanRegionsResponse> BatchScanRegions = new(Service, "BatchScanRegions");
    public static readonly RpcMethod<AskBatchSplitRequest, AskBatchSplitResponse> AskBatchSplit = new(Service, "AskBatchSplit");
    public static readonly RpcMethod<ReportBatchSplitRequest, ReportBatchSplitResponse> ReportBatchSplit = new(Service, "ReportBatchSplit");
    public static readonly RpcMethod<ScatterRegionRequest, ScatterRegionResponse> ScatterRegion = new(Service, "ScatterRegion");
    public static readonly RpcMethod<GetOperatorRequest, GetOperatorResponse> GetOperator = new(Service, "GetOperator");

    public static readonly RpcMethod<ReportMinResolvedTsRequest, ReportMinResolvedTsResponse> ReportMinResolvedTs =
        new(Service, "ReportMinResolvedTS");

    public static readonly RpcMethod<GetGCSafePointRequest, GetGCSafePointResponse> GetGcSafePoint = new(Service, "GetGCSafePoint");

    public static readonly RpcMethod<UpdateGCSafePointRequest, UpdateGCSafePointResponse> UpdateGcSafePoint =
        new(Service, "UpdateGCSafePoint");

    public static readonly RpcMethod<UpdateServiceGCSafePointRequest, UpdateServiceGCSafePointResponse> UpdateServiceGcSafePoint =
        new(Service, "UpdateServiceGCSafePoint");

    public static readonly RpcMethod<AdvanceGCSafePointRequest, AdvanceGCSafePointResponse> AdvanceGcSafePoint =
        new(Service, "AdvanceGCSafePoint");

    public static readonly RpcMethod<AdvanceTxnSafePointRequest, AdvanceTxnSafePointResponse> AdvanceTxnSafePoint =
        new(Service, "AdvanceTxnSafePoint");

    public static readonly RpcMethod<SetGCBarrierRequest, SetGCBarrierResponse> SetGcBarrier = new(Service, "SetGCBarrier");
    public static readonly RpcMethod<DeleteGCBarrierRequest, DeleteGCBarrierResponse> DeleteGcBarrier = new(Service, "DeleteGCBarrier");
    public static readonly RpcMethod<GetGCStateRequest, GetGCStateResponse> GetGcState = new(Service, "GetGCState");
}
