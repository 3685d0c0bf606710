using System.Threading.Channels;
using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Metering.Public;
using Cloud.Modules.Platform.Messaging;
using Npgsql;

namespace Cloud.Modules.Provisioning.Agents;

/// <summary>
/// One stream of one agent, from the welcome to its end. Three loops: what the agent says, what it is told, and its usage, which may
/// wait for the meter without holding up the rest.
/// </summary>
/// <remarks>
/// Nothing is remembered beyond the stream: the wish is read from the database whenever it may have changed, and the first report of
/// a stream is stored whole. A stream that loses its right to speak, its database or its agent ends, and the agent dials again.
/// </remarks>
internal sealed partial class AgentSession(
    HostSession session,
    AgentSocket socket,
    HostStore hosts,
    IServiceScopeFactory scopes,
    TimeProvider time,
    ILogger<AgentSession> logger)
{
    /// <summary>Reports of usage that wait; an agent repeats what was dropped.</summary>
    private const int UsageReportsMax = 4;

    private static readonly TimeSpan SpeakAtLeast = AgentProtocol.SilenceMax / 3;

    /// <summary>Rest after a snapshot, per instance in it: many changes of a full host share a snapshot, one of an empty host waits for none.</summary>
    private static readonly TimeSpan RestPerInstance = TimeSpan.FromMicroseconds(100);

    private readonly WakeSignal _wake = new();
    private readonly Channel<UsageReport> _usage = Channel.CreateBounded<UsageReport>(
        new BoundedChannelOptions(UsageReportsMax) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly Channel<ControlMessage> _answers = Channel.CreateBounded<ControlMessage>(UsageReportsMax);
    private readonly Dictionary<InstanceId, InstanceStatus> _stored = [];
    private bool _hasReported;

    public HostId Host => session.Host;

    /// <summary>The wish may have changed: the agent is told at once. Thread-safe.</summary>
    public void Poke() => _wake.Set();

    /// <summary>Serves until the stream ends; returns why it did.</summary>
    public async Task<string> RunAsync(int usageWindowSeconds, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await socket.SendAsync(
            new ControlWelcome
            {
                HostId = session.Host,
                Credential = session.Credential,
                UsageWindowSeconds = usageWindowSeconds,
            },
            ending.Token);
        Task<string>[] loops = [ListenAsync(ending.Token), SpeakAsync(ending.Token), MeterAsync(ending.Token)];
        var first = await Task.WhenAny(loops);
        await ending.CancelAsync();
        var reasons = await Task.WhenAll(loops.Select(ReasonAsync));
        return reasons[Array.IndexOf(loops, first)]; // the others ended because it did
    }

    private static async Task<string> ReasonAsync(Task<string> ended)
    {
        try
        {
            return await ended;
        }
        catch (Exception fault) when (fault is NpgsqlException or AgentProtocolException or IOException
            or System.Net.WebSockets.WebSocketException or OperationCanceledException or InvariantViolatedException)
        {
            return fault.Message;
        }
    }

    private async Task<string> ListenAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            using var silence = new CancellationTokenSource(AgentProtocol.SilenceMax, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, silence.Token);
            AgentMessage? message;
            try
            {
                message = await socket.ReceiveAsync(either.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return $"nothing was heard for {AgentProtocol.SilenceMax.TotalSeconds:0} s";
            }

            switch (message)
            {
                case null:
                    return "the agent closed the stream";
                case ObservedState observed when !await StoreAsync(observed, cancellationToken):
                    return "a newer stream speaks for this host";
                case UsageReport report:
                    _usage.Writer.TryWrite(report);
                    break;
                default:
                    break; // A heartbeat, something stored above, or a message of a newer agent.
            }
        }
    }

    private async Task<bool> StoreAsync(ObservedState observed, CancellationToken cancellationToken)
    {
        var changed = observed.Instances
            .Where(status => !_stored.TryGetValue(status.Id, out var before) || before != status)
            .ToList();
        if (!await hosts.StoreObservedAsync(session, observed, changed, cancellationToken))
        {
            return false;
        }

        foreach (var status in changed)
        {
            _stored[status.Id] = status;
        }

        if (!_hasReported)
        {
            _hasReported = true;
            await hosts.AnnounceAsync(cancellationToken);
        }

        return true;
    }

    private async Task<string> SpeakAsync(CancellationToken cancellationToken)
    {
        long told = 0;
        while (true)
        {
            var desired = await hosts.LoadDesiredAsync(session.Host, cancellationToken);
            if (desired.Revision > told)
            {
                await socket.SendAsync(desired, cancellationToken);
                told = desired.Revision;
                await Task.Delay(RestPerInstance * desired.Instances.Count, time, cancellationToken);
            }
            else if (!_answers.Reader.TryPeek(out _))
            {
                await socket.SendAsync(new ControlHeartbeat(), cancellationToken);
            }

            while (_answers.Reader.TryRead(out var answer))
            {
                await socket.SendAsync(answer, cancellationToken);
            }

            await _wake.WaitAsync(SpeakAtLeast, time, cancellationToken);
        }
    }

    private async Task<string> MeterAsync(CancellationToken cancellationToken)
    {
        await foreach (var report in _usage.Reader.ReadAllAsync(cancellationToken))
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                var store = scope.ServiceProvider.GetRequiredService<IUsageStore>();
                var accepted = await store.StoreAsync(session.Host, report.Windows, cancellationToken);
                await _answers.Writer.WriteAsync(new UsageAccepted(accepted), cancellationToken);
                _wake.Set();
            }
            catch (NpgsqlException unreachable)
            {
                LogUsageNotStored(logger, session.Host, unreachable.Message);
            }
        }

        return "the stream ended";
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Usage of host {Host} was not stored and will come again: {Reason}")]
    private static partial void LogUsageNotStored(ILogger logger, HostId host, string reason);
}
