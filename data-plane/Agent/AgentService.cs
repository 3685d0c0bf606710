using System.Reflection;
using Cloud.Agent.Host;
using Cloud.Agent.Instances;
using Cloud.Agent.Link;
using Cloud.Agent.Processes;
using Cloud.Agent.Usage;
using Cloud.Contracts;
using Cloud.Kernel;
using Microsoft.Extensions.Logging;

namespace Cloud.Agent;

/// <summary>One agent, whole: what the control plane says goes in, what the host does comes out. The caller holds the home's lock.</summary>
internal sealed class AgentService : ILinkEnds, IDisposable
{
    private const int ReleaseTriesMax = 40;

    private readonly AgentOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly AgentHome _home;
    private readonly NodeReleases _releases;
    private readonly IHostResources _resources;
    private readonly NodeProbe _probe = new();
    private readonly Signal _changed;
    private readonly SeededRandom _random;
    private readonly Credential _credential;
    private readonly DesiredStateStore _desired;
    private readonly UsageCollector _usage;
    private readonly ResourceGovernor _governor;
    private readonly InstanceSet _instances;
    private readonly Guid _bootId = Guid.NewGuid();
    private CancellationToken _lifetime;
    private ControlLink? _link;

    public AgentService(
        AgentOptions options, AgentHome home, NodeReleases releases, IHostResources resources, TimeProvider time, ILogger logger)
    {
        _options = options;
        _home = home;
        _releases = releases;
        _resources = resources;
        _time = time;
        _logger = logger;
        _changed = new Signal(time);
        _random = new SeededRandom(BitConverter.ToUInt64(_bootId.ToByteArray()));
        _credential = new Credential(home, options.JoinTokenFile);
        _desired = new DesiredStateStore(home, logger);
        _usage = new UsageCollector(new UsageSpool(home, logger), _probe, _changed.Set, time, logger);
        _governor = new ResourceGovernor("/sys/fs/cgroup", home.Path, logger);
        var services = new SupervisorServices(
            home, new Admission(resources, releases), _governor, _probe, _usage, options.DrainMax, _changed.Set, time, logger);
        _instances = new InstanceSet(services, _random);
        if (_credential.UsageWindowSeconds is { } seconds)
        {
            _usage.Window = TimeSpan.FromSeconds(seconds);
        }
    }

    public static string Version { get; } =
        typeof(AgentService).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";

    /// <summary>Serves until cancelled; the instances run on unless the options say otherwise.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var supervision = new CancellationTokenSource();
        _lifetime = supervision.Token;
        InstanceFolder.EmptyTrash(_home);
        _link = new ControlLink(_options.ControlPlane, _credential, this, _changed, _time, new SeededRandom(_random.NextUInt64()), _logger);
        _instances.Apply(_desired.Current.Instances, _lifetime);
        using var working = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var status = _options.StatusPort == 0 ? null : await StatusServer.StartAsync(_options.StatusPort, Report, cancellationToken);
        Task[] work = [_link.RunAsync(working.Token), _usage.RunAsync(_instances.Serving, working.Token)];
        await Task.WhenAny(work); // Either ends only when asked to, or by a defect, which must end the agent.
        await working.CancelAsync();
        await IgnoreCancellationAsync(Task.WhenAll(work), working.Token);
        if (_options.StopInstancesOnExit)
        {
            await StopAllAsync();
        }

        await supervision.CancelAsync();
        await _instances.EndedAsync();
    }

    /// <summary>Stops every process of the home, without the control plane; data stays.</summary>
    public async Task StopOnlyAsync(CancellationToken cancellationToken)
    {
        using var supervision = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _lifetime = supervision.Token;
        var desired = _desired.Current.Instances;
        var all = desired.Concat(InstanceSet.Strays(_home, desired, _logger))
            .Select(spec => spec with { State = DesiredInstanceState.Stopped })
            .ToList();
        _instances.Apply(all, _lifetime);
        await StopAllAsync();
        await supervision.CancelAsync();
        await _instances.EndedAsync();
        for (var tries = 0; tries < ReleaseTriesMax && !_governor.TryReleaseAll(); tries++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), _time, cancellationToken);
        }
    }

    public AgentHello Hello() => new()
    {
        ProtocolVersion = AgentProtocol.Version,
        AgentVersion = Version,
        HostName = Environment.MachineName,
        Location = _options.Location,
        BootId = _bootId,
        HostId = _credential.HostId,
        Capacity = Capacity(),
        Versions = _releases.Versions(),
    };

    public ObservedState Observed()
    {
        // The revision is read first: the facts are at least as new as it says.
        var revision = _desired.Current.Revision;
        return new ObservedState { Revision = revision, Capacity = Capacity(), Instances = _instances.Statuses() };
    }

    public IReadOnlyList<UsageWindow> PendingUsage() => _usage.Spool.Pending(UsageSpool.WindowsMax);

    public void Welcome(ControlWelcome welcome)
    {
        _credential.Keep(welcome.HostId, welcome.Credential, welcome.UsageWindowSeconds);
        _usage.Window = TimeSpan.FromSeconds(welcome.UsageWindowSeconds);
    }

    public void Desired(DesiredState state)
    {
        if (_desired.TakeOver(state, _instances.IsGone))
        {
            _instances.Apply(_desired.Current.Instances, _lifetime);
        }
    }

    public void Accepted(UsageAccepted accepted) => _usage.Spool.Forget(accepted.WindowIds);

    public Task<QueryResult> QueryAsync(QueryRequest request, CancellationToken cancellationToken)
    {
        const int UnknownCommand = 1047; // ER_UNKNOWN_COM_ERROR
        return Task.FromResult(new QueryResult
        {
            QueryId = request.QueryId,
            ErrorNumber = UnknownCommand,
            Error = "This agent cannot run console queries. Connect with a MySQL client.",
        });
    }

    public void Dispose() => _probe.Dispose();

    private AgentReport Report() => new(
        _link?.IsConnected == true, _desired.Current.Revision, _instances.Statuses(), _usage.Spool.Pending(UsageSpool.WindowsMax).Count);

    private async Task StopAllAsync()
    {
        using var deadline = new CancellationTokenSource(_options.DrainMax + TimeSpan.FromSeconds(30), _time);
        await _instances.StopAllAsync(deadline.Token);
    }

    private HostCapacity Capacity()
    {
        var resources = _resources.Read();
        var own = _desired.Current.Instances
            .SelectMany(spec => new[] { spec.Config.ClientPort, spec.Config.StatusPort, spec.Config.PeerPort })
            .ToHashSet();
        return new HostCapacity
        {
            CpuMillicores = resources.CpuMillicores,
            MemoryBytes = resources.MemoryBytes,
            MemoryFreeBytes = resources.MemoryFreeBytes,
            DiskBytes = resources.DiskBytes,
            DiskFreeBytes = resources.DiskFreeBytes,
            PortFirst = _options.PortFirst,
            PortLast = _options.PortLast,
            PortsTaken = [.. ListeningPorts.Read(_options.PortFirst, _options.PortLast).Except(own).Order()],
        };
    }

    private static async Task IgnoreCancellationAsync(Task work, CancellationToken cancellationToken)
    {
        try
        {
            await work;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The way to end.
        }
    }
}
