using System.Net.WebSockets;
using System.Text.Json;
using Cloud.Contracts;
using Cloud.Kernel;
using Microsoft.Extensions.Logging;

namespace Cloud.Agent.Link;

/// <summary>What the link carries from and to.</summary>
internal interface ILinkEnds
{
    AgentHello Hello();

    ObservedState Observed();

    /// <summary>Windows not accepted yet, oldest first.</summary>
    IReadOnlyList<UsageWindow> PendingUsage();

    void Welcome(ControlWelcome welcome);

    void Desired(DesiredState state);

    void Accepted(UsageAccepted accepted);

    /// <summary>Answers a query; errors are part of the answer.</summary>
    Task<QueryResult> QueryAsync(QueryRequest request, CancellationToken cancellationToken);
}

/// <summary>
/// Keeps one stream to the control plane open, for ever. Nothing depends on a stream: every one begins with a hello, carries whole
/// snapshots, and repeats usage until it is accepted.
/// </summary>
internal sealed class ControlLink(
    Uri controlPlane, Credential credential, ILinkEnds ends, Signal changed, TimeProvider time, SeededRandom random, ILogger logger)
{
    private static readonly TimeSpan ObservedAtLeast = AgentProtocol.SilenceMax / 3;
    private static readonly TimeSpan UsageAgainAfter = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ConnectDeadline = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Proven = TimeSpan.FromSeconds(5);
    private const int UsageWindowsMax = 1000;
    private const int QueriesMax = 8;

    private volatile bool _connected;

    /// <summary>Whether a stream is open that was welcomed.</summary>
    public bool IsConnected => _connected;

    /// <summary>Connects, serves, and connects again until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5), random);
        string? lastProblem = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            var began = time.GetTimestamp();
            var problem = await SessionAsync(cancellationToken);
            if (cancellationToken.IsCancellationRequested)
            {
                return;
            }

            if (problem != lastProblem)
            {
                logger.LogWarning("No stream to {ControlPlane}: {Problem} The instances go on; trying again.", controlPlane, problem);
                lastProblem = problem;
            }

            if (time.GetElapsedTime(began) > Proven)
            {
                backoff.Reset();
                lastProblem = null;
            }

            await Task.Delay(backoff.Next(), time, cancellationToken);
        }
    }

    /// <summary>One stream from connect to its end; returns why it ended.</summary>
    private async Task<string> SessionAsync(CancellationToken cancellationToken)
    {
        if (!credential.Bearer().TryGet(out var bearer, out var failure))
        {
            return failure.Detail;
        }

        using var session = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", "Bearer " + bearer);
        socket.Options.Proxy = null;
        try
        {
            using (var connecting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
            {
                connecting.CancelAfter(ConnectDeadline);
                await socket.ConnectAsync(new Uri(controlPlane, AgentProtocol.Path), connecting.Token);
            }

            using var stream = new MessageStream(socket);
            await stream.SendAsync(ends.Hello(), session.Token);
            if (await stream.ReceiveAsync(session.Token) is not ControlWelcome welcome)
            {
                return "The control plane did not answer the hello with a welcome.";
            }

            ends.Welcome(welcome);
            logger.LogInformation("Connected to {ControlPlane} as {Host}.", controlPlane, welcome.HostId);
            _connected = true;
            return await ServeAsync(stream, session);
        }
        catch (WebSocketException exception)
        {
            return socket.HttpStatusCode == System.Net.HttpStatusCode.Unauthorized
                ? "The credential was refused. Remove the file 'credential' in the agent's home to join anew with a join token."
                : exception.Message;
        }
        catch (Exception exception) when (exception is JsonException or InvalidDataException or IOException or OperationCanceledException)
        {
            return exception.Message;
        }
        finally
        {
            _connected = false;
        }
    }

    /// <summary>Sends and receives until either side ends, then ends the other.</summary>
    private async Task<string> ServeAsync(MessageStream stream, CancellationTokenSource session)
    {
        var send = SendAllAsync(stream, session.Token);
        var receive = ReceiveAllAsync(stream, session.Token);
        var first = await Task.WhenAny(send, receive);
        await session.CancelAsync();
        await Task.WhenAll(send, receive).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // told by the first one
        return first.Exception?.GetBaseException().Message ?? "The control plane closed the stream.";
    }

    private async Task SendAllAsync(MessageStream stream, CancellationToken cancellationToken)
    {
        var sentWindows = new HashSet<string>(StringComparer.Ordinal);
        var sentAt = time.GetTimestamp();
        while (true)
        {
            await stream.SendAsync(ends.Observed(), cancellationToken);
            if (time.GetElapsedTime(sentAt) > UsageAgainAfter)
            {
                sentWindows.Clear();
            }

            var windows = ends.PendingUsage().Where(window => !sentWindows.Contains(window.Id)).Take(UsageWindowsMax).ToList();
            if (windows.Count > 0)
            {
                await stream.SendAsync(new UsageReport(windows), cancellationToken);
                sentWindows.UnionWith(windows.Select(window => window.Id));
                sentAt = time.GetTimestamp();
            }

            await changed.WaitAsync(ObservedAtLeast, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private async Task ReceiveAllAsync(MessageStream stream, CancellationToken cancellationToken)
    {
        var queries = new List<Task>();
        while (await stream.ReceiveAsync(cancellationToken) is { } message)
        {
            switch (message)
            {
                case DesiredState state:
                    ends.Desired(state);
                    break;
                case UsageAccepted accepted:
                    ends.Accepted(accepted);
                    changed.Set(); // More may wait.
                    break;
                case QueryRequest request:
                    queries.RemoveAll(query => query.IsCompleted);
                    queries.Add(queries.Count < QueriesMax
                        ? AnswerAsync(stream, request, cancellationToken)
                        : stream.SendAsync(Busy(request), cancellationToken));
                    break;
                default:
                    break; // A heartbeat, or something of a newer control plane.
            }
        }

        await Task.WhenAll(queries);
    }

    private async Task AnswerAsync(MessageStream stream, QueryRequest request, CancellationToken cancellationToken) =>
        await stream.SendAsync(await ends.QueryAsync(request, cancellationToken), cancellationToken);

    private static QueryResult Busy(QueryRequest request)
    {
        const int TooManyConnections = 1040; // ER_CON_COUNT_ERROR
        return new QueryResult
        {
            QueryId = request.QueryId,
            ErrorNumber = TooManyConnections,
            Error = $"This host already runs {QueriesMax} console queries; wait for one to end.",
        };
    }
}
