using System.Net.WebSockets;
using System.Text.Json;
using Cloud.Contracts;
using Cloud.Kernel;

namespace Cloud.TestKit;

/// <summary>
/// An agent that speaks the real protocol over a real socket and starts no processes: instances become what is wished at once, unless
/// a test says otherwise. It keeps its host id, its credential and its instances over disconnects, as an agent does. Thread-safe.
/// </summary>
public sealed class SimulatedAgent(Uri agentPort, string joinToken, string location = "local") : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<InstanceId, SimulatedInstance> _instances = [];
    private readonly List<DesiredState> _received = [];
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly Guid _bootId = Guid.NewGuid();
    private ClientWebSocket? _socket;
    private CancellationTokenSource? _ending;
    private Task _running = Task.CompletedTask;
    private long _revision;
    private int _pid = 1000;

    /// <summary>What becomes of an instance that is wished to run; null leaves it as it is. The default is ready.</summary>
    public Func<InstanceSpec, SimulatedOutcome?> OnRun { get; set; } = _ => new SimulatedOutcome(ObservedInstanceState.Ready);

    /// <summary>Whether wishes to stop and to remove are obeyed.</summary>
    public bool ObeysStops { get; set; } = true;

    public int PortFirst { get; init; } = 20_000;

    public int PortLast { get; init; } = 32_000;

    public IReadOnlyList<int> PortsTaken { get; set; } = [];

    public IReadOnlyList<string> Versions { get; init; } = ["0.1.0"];

    public HostId? HostId { get; private set; }

    public string? Credential { get; private set; }

    /// <summary>Usage windows that the control plane has accepted.</summary>
    public List<string> AcceptedUsage { get; } = [];

    /// <summary>Every snapshot that came, oldest first.</summary>
    public IReadOnlyList<DesiredState> Received
    {
        get
        {
            lock (_gate)
            {
                return [.. _received];
            }
        }
    }

    /// <summary>What runs, ran and was removed, by instance.</summary>
    public IReadOnlyList<SimulatedInstance> Instances
    {
        get
        {
            lock (_gate)
            {
                return [.. _instances.Values.Select(instance => instance with { })];
            }
        }
    }

    public bool IsConnected => _socket?.State == WebSocketState.Open && !_running.IsCompleted;

    /// <summary>Dials, joins or returns, and serves until <see cref="DisconnectAsync"/>.</summary>
    /// <exception cref="WebSocketException">The control plane turned the agent away.</exception>
    public async Task ConnectAsync()
    {
        await DisconnectAsync();
        _ending = new CancellationTokenSource();
        _socket = new ClientWebSocket();
        _socket.Options.SetRequestHeader("Authorization", "Bearer " + (Credential ?? joinToken));
        var address = new UriBuilder(agentPort) { Scheme = "ws", Path = AgentProtocol.Path }.Uri;
        await _socket.ConnectAsync(address, _ending.Token);
        await SendAsync(Hello());
        if (await ReceiveAsync(_ending.Token) is not ControlWelcome welcome)
        {
            throw new WebSocketException($"No welcome: {_socket.CloseStatusDescription}");
        }

        HostId = welcome.HostId;
        Credential = welcome.Credential ?? Credential;
        await ReportAsync();
        _running = Task.WhenAll(ServeAsync(_ending.Token), BeatAsync(_ending.Token));
    }

    /// <summary>Cuts the stream without a goodbye; instances go on.</summary>
    public async Task DisconnectAsync()
    {
        if (_ending is not null)
        {
            await _ending.CancelAsync();
            _socket?.Abort();
            await Task.WhenAny(_running); // how it ended does not matter
            _socket?.Dispose();
            _ending.Dispose();
            _ending = null;
        }
    }

    /// <summary>Looks at all wishes again, after a test changed its mind.</summary>
    public async Task ActAsync()
    {
        lock (_gate)
        {
            foreach (var instance in _instances.Values.ToList())
            {
                Act(instance);
            }
        }

        await ReportAsync();
    }

    /// <summary>Sets what is seen of an instance, whatever is wished.</summary>
    public async Task SetAsync(InstanceId id, SimulatedOutcome outcome)
    {
        lock (_gate)
        {
            Become(_instances[id], outcome);
        }

        await ReportAsync();
    }

    /// <summary>Sends what is seen.</summary>
    public Task ReportAsync() => SendAsync(Observed());

    public Task SendUsageAsync(params UsageWindow[] windows) => SendAsync(new UsageReport(windows));

    public async ValueTask DisposeAsync()
    {
        await DisconnectAsync();
        _sending.Dispose();
    }

    private async Task ServeAsync(CancellationToken cancellationToken)
    {
        while (await ReceiveAsync(cancellationToken) is { } message)
        {
            switch (message)
            {
                case DesiredState desired:
                    TakeOver(desired);
                    await ReportAsync();
                    break;
                case UsageAccepted accepted:
                    AcceptedUsage.AddRange(accepted.WindowIds);
                    break;
            }
        }
    }

    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(AgentProtocol.SilenceMax / 5);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            await ReportAsync();
        }
    }

    private void TakeOver(DesiredState desired)
    {
        lock (_gate)
        {
            _received.Add(desired);
            if (desired.Revision <= _revision)
            {
                return;
            }

            _revision = desired.Revision;
            foreach (var spec in desired.Instances)
            {
                if (!_instances.TryGetValue(spec.Id, out var instance))
                {
                    _instances[spec.Id] = instance = new SimulatedInstance { Spec = spec };
                }

                instance.Spec = spec;
                Act(instance);
            }

            foreach (var gone in _instances.Values
                         .Where(instance => instance.State == ObservedInstanceState.Removed
                             && desired.Instances.All(spec => spec.Id != instance.Spec.Id)).ToList())
            {
                gone.Forgotten = true;
            }
        }
    }

    private void Act(SimulatedInstance instance)
    {
        switch (instance.Spec.State)
        {
            case DesiredInstanceState.Running when OnRun(instance.Spec) is { } outcome:
                Become(instance, outcome);
                break;
            case DesiredInstanceState.Stopped when ObeysStops:
                Become(instance, new SimulatedOutcome(ObservedInstanceState.Stopped));
                break;
            case DesiredInstanceState.Removed when ObeysStops:
                Become(instance, new SimulatedOutcome(ObservedInstanceState.Removed));
                break;
        }
    }

    private void Become(SimulatedInstance instance, SimulatedOutcome outcome)
    {
        var runs = outcome.State is ObservedInstanceState.Ready or ObservedInstanceState.Starting or ObservedInstanceState.Unready;
        if (runs && instance.Pid is null)
        {
            instance.Pid = ++_pid;
            instance.Starts++;
            instance.Incarnation = Guid.NewGuid().ToString("N");
        }
        else if (!runs)
        {
            instance.Pid = null;
            instance.Incarnation = null;
        }

        instance.Blueprint = instance.Spec.Blueprint;
        instance.State = outcome.State;
        instance.ErrorCode = outcome.ErrorCode;
        instance.LastError = outcome.LastError;
    }

    private AgentHello Hello() => new()
    {
        ProtocolVersion = AgentProtocol.Version,
        AgentVersion = "0.1.0",
        HostName = "simulated",
        Location = location,
        BootId = _bootId,
        HostId = HostId,
        Capacity = Capacity(),
        Versions = Versions,
    };

    private HostCapacity Capacity() => new()
    {
        CpuMillicores = 8000,
        MemoryBytes = ByteSize.FromGiB(64).Bytes,
        MemoryFreeBytes = ByteSize.FromGiB(32).Bytes,
        DiskBytes = ByteSize.FromGiB(1000).Bytes,
        DiskFreeBytes = ByteSize.FromGiB(800).Bytes,
        PortFirst = PortFirst,
        PortLast = PortLast,
        PortsTaken = PortsTaken,
    };

    private ObservedState Observed()
    {
        lock (_gate)
        {
            return new ObservedState
            {
                Revision = _revision,
                Capacity = Capacity(),
                Instances = [.. _instances.Values.Where(instance => !instance.Forgotten).Select(Status)],
            };
        }
    }

    private static InstanceStatus Status(SimulatedInstance instance) => new()
    {
        Id = instance.Spec.Id,
        ClusterId = instance.Spec.ClusterId,
        Role = instance.Spec.Role,
        State = instance.State,
        Blueprint = instance.Blueprint,
        Version = instance.Spec.Version,
        Pid = instance.Pid,
        Incarnation = instance.Incarnation,
        LastError = instance.LastError,
        ErrorCode = instance.ErrorCode,
    };

    private async Task SendAsync(AgentMessage message)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(message, AgentProtocol.Json);
        await _sending.WaitAsync();
        try
        {
            if (_socket is { State: WebSocketState.Open } socket)
            {
                await socket.SendAsync(bytes, WebSocketMessageType.Text, true, _ending?.Token ?? default);
            }
        }
        catch (Exception closed) when (closed is WebSocketException or OperationCanceledException)
        {
            // The stream is gone; the next connection reports everything anew.
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task<ControlMessage?> ReceiveAsync(CancellationToken cancellationToken)
    {
        using var message = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var result = await _socket!.ReceiveAsync(buffer, cancellationToken); // connected by now
            if (result.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            await message.WriteAsync(buffer.AsMemory(0, result.Count), cancellationToken);
            if (result.EndOfMessage)
            {
                return JsonSerializer.Deserialize<ControlMessage>(message.ToArray(), AgentProtocol.Json);
            }
        }
    }
}

/// <summary>What an instance becomes.</summary>
public sealed record SimulatedOutcome(ObservedInstanceState State, string? ErrorCode = null, string? LastError = null);

/// <summary>An instance as a <see cref="SimulatedAgent"/> keeps it.</summary>
public sealed record SimulatedInstance
{
    public required InstanceSpec Spec { get; set; }

    public ObservedInstanceState State { get; set; } = ObservedInstanceState.Starting;

    public long Blueprint { get; set; }

    public int? Pid { get; set; }

    public string? Incarnation { get; set; }

    /// <summary>How many processes it has had.</summary>
    public int Starts { get; set; }

    public string? ErrorCode { get; set; }

    public string? LastError { get; set; }

    /// <summary>Whether it was removed and is no longer wished for.</summary>
    public bool Forgotten { get; set; }
}
