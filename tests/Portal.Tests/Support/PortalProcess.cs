using System.Diagnostics;
using System.Text;
using Cloud.TestKit;

namespace Cloud.Portal.Tests.Support;

/// <summary>The console as people run it: its own process, with a home of its own.</summary>
internal sealed class PortalProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _log = new();

    private PortalProcess(Process process, Uri url)
    {
        _process = process;
        Url = url;
    }

    public Uri Url { get; }

    public string Log => _log.ToString();

    public static string Executable { get; } =
        Path.Combine(CloudUnderTest.Root, "portal/Portal/bin", Configuration, "net10.0/cloud-portal");

#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    /// <summary>Starts a console for an API and returns when it is ready.</summary>
    public static async Task<PortalProcess> StartAsync(Uri api, string home, IReadOnlyDictionary<string, string>? environment = null)
    {
        var port = FreePort.Next();
        var start = new ProcessStartInfo(Executable) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = home };
        start.Environment["CLOUD_PORTAL_PORT"] = $"{port}";
        start.Environment["CLOUD_API_URL"] = api.ToString();
        start.Environment["CLOUD_HOME"] = home;
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start) ?? throw new InvalidOperationException($"{Executable} did not start.");
        var portal = new PortalProcess(process, new Uri($"http://localhost:{port}"));
        process.OutputDataReceived += (_, line) => portal.Append(line.Data);
        process.ErrorDataReceived += (_, line) => portal.Append(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var client = new HttpClient { BaseAddress = portal.Url };
        try
        {
            await Eventually.TrueAsync(() => process.HasExited || IsReady(client), "the console is ready");
            if (process.HasExited)
            {
                throw new InvalidOperationException($"The console ended with {process.ExitCode}:\n{portal.Log}");
            }

            return portal;
        }
        catch
        {
            await portal.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private void Append(string? line)
    {
        lock (_log)
        {
            _log.AppendLine(line);
        }
    }

    private static bool IsReady(HttpClient client)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/readyz");
            using var response = client.Send(request);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
