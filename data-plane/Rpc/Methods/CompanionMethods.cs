using Cloud.Rpc.Proto.Deadlock;
using Cloud.Rpc.Proto.Etcdserverpb;
using Cloud.Rpc.Proto.Health;
using Cloud.Rpc.Proto.Keyspacepb;

namespace Cloud.Rpc.Methods;

/// <summary><c>grpc.health.v1.Health</c>, offered by every server.</summary>
public static class HealthMethods
{
    public static readonly RpcMethod<HealthCheckRequest, HealthCheckResponse> Check = new("grpc.health.v1.Health", "Check");
}

/// <summary>The etcd v3 calls that clients make to PD.</summary>
public static class EtcdMethods
{
    public static readonly RpcMethod<RangeRequest, RangeResponse> Range = new("etcdserverpb.KV", "Range");
    public static readonly RpcMethod<PutRequest, PutResponse> Put = new("etcdserverpb.KV", "Put");
    public static readonly RpcMethod<DeleteRangeRequest, DeleteRangeResponse> DeleteRange = new("etcdserverpb.KV", "DeleteRange");
    public static readonly RpcMethod<MemberListRequest, MemberListResponse> MemberList = new("etcdserverpb.Cluster", "MemberList");
}

/// <summary><c>keyspacepb.Keyspace</c> on PD.</summary>
public static class KeyspaceMethods
{
    private const string Service = "keyspacepb.Keyspace";

    public static readonly RpcMethod<LoadKeyspaceRequest, LoadKeyspaceResponse> LoadKeyspace = new(Service, "LoadKeyspace");
    public static readonly RpcMethod<WatchKeyspacesRequest, WatchKeyspacesResponse> WatchKeyspaces = new(Service, "WatchKeyspaces");
    public static readonly RpcMethod<GetAllKeyspacesRequest, GetAllKeyspacesResponse> GetAllKeyspaces = new(Service, "GetAllKeyspaces");

    public static readonly RpcMethod<UpdateKeyspaceStateRequest, UpdateKeyspaceStateResponse> UpdateKeyspaceState =
        new(Service, "UpdateKeyspaceState");
}

/// <summary><c>deadlock.Deadlock</c> between stores.</summary>
public static class DeadlockMethods
{
    private const string Service = "deadlock.Deadlock";

    public static readonly RpcMethod<WaitForEntriesRequest, WaitForEntriesResponse> GetWaitForEntries = new(Service, "GetWaitForEntries");
    public static readonly RpcMethod<DeadlockRequest, DeadlockResponse> Detect = new(Service, "Detect");
}
