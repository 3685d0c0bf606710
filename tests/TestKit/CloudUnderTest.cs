using Cloud.Local.Processes;

namespace Cloud.TestKit;

/// <summary>
/// A whole cloud of its own, run by <c>cloud-local</c> as a person would: ports and home differ from every other cloud's, and
/// disposing purges it. Needs the product to be built.
/// </summary>
public sealed class CloudUnderTest : IAsyncDisposable
{
    private readonly string _local;

    private CloudUnderTest(string home, int port)
    {
        Home = home;
        ApiPort = port;
        PortalPort = port + 1;
        AgentPort = port + 2;
        _local = Path.Combine(Root, "infra/Local/bin/Release/net10.0/cloud-local");
    }

    /// <summary>The checkout that the tests were built from.</summary>
    public static string Root { get; } = FindRoot();

    public string Home { get; }

    public int ApiPort { get; }

    public int PortalPort { get; }

    public int AgentPort { get; }

    public Uri ApiUrl => new($"http://127.0.0.1:{ApiPort}");

    public Uri PortalUrl => new($"http://localhost:{PortalPort}");

    /// <summary>What a shell needs to speak of this cloud.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["CLOUD_ROOT"] = Root,
        ["CLOUD_HOME"] = Home,
        ["CLOUD_API_PORT"] = $"{ApiPort}",
        ["CLOUD_PORTAL_PORT"] = $"{PortalPort}",
        ["CLOUD_AGENT_PORT"] = $"{AgentPort}",
        ["CLOUD_API_URL"] = ApiUrl.ToString().TrimEnd('/'),
        ["CLOUD_PUBLIC_URL"] = PortalUrl.ToString().TrimEnd('/'),
    };

    /// <summary>Brings a cloud up and returns when all of it is ready.</summary>
    public static async Task<CloudUnderTest> StartAsync(CancellationToken cancellationToken = default)
    {
        var home = Path.Combine("/var/tmp", $"cloud-system-{Guid.NewGuid():N}"[..24]);
        Directory.CreateDirectory(home);
        File.SetUnixFileMode(
            home,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        var cloud = new CloudUnderTest(home, FreeTriple());
        try
        {
            await cloud.UpAsync(cancellationToken);
            return cloud;
        }
        catch
        {
            await cloud.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs <c>up --detach</c> again, after a <see cref="DownAsync"/>.</summary>
    public async Task UpAsync(CancellationToken cancellationToken = default)
    {
        var result = await LocalAsync(["up", "--detach", "--no-build"], cancellationToken);
        if (!result.Succeeded)
        {
            throw new InvalidOperationException($"The cloud did not come up:\n{result.Output}\n{result.Error}\n{await LogsAsync()}");
        }
    }

    /// <summary>Runs <c>down</c>: nothing of the cloud runs when it returns, its data is kept.</summary>
    public async Task DownAsync(CancellationToken cancellationToken = default) => await LocalAsync(["down"], cancellationToken);

    /// <summary>Runs a verb of <c>./cloud</c> against this cloud.</summary>
    public Task<ShellResult> LocalAsync(IEnumerable<string> arguments, CancellationToken cancellationToken = default) =>
        Shell.RunAsync(_local, arguments, cancellationToken, Environment);

    /// <summary>The process of a service as the supervisor started it; null while it is down.</summary>
    public ProcessIdentity? FindService(string name)
    {
        var status = Local.Supervision.Supervisor.ReadStatus(Settings);
        return status?.Services.FirstOrDefault(service => service.Name == name)?.Process;
    }

    /// <summary>The supervisor of a cloud that is up.</summary>
    public ProcessIdentity? FindSupervisor() => Local.Supervision.PidFile.FindAlive(Settings, Local.Supervision.PidFile.Supervisor);

    /// <summary>Processes on this machine whose command line names this cloud's home.</summary>
    public IReadOnlyList<int> Processes() =>
    [
        .. Directory.GetDirectories("/proc")
            .Select(folder => int.TryParse(Path.GetFileName(folder), out var pid) ? pid : 0)
            .Where(pid => pid > 0 && CommandLine(pid).Contains(Home, StringComparison.Ordinal)),
    ];

    /// <summary>The ends of all logs, for a failure's message.</summary>
    public async Task<string> LogsAsync(int lines = 30) => (await LocalAsync(["logs", "-n", $"{lines}"])).Output;

    public async ValueTask DisposeAsync()
    {
        await LocalAsync(["down", "--purge"]);
        if (Directory.Exists(Home))
        {
            Directory.Delete(Home, recursive: true);
        }
    }

    private Local.CloudSettings Settings => new()
    {
        Root = Root, Home = Home, ApiPort = ApiPort, PortalPort = PortalPort, AgentPort = AgentPort, PublicUrl = PortalUrl.ToString(),
    };

    private static string CommandLine(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return string.Empty;
        }
    }

    /// <summary>Three neighbouring free ports below those that outgoing connections use.</summary>
    private static int FreeTriple()
    {
        var random = new Kernel.SeededRandom((ulong)System.Environment.ProcessId ^ (ulong)TimeProvider.System.GetTimestamp());
        while (true)
        {
            var port = random.Next(8000, 11900) / 10 * 10;
            if (Local.Ports.IsFree(port) && Local.Ports.IsFree(port + 1) && Local.Ports.IsFree(port + 2))
            {
                return port;
            }
        }
    }

    private static string FindRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Cloud.sln")))
            {
                return folder;
            }
        }

        throw new InvalidOperationException("The tests do not run from a checkout.");
    }
}
