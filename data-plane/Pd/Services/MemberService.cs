using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Etcdserverpb;
using Cloud.Rpc.Proto.Health;
using Cloud.Rpc.Proto.Keyspacepb;
using Cloud.Rpc.Proto.Pdpb;
using Cloud.Rpc.Server;
using Member = Cloud.Rpc.Proto.Pdpb.Member;

namespace Cloud.Pd.Services;

/// <summary>Who is a member and who leads, cluster facts, health and keyspaces. A single member leads always.</summary>
internal sealed class MemberService(PdHeaders headers, Lazy<PdMember> self, MetaRevision revision, Func<bool> isServing)
{
    /// <summary>The keyspace that exists in every cluster.</summary>
    private static readonly KeyspaceMeta DefaultKeyspace = new() { Id = 0, Name = "DEFAULT", State = KeyspaceState.Enabled };

    public void Register(RpcServices services) => services
        .Unary(PdMethods.GetMembers, (_, _) => new(GetMembers()))
        .Unary(PdMethods.GetClusterInfo, (_, _) => new(new GetClusterInfoResponse
        {
            Header = headers.Ok(),
            ServiceModes = { ServiceMode.PdSvcMode },
        }))
        .Unary(PdMethods.GetClusterConfig, (request, _) =>
        {
            headers.Require(request.Header);
            return new(new GetClusterConfigResponse
            {
                Header = headers.Ok(),
                Cluster = new Rpc.Proto.Metapb.Cluster { Id = headers.ClusterId, MaxPeerCount = 1 },
            });
        })
        .Unary(EtcdMethods.MemberList, (_, _) => new(new MemberListResponse
        {
            Header = revision.Header(),
            Members = { new Rpc.Proto.Etcdserverpb.Member { ID = self.Value.Id, Name = self.Value.Name, ClientURLs = { self.Value.ClientUrl } } },
        }))
        .Unary(HealthMethods.Check, (_, _) => new(new HealthCheckResponse
        {
            Status = isServing()
                ? HealthCheckResponse.Types.ServingStatus.Serving
                : HealthCheckResponse.Types.ServingStatus.NotServing,
        }))
        .Unary(KeyspaceMethods.LoadKeyspace, (request, _) => new(LoadKeyspace(request)))
        .Unary(KeyspaceMethods.GetAllKeyspaces, (request, _) =>
        {
            headers.Require(request.Header);
            var response = new GetAllKeyspacesResponse { Header = headers.Ok() };
            if (request.StartId == DefaultKeyspace.Id)
            {
                response.Keyspaces.Add(DefaultKeyspace);
            }

            return new(response);
        })
        .ServerStream(KeyspaceMethods.WatchKeyspaces, async (request, responses, context) =>
        {
            headers.Require(request.Header);
            await responses.WriteAsync(
                new WatchKeyspacesResponse { Header = headers.Ok(), Keyspaces = { DefaultKeyspace } }, context.CancellationToken);
            await UntilStoppedAsync(context);
        });

    private static async Task UntilStoppedAsync(RpcCallContext context)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var stopping = context.Stopping.UnsafeRegister(static source => ((TaskCompletionSource)source!).TrySetResult(), stopped);
        await stopped.Task.WaitAsync(context.CancellationToken);
    }

    private GetMembersResponse GetMembers()
    {
        var member = new Member
        {
            Name = self.Value.Name,
            MemberId = self.Value.Id,
            ClientUrls = { self.Value.ClientUrl },
            PeerUrls = { self.Value.ClientUrl },
            BinaryVersion = self.Value.Version,
        };
        return new GetMembersResponse
        {
            Header = headers.Ok(),
            Members = { member },
            Leader = member,
            EtcdLeader = member,
            TsoAllocatorLeaders = { ["global"] = member },
        };
    }

    private LoadKeyspaceResponse LoadKeyspace(LoadKeyspaceRequest request)
    {
        headers.Require(request.Header);
        return string.Equals(request.Name, DefaultKeyspace.Name, StringComparison.Ordinal)
            ? new LoadKeyspaceResponse { Header = headers.Ok(), Keyspace = DefaultKeyspace }
            : new LoadKeyspaceResponse { Header = headers.Failed(PdFailures.NotFound($"keyspace {request.Name} does not exist")) };
    }
}
