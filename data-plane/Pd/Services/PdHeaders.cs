using Cloud.Kernel;
using Cloud.Rpc;
using Cloud.Rpc.Proto.Pdpb;

namespace Cloud.Pd.Services;

/// <summary>Checks request headers and makes response headers.</summary>
internal sealed class PdHeaders(ulong clusterId)
{
    public ulong ClusterId => clusterId;

    /// <summary>The header of an answer.</summary>
    public ResponseHeader Ok() => new() { ClusterId = clusterId };

    /// <summary>The header of a refusal.</summary>
    public ResponseHeader Failed(Failure failure) => new()
    {
        ClusterId = clusterId,
        Error = new Error { Type = PdFailures.TypeOf(failure), Message = failure.Detail },
    };

    /// <summary>The header of an outcome.</summary>
    public ResponseHeader Of<T>(Outcome<T> outcome) => outcome.Succeeded ? Ok() : Failed(outcome.Failure);

    /// <summary>
    /// Refuses a client of another cluster, as PD does: with a status, since no answer to the wrong cluster can be right. Clients parse
    /// this text.
    /// </summary>
    public void Require(RequestHeader? header)
    {
        var got = header?.ClusterId ?? 0;
        if (got != clusterId)
        {
            throw new RpcException(RpcStatusCode.FailedPrecondition, $"mismatch cluster id, need {clusterId} but got {got}");
        }
    }
}
