using System.Text;
using Cloud.Pd.Meta;
using Cloud.Rpc;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Etcdserverpb;
using Cloud.Rpc.Proto.Mvccpb;
using Cloud.Rpc.Server;
using Google.Protobuf;

namespace Cloud.Pd.Services;

/// <summary>
/// The etcd v3 API over PD's metadata: reads of everything, writes outside PD's own keys. History, leases, watches and transactions are not
/// offered. Source: etcd, api/etcdserverpb (range semantics); its error texts, which clients compare.
/// </summary>
internal sealed class EtcdService(MetaStore meta, MetaRevision revision)
{
    /// <summary>Largest value accepted. Source: etcd's default request limit, 1.5 MiB.</summary>
    private const int ValueBytesMax = 1536 * 1024;

    public void Register(RpcServices services) => services
        .Unary(EtcdMethods.Range, (request, _) => new(Range(request)))
        .Unary(EtcdMethods.Put, PutAsync)
        .Unary(EtcdMethods.DeleteRange, DeleteAsync);

    private static KeyValue ToMessage(MetaEntry entry, bool keyOnly) => new()
    {
        Key = UnsafeByteOperations.UnsafeWrap(entry.Key),
        Value = keyOnly ? ByteString.Empty : UnsafeByteOperations.UnsafeWrap(entry.Value),
        CreateRevision = entry.CreateRevision,
        ModRevision = entry.ModRevision,
        Version = entry.Version,
    };

    /// <summary>The entries of an etcd range: one key, a range, or to the end of all keys.</summary>
    private static List<MetaEntry> Find(MetaMap map, ByteString key, ByteString rangeEnd)
    {
        var start = key.ToByteArray();
        if (rangeEnd.IsEmpty)
        {
            return map.TryGet(start, out var entry) ? [entry] : [];
        }

        return [.. map.Range(start, rangeEnd is [0] ? null : rangeEnd.ToByteArray())];
    }

    private static IEnumerable<MetaEntry> Sort(List<MetaEntry> entries, RangeRequest request)
    {
        var ordered = request.SortTarget switch
        {
            RangeRequest.Types.SortTarget.Version => entries.OrderBy(static entry => entry.Version),
            RangeRequest.Types.SortTarget.Create => entries.OrderBy(static entry => entry.CreateRevision),
            RangeRequest.Types.SortTarget.Mod => entries.OrderBy(static entry => entry.ModRevision),
            RangeRequest.Types.SortTarget.Value => entries.OrderBy(static entry => Convert.ToHexString(entry.Value), StringComparer.Ordinal),
            _ => (IEnumerable<MetaEntry>)entries,
        };
        return request.SortOrder == RangeRequest.Types.SortOrder.Descend ? ordered.Reverse() : ordered;
    }

    private static void RequireForeign(ByteString key, ByteString rangeEnd)
    {
        var start = key.Span;
        if (start.IsEmpty)
        {
            throw new RpcException(RpcStatusCode.InvalidArgument, "etcdserver: key is not provided");
        }

        var owned = Encoding.ASCII.GetBytes(MetaKeys.Owned);
        var touches = rangeEnd.IsEmpty
            ? start.StartsWith(owned)
            : start.SequenceCompareTo("/pd0"u8) < 0 && (rangeEnd is [0] || rangeEnd.Span.SequenceCompareTo(owned) > 0);
        if (touches)
        {
            throw new RpcException(RpcStatusCode.PermissionDenied, $"keys under {MetaKeys.Owned} are PD's own and change through its calls only");
        }
    }

    private RangeResponse Range(RangeRequest request)
    {
        if (request.Key.IsEmpty)
        {
            throw new RpcException(RpcStatusCode.InvalidArgument, "etcdserver: key is not provided");
        }

        var (found, at) = meta.Read(map => (Find(map, request.Key, request.RangeEnd), map.Revision));
        if (request.Revision > 0 && request.Revision != at)
        {
            throw new RpcException(
                RpcStatusCode.OutOfRange,
                request.Revision > at
                    ? "etcdserver: mvcc: required revision is a future revision"
                    : "etcdserver: mvcc: required revision has been compacted");
        }

        found.RemoveAll(entry => IsFiltered(entry, request));
        var response = new RangeResponse { Header = revision.Header(at), Count = found.Count };
        if (!request.CountOnly)
        {
            var limit = request.Limit > 0 ? (int)Math.Min(request.Limit, found.Count) : found.Count;
            response.Kvs.AddRange(Sort(found, request).Take(limit).Select(entry => ToMessage(entry, request.KeysOnly)));
            response.More = limit < found.Count;
        }

        return response;
    }

    private static bool IsFiltered(MetaEntry entry, RangeRequest request) =>
        (request.MinModRevision > 0 && entry.ModRevision < request.MinModRevision)
        || (request.MaxModRevision > 0 && entry.ModRevision > request.MaxModRevision)
        || (request.MinCreateRevision > 0 && entry.CreateRevision < request.MinCreateRevision)
        || (request.MaxCreateRevision > 0 && entry.CreateRevision > request.MaxCreateRevision);

    private async ValueTask<PutResponse> PutAsync(PutRequest request, RpcCallContext context)
    {
        RequireForeign(request.Key, ByteString.Empty);
        if (request.Lease != 0 || request.IgnoreLease || request.IgnoreValue)
        {
            throw new RpcException(RpcStatusCode.Unimplemented, "leases and partial puts are not offered");
        }

        if (request.Value.Length > ValueBytesMax)
        {
            throw new RpcException(RpcStatusCode.InvalidArgument, "etcdserver: request is too large");
        }

        var before = request.PrevKv ? meta.Read(map => Find(map, request.Key, ByteString.Empty)) : [];
        var at = await meta.ProposeAsync(
            new MetaTransaction().Put(request.Key.ToByteArray(), request.Value.ToByteArray()), context.CancellationToken);
        return new PutResponse { Header = revision.Header(at), PrevKv = before is [var entry] ? ToMessage(entry, keyOnly: false) : null };
    }

    private async ValueTask<DeleteRangeResponse> DeleteAsync(DeleteRangeRequest request, RpcCallContext context)
    {
        RequireForeign(request.Key, request.RangeEnd);
        var found = meta.Read(map => Find(map, request.Key, request.RangeEnd));
        var transaction = new MetaTransaction();
        foreach (var entry in found)
        {
            transaction.Delete(entry.Key);
        }

        var at = transaction.IsEmpty ? meta.Revision : await meta.ProposeAsync(transaction, context.CancellationToken);
        var response = new DeleteRangeResponse { Header = revision.Header(at), Deleted = found.Count };
        if (request.PrevKv)
        {
            response.PrevKvs.AddRange(found.Select(static entry => ToMessage(entry, keyOnly: false)));
        }

        return response;
    }
}
