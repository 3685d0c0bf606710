using System.Globalization;
using Cloud.Contracts;
using Cloud.Rpc.Client;

namespace Cloud.Node.Roles;

/// <summary>
/// PD, one store and SQL in one process, calling each other in process with the same request objects that would travel; their ports serve
/// other clients as usual.
/// </summary>
internal sealed class AllRoles(NodeConfig pd, NodeConfig storage, NodeConfig sql, TimeProvider time, ILoggerFactory loggers) : INodeRole
{
    private readonly InProcessRpcChannels _channels = new(time);
    private readonly List<INodeRole> _started = [];
    private readonly TaskCompletionSource<Exception> _fault = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The first reason among the roles.</summary>
    public string? NotReadyReason => _started.Count < 3 ? "starting" : _started.Select(r => r.NotReadyReason).FirstOrDefault(r => r is not null);

    public UsageCounters Usage
    {
        get
        {
            var store = _started.OfType<StorageRole>().FirstOrDefault()?.Usage ?? new UsageCounters();
            var service = _started.OfType<SqlRole>().FirstOrDefault()?.Usage ?? new UsageCounters();
            return store with { SqlCpuMs = service.SqlCpuMs, EgressBytes = service.EgressBytes };
        }
    }

    public Task<Exception> Fault => _fault.Task;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var pdRole = Add(new PdRole(pd, time, loggers));
        await pdRole.StartAsync(cancellationToken);
        _channels.Add(Address(pd), pdRole.Services);

        var storageRole = Add(new StorageRole(storage, _channels, time, loggers));
        await storageRole.StartAsync(cancellationToken);
        _channels.Add(Address(storage), storageRole.Services);
        await Add(new SqlRole(sql, _channels, multiplex: false, time, loggers)).StartAsync(cancellationToken);
    }

    public async Task BecomeReadyAsync(CancellationToken cancellationToken)
    {
        foreach (var role in _started)
        {
            await role.BecomeReadyAsync(cancellationToken);
        }
    }

    public void Apply(NodeConfig config)
    {
        // There is no file whose change could be taken over.
    }

    public async Task DrainAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        foreach (var role in Enumerable.Reverse(_started))
        {
            await role.DrainAsync(limit, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var role in Enumerable.Reverse(_started))
        {
            await role.DisposeAsync();
        }
    }

    private TRole Add<TRole>(TRole role)
        where TRole : INodeRole
    {
        _started.Add(role);
        _ = role.Fault.ContinueWith(
            fault => _fault.TrySetResult(fault.Result), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        return role;
    }

    private static string Address(NodeConfig config) =>
        string.Create(CultureInfo.InvariantCulture, $"{config.AdvertisedAddress}:{config.ClientPort}");
}
