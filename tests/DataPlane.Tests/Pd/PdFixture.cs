using System.Net;
using Cloud.Pd;
using Cloud.Rpc;
using Cloud.Rpc.Client;
using Cloud.Rpc.Proto.Metapb;
using Cloud.Rpc.Proto.Pdpb;
using Cloud.TestKit;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using Region = Cloud.Rpc.Proto.Metapb.Region;

namespace Cloud.DataPlane.Tests.Pd;

/// <summary>A PD on a free port with a folder of its own, and a channel to it.</summary>
internal sealed class PdFixture : IAsyncDisposable
{
    public const ulong ClusterId = 7_000_000_000_000_000_001;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TemporaryFolder _folder = new();
    private readonly TimeProvider _time;
    private IRpcChannel? _channel;

    private PdFixture(TimeProvider time) => _time = time;

    public string Folder => _folder.Path;

    public PdServer Server { get; private set; } = null!; // Set by Start, which every instance goes through.

    public IRpcChannel Channel => _channel!; // As above.

    public static RequestHeader Header => new() { ClusterId = ClusterId };

    public static async Task<PdFixture> StartAsync(TimeProvider? time = null)
    {
        var fixture = new PdFixture(time ?? TimeProvider.System);
        await fixture.OpenAsync(ClusterId);
        return fixture;
    }

    /// <summary>A store and its first region over the whole key space.</summary>
    public static (Store Store, Region Region) FirstStore(ulong storeId = 1, ulong regionId = 2) => (
        new Store { Id = storeId, Address = "127.0.0.1:20160", Version = "1.0.0" },
        new Region
        {
            Id = regionId,
            RegionEpoch = new RegionEpoch { ConfVer = 1, Version = 1 },
            Peers = { new Peer { Id = 3, StoreId = storeId } },
        });

    public async Task OpenAsync(ulong clusterId, int port = 0)
    {
        Server = await PdServer.StartAsync(
            new PdServerOptions
            {
                ClusterId = clusterId,
                Name = "pd-0",
                DataDirectory = _folder.Path,
                Listen = new IPEndPoint(IPAddress.Loopback, port),
                AdvertisedHost = "127.0.0.1",
            },
            _time,
            NullLoggerFactory.Instance,
            CancellationToken.None);
        _channel = new HttpRpcChannel($"127.0.0.1:{Server.Port}", new RpcChannelOptions(), TimeProvider.System);
    }

    public async Task RestartAsync()
    {
        await CloseAsync();
        await OpenAsync(ClusterId);
    }

    public async Task CloseAsync()
    {
        await Channel.DisposeAsync();
        await Server.DisposeAsync();
    }

    public ValueTask<TResponse> CallAsync<TRequest, TResponse>(RpcMethod<TRequest, TResponse> method, TRequest request)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        Channel.CallAsync(method, request, Patience, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _folder.Dispose();
    }
}
