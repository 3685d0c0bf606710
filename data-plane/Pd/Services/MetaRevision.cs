using Cloud.Pd.Meta;
using Cloud.Rpc.Proto.Etcdserverpb;

namespace Cloud.Pd.Services;

/// <summary>Makes the headers of the etcd API.</summary>
internal sealed class MetaRevision(MetaStore meta, ulong clusterId, ulong memberId)
{
    public ResponseHeader Header() => Header(meta.Revision);

    public ResponseHeader Header(long revision) => new()
    {
        ClusterId = clusterId,
        MemberId = memberId,
        Revision = revision,
        RaftTerm = 1,
    };
}
