using System.Net;
using System.Text;
using Cloud.DataPlane.Tests.Pd;
using Cloud.Kernel;
using Cloud.KvClient;
using Cloud.Rpc;
using Cloud.Rpc.Client;
using Cloud.Rpc.Server;
using Cloud.Storage;
using Cloud.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cloud.DataPlane.Tests.KvClient;

/// <summary>A PD and a store on free ports, and clients of them over sockets or in process, on channels that can lose messages.</summary>
internal sealed class KvFixture : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly InProcessRpcChannels _inProcess = new(TimeProvider.System);
    private readonly HttpRpcChannelFactory _sockets = new(new RpcChannelOptions(), TimeProvider.System);
    private readonly List<KvCluster> _clusters = [];
    private PdFixture _pd = null!; // Set by Start, which every instance goes through.
    private StorageServer _storage = null!;
    private RpcServer _server = null!;
    private StorageLimits _limits = new();

    public PdFixture Pd => _pd;

    public int StoragePort => _server.Port;

    public ulong StoreId => _storage.StoreId;

    /// <param name="pdTime">PD's clock; null for the machine's.</param>
    /// <param name="limits">The store's limits; null for the usual ones.</param>
    public static async Task<KvFixture> StartAsync(TimeProvider? pdTime = null, StorageLimits? limits = null)
    {
        var fixture = new KvFixture { _limits = limits ?? new StorageLimits() };
        fixture._pd = await PdFixture.StartAsync(pdTime);
        await fixture.OpenStorageAsync(FreePort.Next());
        return fixture;
    }

    /// <summary>A client.</summary>
    /// <param name="overSocket">Over a socket and one stream; or in process, call by call.</param>
    /// <param name="configure">Changes the options.</param>
    /// <param name="faults">What its channels to stores do to messages.</param>
    public KvCluster Connect(
        bool overSocket = false, Func<KvClientOptions, KvClientOptions>? configure = null, ChannelFaults? faults = null)
    {
        var options = new KvClientOptions { PdEndpoints = [$"127.0.0.1:{_pd.Server.Port}"], Multiplex = overSocket, RetryBudget = TimeSpan.FromSeconds(10) };
        IRpcChannelFactory channels = overSocket ? _sockets : _inProcess;
        channels = faults is null ? channels : new FaultyChannels(channels, faults);
        var cluster = new KvCluster(configure?.Invoke(options) ?? options, channels, TimeProvider.System, NullLoggerFactory.Instance);
        _clusters.Add(cluster);
        return cluster;
    }

    public async Task RestartStorageAsync()
    {
        var port = _server.Port;
        await CloseStorageAsync();
        await OpenStorageAsync(port);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var cluster in _clusters)
        {
            await cluster.DisposeAsync();
        }

        await CloseStorageAsync();
        await _pd.DisposeAsync();
        _folder.Dispose();
    }

    public static byte[] Key(string text) => Encoding.UTF8.GetBytes(text);

    public static string? Text(byte[]? bytes) => bytes is null ? null : Encoding.UTF8.GetString(bytes);

    private async Task OpenStorageAsync(int port)
    {
        var pdAddress = $"127.0.0.1:{_pd.Server.Port}";
        var address = $"127.0.0.1:{port}";
        _inProcess.Add(pdAddress, _pd.Server.Services);
        _storage = await StorageServer.OpenAsync(
            new StorageOptions
            {
                DataDirectory = Path.Combine(_folder.Path, "store"),
                PdClusterId = PdFixture.ClusterId,
                PdEndpoints = [pdAddress],
                AdvertisedAddress = address,
                Limits = _limits,
            },
            _sockets,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None);
        var services = new RpcServices();
        _storage.Register(services);
        _server = await RpcServer.StartAsync(
            services,
            new RpcServerOptions { Listen = new IPEndPoint(IPAddress.Loopback, port) },
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None);
        _inProcess.Add(address, services);
        await _storage.JoinAsync(CancellationToken.None);
    }

    private async Task CloseStorageAsync()
    {
        _inProcess.Remove($"127.0.0.1:{_server.Port}");
        await _server.DisposeAsync();
        await _storage.DisposeAsync();
    }
}

/// <summary>The machine's clock, and a difference that a test sets.</summary>
internal sealed class OffsetTime : TimeProvider
{
    private long _offsetTicks;

    public TimeSpan Offset
    {
        get => TimeSpan.FromTicks(Interlocked.Read(ref _offsetTicks));
        set => Interlocked.Exchange(ref _offsetTicks, value.Ticks);
    }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Offset;
}

/// <summary>What happens to the calls of one client to stores. Thread-safe.</summary>
internal sealed class ChannelFaults(SeededRandom random)
{
    private readonly Lock _gate = new();

    /// <summary>Probability that a request never arrives.</summary>
    public double LoseRequest { get; init; }

    /// <summary>Probability that an answer never comes back.</summary>
    public double LoseAnswer { get; init; }

    /// <summary>Paths that never arrive, as if their sender had died before them.</summary>
    public IReadOnlyCollection<string> DeadPaths { get; set; } = [];

    /// <summary>Paths whose answers never come back.</summary>
    public IReadOnlyCollection<string> MutePaths { get; set; } = [];

    public bool LosesRequest(string path)
    {
        lock (_gate)
        {
            return DeadPaths.Contains(path) || random.Chance(LoseRequest);
        }
    }

    public bool LosesAnswer(string path)
    {
        lock (_gate)
        {
            return MutePaths.Contains(path) || random.Chance(LoseAnswer);
        }
    }
}
