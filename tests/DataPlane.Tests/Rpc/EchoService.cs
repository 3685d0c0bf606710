using System.Net;
using Cloud.Rpc;
using Cloud.Rpc.Client;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Rpc.Proto.Pdpb;
using Cloud.Rpc.Server;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cloud.DataPlane.Tests.Rpc;

/// <summary>A server with a few methods that do what a test tells them, reachable over a socket or in process.</summary>
internal sealed class EchoService : IAsyncDisposable
{
    public const string InProcessAddress = "echo";

    private readonly RpcServer _server;
    private readonly InProcessRpcChannels _inProcess = new(TimeProvider.System);

    private EchoService(RpcServer server, RpcServices services)
    {
        _server = server;
        _inProcess.Add(InProcessAddress, services);
    }

    public int Port => _server.Port;

    public RpcServer Server => _server;

    public static RpcServices Services(TaskCompletionSource? cancelled = null) => new RpcServices()
        .Unary(TikvMethods.RawGet, async (request, context) => request.Cf switch
        {
            "refuse" => throw new RpcException(RpcStatusCode.NotFound, request.Key.ToStringUtf8()),
            "defect" => throw new InvalidOperationException("a defect"),
            "hang" => await HangAsync(cancelled, context),
            _ => new RawGetResponse { Value = request.Key },
        })
        .Duplex(PdMethods.Tso, async (requests, responses, context) =>
        {
            while (await requests.ReadAsync(context.CancellationToken) is { } request)
            {
                if (request.Count == 0)
                {
                    throw new RpcException(RpcStatusCode.OutOfRange, "zero");
                }

                await responses.WriteAsync(new TsoResponse { Count = request.Count }, context.CancellationToken);
            }
        })
        .ServerStream(PdMethods.GetMembers, async (_, responses, context) =>
        {
            for (var i = 0; i < 3; i++)
            {
                await responses.WriteAsync(new GetMembersResponse(), context.CancellationToken);
            }
        });

    public static async Task<EchoService> StartAsync(TaskCompletionSource? cancelled = null, int messageBytesMax = RpcLimits.MessageBytesMax)
    {
        var services = Services(cancelled);
        var server = await RpcServer.StartAsync(
            services,
            new RpcServerOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0), MessageBytesMax = messageBytesMax },
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None);
        return new EchoService(server, services);
    }

    public IRpcChannel Open(bool overSocket) => overSocket
        ? new HttpRpcChannel($"127.0.0.1:{Port}", new RpcChannelOptions(), TimeProvider.System)
        : _inProcess.Open(InProcessAddress);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static async Task<RawGetResponse> HangAsync(TaskCompletionSource? cancelled, RpcCallContext context)
    {
        var never = new TaskCompletionSource<RawGetResponse>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            return await never.Task.WaitAsync(context.CancellationToken);
        }
        catch (OperationCanceledException)
        {
            cancelled?.TrySetResult();
            throw;
        }
    }
}
