using Cloud.Local.Postgres;
using Cloud.Local.Processes;

namespace Cloud.Local.Supervision;

/// <summary>The services of a cloud on one machine: PostgreSQL, then the control-plane host and the portal at once, then the agent.</summary>
public sealed class CloudServices(CloudSettings settings, CloudIdentity identity, PrivatePostgres postgres)
{
    public const string Postgres = "postgres";
    public const string Host = "host";
    public const string Portal = "portal";
    public const string Agent = "agent";

    private const string JoinToken = "agent-join-token";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    /// <summary>Where the agent keeps its state and the data of its instances.</summary>
    public string AgentHome => Path.Combine(settings.Home, "agent");

    public IReadOnlyList<ServiceDefinition> All() => [PostgresService(), HostService(), PortalService(), AgentService()];

    private ServiceDefinition PostgresService()
    {
        var (file, arguments) = postgres.ServerCommand();
        return new ServiceDefinition
        {
            Name = Postgres,
            File = file,
            Arguments = arguments,
            StopSignal = Signals.Interrupt,
            WaitUntilReady = cancellationToken => postgres.EnsureDatabaseAsync(StartLimit, () => true, cancellationToken),
        };
    }

    private ServiceDefinition HostService() => new()
    {
        Name = Host,
        File = settings.Executable("control-plane/Host", "cloud-host"),
        Arguments = [],
        Environment = new Dictionary<string, string>(Common())
        {
            ["CLOUD_DATABASE"] = postgres.Settings.ConnectionString(),
            ["CLOUD_AGENT_JOIN_TOKEN_FILE"] = MintedJoinTokenFile(),
        },
        After = [Postgres],
        WaitUntilReady = cancellationToken => Probe.UntilOkAsync($"{settings.ApiUrl}/readyz", StartLimit, cancellationToken),
    };

    private ServiceDefinition PortalService() => new()
    {
        Name = Portal,
        File = settings.Executable("portal/Portal", "cloud-portal"),
        Arguments = [],
        Environment = new Dictionary<string, string>(Common()) { ["CLOUD_API_URL"] = settings.ApiUrl },
        After = [Postgres],
        WaitUntilReady = cancellationToken =>
            Probe.UntilOkAsync($"http://127.0.0.1:{settings.PortalPort}/readyz", StartLimit, cancellationToken),
    };

    private ServiceDefinition AgentService()
    {
        var agent = settings.Executable("data-plane/Agent", "cloud-agent");
        return new ServiceDefinition
        {
            Name = Agent,
            File = agent,
            Arguments =
            [
                "--control-plane", $"ws://127.0.0.1:{settings.AgentPort}",
                "--home", AgentHome,
                "--location", "local",
                "--join-token-file", MintedJoinTokenFile(),
                "--ports", $"{identity.NodePortFirst}-{identity.NodePortLast}",
                "--status-port", $"{identity.AgentStatusPort}",
                "--node-binary", settings.Executable("data-plane/Node", "cloud-node"),
            ],
            Environment = Common(),
            After = [Host],
            StopLimit = TimeSpan.FromSeconds(30),
            WaitUntilReady = cancellationToken =>
                Probe.UntilOkAsync($"http://127.0.0.1:{identity.AgentStatusPort}/readyz", StartLimit, cancellationToken),
            AfterStop = cancellationToken => Shell.RunAsync(agent, ["stop-all", "--home", AgentHome], cancellationToken),
        };
    }

    private Dictionary<string, string> Common() => new()
    {
        ["CLOUD_HOME"] = settings.Home,
        ["CLOUD_INSTANCE_ID"] = identity.InstanceId,
        ["CLOUD_API_PORT"] = $"{settings.ApiPort}",
        ["CLOUD_PORTAL_PORT"] = $"{settings.PortalPort}",
        ["CLOUD_AGENT_PORT"] = $"{settings.AgentPort}",
        ["CLOUD_PUBLIC_URL"] = settings.PublicUrl,
        ["DOTNET_NOLOGO"] = "1",
    };

    private string MintedJoinTokenFile()
    {
        CloudHome.Secret(settings, JoinToken);
        return CloudHome.SecretFile(settings, JoinToken);
    }
}
