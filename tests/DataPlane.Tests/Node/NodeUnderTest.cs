using System.Diagnostics;
using System.Text.Json;
using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.TestKit;

namespace Cloud.DataPlane.Tests.Node;

/// <summary>A <c>cloud-node</c> process of one role, with a folder and ports of its own; killed when it is disposed.</summary>
internal sealed class NodeUnderTest : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };

    private readonly TemporaryFolder _folder;
    private readonly List<string> _output = [];
    private Process? _process;

    public NodeUnderTest(InstanceRole role, int pdPort, TemporaryFolder folder)
    {
        _folder = folder;
        var id = TypedId.New<InstanceId>(TimeProvider.System);
        Config = new NodeConfig
        {
            InstanceId = id,
            ClusterId = TypedId.New<ClusterId>(TimeProvider.System),
            PdClusterId = 4711,
            Role = role,
            BindAddress = "127.0.0.1",
            AdvertisedAddress = "127.0.0.1",
            ClientPort = role == InstanceRole.Pd ? pdPort : FreePort.Next(),
            StatusPort = FreePort.Next(),
            DataDirectory = Path.Combine(folder.Path, id.ToString()),
            PdEndpoints = [$"127.0.0.1:{pdPort}"],
        };
    }

    public static string Binary { get; } = Path.Combine(AppContext.BaseDirectory, "cloud-node");

    public NodeConfig Config { get; set; }

    public string ConfigFile => Path.Combine(_folder.Path, Config.InstanceId + ".json");

    public int Pid => _process!.Id;

    public string Output
    {
        get
        {
            lock (_output)
            {
                return string.Join('\n', _output);
            }
        }
    }

    public void WriteConfig() => File.WriteAllBytes(ConfigFile, JsonSerializer.SerializeToUtf8Bytes(Config, AgentProtocol.Json));

    public void Start()
    {
        WriteConfig();
        Start(Config.Role.Word(), "--instance", Config.InstanceId.ToString(), "--config", ConfigFile);
    }

    public void Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(Binary, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Asks the status port; null when it does not answer.</summary>
    public async Task<(int Code, string Body)?> GetAsync(string path)
    {
        try
        {
            using var response = await Http.GetAsync($"http://127.0.0.1:{Config.StatusPort}{path}");
            return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    public async Task WaitUntilReadyAsync() => await WaitAsync(async () => (await GetAsync("/readyz"))?.Code == 200);

    /// <summary>Waits for a condition, and tells the output when it does not come.</summary>
    public async Task WaitAsync(Func<Task<bool>> condition)
    {
        var deadline = DateTime.UtcNow + Limit;
        while (!await condition())
        {
            if (DateTime.UtcNow > deadline || _process is { HasExited: true })
            {
                throw new TimeoutException($"The condition did not come; the node's output:\n{Output}");
            }

            await Task.Delay(20);
        }
    }

    public async Task<int> ExitAsync()
    {
        using var deadline = new CancellationTokenSource(Limit);
        await _process!.WaitForExitAsync(deadline.Token);
        return _process.ExitCode;
    }

    public async Task<int> TerminateAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", Pid.ToString()]);
        await kill.WaitForExitAsync();
        return await ExitAsync();
    }

    public async Task KillAsync()
    {
        _process!.Kill();
        await ExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await KillAsync();
        }

        _process?.Dispose();
    }

    private void Keep(string? line)
    {
        lock (_output)
        {
            if (line is not null && _output.Count < 1000)
            {
                _output.Add(line);
            }
        }
    }
}
