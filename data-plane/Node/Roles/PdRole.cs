using System.Net;
using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Pd;
using Cloud.Rpc.Server;

namespace Cloud.Node.Roles;

/// <summary>Runs a placement driver.</summary>
internal sealed class PdRole(NodeConfig config, TimeProvider time, ILoggerFactory loggers) : INodeRole
{
    private readonly TaskCompletionSource<Exception> _fault = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PdServer? _server;
    private string? _notReady = "starting";

    public string? NotReadyReason => _notReady;

    /// <summary>The port bound.</summary>
    public int Port => _server?.Port ?? 0;

    /// <summary>The calls offered, for the in-process transport.</summary>
    public RpcServices Services
    {
        get
        {
            Invariant.Require(_server is not null, "the services are asked for after the start");
            return _server.Services;
        }
    }

    /// <summary>A placement driver's work is not metered.</summary>
    public UsageCounters Usage => new();

    public Task<Exception> Fault => _fault.Task;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _server = await PdServer.StartAsync(
            new PdServerOptions
            {
                ClusterId = config.PdClusterId,
                Name = TypedId.FormatDnsLabel(config.InstanceId),
                DataDirectory = config.DataDirectory!, // Checked when the configuration was read.
                Listen = new IPEndPoint(NodeConfigFile.BindAddress(config), config.ClientPort),
                AdvertisedHost = config.AdvertisedAddress,
            },
            time,
            loggers,
            cancellationToken);
        _ = _server.Fault.ContinueWith(
            fault => _fault.TrySetResult(fault.Result), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    public Task BecomeReadyAsync(CancellationToken cancellationToken)
    {
        _notReady = null;
        return Task.CompletedTask;
    }

    public void Apply(NodeConfig config)
    {
        // Nothing of a placement driver changes at run time.
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

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
