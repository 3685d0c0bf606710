using System.Globalization;
using System.Net;
using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Rpc;
using Cloud.Rpc.Server;
using Cloud.Storage;

namespace Cloud.Node.Roles;

/// <summary>Runs a store. A new store needs PD to open, so its start waits for PD; a known one opens without.</summary>
internal sealed class StorageRole(NodeConfig config, IRpcChannelFactory channels, TimeProvider time, ILoggerFactory loggers) : INodeRole
{
    /// <summary>Chosen here: a cluster that is being created should not wait for its last process to look again.</summary>
    private static readonly TimeSpan RetryMax = TimeSpan.FromMilliseconds(250);

    private readonly TaskCompletionSource<Exception> _fault = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ILogger _logger = loggers.CreateLogger<StorageRole>();
    private StorageServer? _store;
    private RpcServer? _server;
    private string? _notReady = "starting";

    public string? NotReadyReason => _notReady ?? (_store is { IsReady: true } ? null : "the store is not serving");

    /// <summary>The port bound.</summary>
    public int Port => _server?.Port ?? 0;

    /// <summary>The calls offered, for the in-process transport.</summary>
    public RpcServices Services { get; } = new();

    public UsageCounters Usage => _store is null
        ? new UsageCounters()
        : new UsageCounters
        {
            ReadBatches = _store.Counters.ReadBatches,
            ReadRequests = _store.Counters.ReadRequests,
            ReadBytes = _store.Counters.ReadBytes,
            WriteBatches = _store.Counters.WriteBatches,
            WriteRequests = _store.Counters.WriteRequests,
            WrittenBytes = _store.Counters.WrittenBytes,
            StoredBytes = _store.StoredBytes,
        };

    public Task<Exception> Fault => _fault.Task;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _notReady = "waiting for PD to give the store its id";
        _store = await OpenAsync(cancellationToken);
        _notReady = "joining the cluster";
        _ = _store.Fault.ContinueWith(
            fault => _fault.TrySetResult(fault.Result), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        _store.Register(Services);
        _server = await RpcServer.StartAsync(
            Services,
            new RpcServerOptions { Listen = new IPEndPoint(NodeConfigFile.BindAddress(config), config.ClientPort) },
            time,
            loggers,
            cancellationToken);
    }

    public async Task BecomeReadyAsync(CancellationToken cancellationToken)
    {
        Invariant.Require(_store is not null, "a store joins after its start");
        await _store.JoinAsync(cancellationToken);
        _notReady = null;
    }

    public void Apply(NodeConfig config)
    {
        // Nothing of a store changes at run time.
    }

    public async Task DrainAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        _notReady = "stopping";
        if (_server is not null)
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(limit);
            await _server.StopAsync(deadline.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        if (_store is not null)
        {
            await _store.DisposeAsync();
        }
    }

    private async Task<StorageServer> OpenAsync(CancellationToken cancellationToken)
    {
        var options = new StorageOptions
        {
            DataDirectory = config.DataDirectory!, // Checked when the configuration was read.
            PdClusterId = config.PdClusterId,
            PdEndpoints = config.PdEndpoints,
            AdvertisedAddress = string.Create(CultureInfo.InvariantCulture, $"{config.AdvertisedAddress}:{config.ClientPort}"),
            StatusAddress = string.Create(CultureInfo.InvariantCulture, $"{config.AdvertisedAddress}:{config.StatusPort}"),
            Version = NodeVersion.Text,
        };
        var backoff = new Backoff(TimeSpan.FromMilliseconds(20), RetryMax, new SeededRandom(config.PdClusterId));
        while (true)
        {
            try
            {
                return await StorageServer.OpenAsync(options, channels, time, loggers, cancellationToken);
            }
            catch (RpcException error)
            {
                var reason = $"waiting for PD to give the store its id: {error.Message}";
                if (!string.Equals(reason, _notReady, StringComparison.Ordinal))
                {
                    NodeLog.Waiting(_logger, "PD", error.Message);
                }

                _notReady = reason;
                await Task.Delay(backoff.Next(), time, cancellationToken);
            }
        }
    }
}
