using Cloud.Pd.Tso;
using Cloud.Rpc;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Pdpb;
using Cloud.Rpc.Server;

namespace Cloud.Pd.Services;

/// <summary>Timestamps over the wire: one stream per client connection, answered in order.</summary>
internal sealed class TsoService(PdHeaders headers, TimestampService timestamps)
{
    public void Register(RpcServices services) => services
        .Duplex(PdMethods.Tso, ServeAsync)
        .Unary(PdMethods.GetMinTs, async (request, context) =>
        {
            headers.Require(request.Header);
            var (physicalMs, logical) = await timestamps.TakeAsync(1, context.CancellationToken);
            return new GetMinTSResponse { Header = headers.Ok(), Timestamp = new Timestamp { Physical = physicalMs, Logical = logical } };
        });

    private async ValueTask ServeAsync(IRpcReader<TsoRequest> requests, IRpcWriter<TsoResponse> responses, RpcCallContext context)
    {
        var header = headers.Ok();
        while (await requests.ReadAsync(context.CancellationToken) is { } request)
        {
            headers.Require(request.Header);
            var (physicalMs, logical) = await timestamps.TakeAsync(request.Count, context.CancellationToken);
            await responses.WriteAsync(
                new TsoResponse
                {
                    Header = header,
                    Count = request.Count,
                    Timestamp = new Timestamp { Physical = physicalMs, Logical = logical },
                },
                context.CancellationToken);
        }
    }
}
