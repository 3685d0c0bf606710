using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Cloud.Contracts;

namespace Cloud.Agent.Instances;

/// <summary>Asks node processes over their status port. Thread-safe.</summary>
internal sealed class NodeProbe : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);

    private readonly HttpClient _client = new(new SocketsHttpHandler
    {
        ConnectTimeout = Deadline,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(10),
        UseProxy = false,
        AllowAutoRedirect = false,
    })
    {
        Timeout = Deadline,
        MaxResponseContentBufferSize = 64 * 1024,
    };

    /// <summary>What <c>/readyz</c> says. Never throws but for cancellation.</summary>
    public async Task<ProbeResult> ReadyAsync(NodeConfig config, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _client.GetAsync(Address(config, "readyz"), cancellationToken);
            if (response.StatusCode == HttpStatusCode.OK)
            {
                return ProbeResult.Ready;
            }

            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            return new ProbeResult(false, true, $"/readyz answers {(int)response.StatusCode}: {Cut(text)}");
        }
        catch (Exception exception) when (IsFault(exception, cancellationToken))
        {
            return new ProbeResult(false, false, $"/readyz does not answer: {exception.Message}");
        }
    }

    /// <summary>The cumulative counters; null when the process does not give them.</summary>
    public async Task<NodeUsage?> UsageAsync(NodeConfig config, CancellationToken cancellationToken)
    {
        try
        {
            return await _client.GetFromJsonAsync<NodeUsage>(Address(config, "usage"), AgentProtocol.Json, cancellationToken);
        }
        catch (Exception exception) when (exception is JsonException || IsFault(exception, cancellationToken))
        {
            return null;
        }
    }

    public void Dispose() => _client.Dispose();

    private static Uri Address(NodeConfig config, string path)
    {
        var host = config.BindAddress switch
        {
            "0.0.0.0" => "127.0.0.1",
            "::" => "[::1]",
            var address => address.Contains(':') ? $"[{address}]" : address,
        };
        return new Uri($"http://{host}:{config.StatusPort}/{path}");
    }

    private static bool IsFault(Exception exception, CancellationToken cancellationToken) =>
        exception is HttpRequestException or IOException
        || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    private static string Cut(string text) => text.Length <= 300 ? text : text[..300];
}

/// <param name="Answered">Whether there was an answer at all.</param>
/// <param name="Problem">For people; null when ready.</param>
internal sealed record ProbeResult(bool IsReady, bool Answered, string? Problem)
{
    public static readonly ProbeResult Ready = new(true, true, null);
}
