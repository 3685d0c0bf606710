using System.Diagnostics;
using Cloud.Agent;
using Cloud.Agent.Host;
using Cloud.Agent.Processes;
using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;

namespace Cloud.DataPlane.Tests.Agent;

/// <summary>One host of a test: a home, fake nodes, a control plane, and agents that come and go. Leaves no process and no folder.</summary>
internal sealed class AgentWorld : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private readonly string _root = Directory.CreateTempSubdirectory("cloud-agent-test-").FullName;
    private (AgentService Service, Task Run, CancellationTokenSource End, FileStream Taken)? _agent;

    private AgentWorld(FakeControlPlane plane)
    {
        Plane = plane;
        Node = new FakeNode(Path.Combine(_root, "node"));
        File.WriteAllText(TokenFile, FakeControlPlane.JoinToken + "\n");
    }

    public FakeControlPlane Plane { get; }

    public FakeNode Node { get; }

    public string Home => Path.Combine(_root, "home");

    public string TokenFile => Path.Combine(_root, "token");

    public IHostResources? Resources { get; set; }

    public TimeSpan DrainMax { get; set; } = TimeSpan.FromSeconds(5);

    public static async Task<AgentWorld> StartAsync(int windowSeconds = 1)
    {
        var world = new AgentWorld(await FakeControlPlane.StartAsync(windowSeconds: windowSeconds));
        await world.StartAgentAsync();
        return world;
    }

    public static async Task<AgentWorld> WithoutAgentAsync() => new(await FakeControlPlane.StartAsync());

    /// <summary>Starts an agent within this process.</summary>
    public async Task StartAgentAsync()
    {
        var home = new AgentHome(Home);
        var taken = home.TryLock().ShouldNotBeNull();
        var releases = await NodeReleases.OpenAsync(Node.Binary, null, CancellationToken.None);
        var service = new AgentService(
            CommandLine.Parse(Arguments(), _ => null).Value with { DrainMax = DrainMax }, home, releases.Value, Resources ?? new LinuxHostResources(home), TimeProvider.System, NullLogger.Instance);
        var end = new CancellationTokenSource();
        _agent = (service, service.RunAsync(end.Token), end, taken);
    }

    /// <summary>Ends the agent and leaves its instances.</summary>
    public async Task StopAgentAsync()
    {
        if (_agent is { } agent)
        {
            _agent = null;
            await agent.End.CancelAsync();
            await agent.Run;
            agent.Service.Dispose();
            agent.End.Dispose();
            await agent.Taken.DisposeAsync();
        }
    }

    /// <summary>Starts the real executable.</summary>
    public Process StartExecutable(params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "cloud-agent"))
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start).ShouldNotBeNull();
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        return process;
    }

    public string[] Arguments() =>
    [
        "--home", Home, "--control-plane", Plane.Address.ToString(), "--join-token-file", TokenFile, "--node-binary", Node.Binary,
    ];

    public InstanceSpec Spec(
        InstanceRole role = InstanceRole.Storage, DesiredInstanceState state = DesiredInstanceState.Running, long blueprint = 1)
    {
        var id = TypedId.New<InstanceId>(TimeProvider.System);
        var cluster = TypedId.New<ClusterId>(TimeProvider.System);
        return new InstanceSpec
        {
            Id = id,
            ClusterId = cluster,
            Role = role,
            Version = FakeNode.Version,
            Blueprint = blueprint,
            State = state,
            Limits = new ResourceLimits(1000, ByteSize.FromMiB(256).Bytes, ByteSize.FromMiB(10).Bytes),
            Config = new NodeConfig
            {
                InstanceId = id,
                ClusterId = cluster,
                PdClusterId = 42,
                Role = role,
                BindAddress = "127.0.0.1",
                AdvertisedAddress = "127.0.0.1",
                ClientPort = FreePort.Next(),
                StatusPort = FreePort.Next(),
                PdEndpoints = ["127.0.0.1:1"],
            },
        };
    }

    /// <summary>Waits until the control plane has heard of the state; says what was heard instead.</summary>
    public async Task<InstanceStatus> UntilAsync(InstanceId id, ObservedInstanceState state) =>
        await UntilAsync(id, status => status.State == state, state.ToString());

    public async Task<InstanceStatus> UntilAsync(InstanceId id, Func<InstanceStatus, bool> condition, string expected)
    {
        await UntilAsync(() => Plane.Status(id) is { } status && condition(status), () => $"{expected}, but heard {Plane.Status(id)}");
        return Plane.Status(id)!; // the condition held
    }

    public static async Task UntilAsync(Func<bool> condition, Func<string> expected)
    {
        var began = Stopwatch.StartNew();
        while (!condition())
        {
            (began.Elapsed < Deadline).ShouldBeTrue($"Expected within {Deadline.TotalSeconds} s: {expected()}");
            await Task.Delay(10);
        }
    }

    /// <summary>Living processes of an instance, by their command line.</summary>
    public IReadOnlyList<int> Processes(InstanceId id) =>
        [.. ProcessTable.WithConfig(Path.Combine(Home, "instances", id.ToString(), "node.json"))];

    public string Folder(InstanceId id) => Path.Combine(Home, "instances", id.ToString());

    public async ValueTask DisposeAsync()
    {
        await StopAgentAsync();
        foreach (var pid in Directory.Exists(Path.Combine(Home, "instances"))
            ? Directory.EnumerateDirectories(Path.Combine(Home, "instances"))
                .SelectMany(folder => ProcessTable.WithConfig(Path.Combine(folder, "node.json"))).ToList()
            : [])
        {
            NodeProcess.Open(pid)?.Kill();
            await UntilAsync(() => !Directory.Exists($"/proc/{pid}"), () => $"the end of process {pid}");
        }

        var governor = new ResourceGovernor("/sys/fs/cgroup", Home, NullLogger.Instance);
        await UntilAsync(governor.TryReleaseAll, () => "no cgroup left");
        await Plane.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }
}
