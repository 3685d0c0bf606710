using Cloud.Agent.Processes;
using Cloud.Contracts;
using Cloud.Kernel;

namespace Cloud.Agent.Instances;

/// <summary>
/// One life of an instance's process, from its start or adoption to its end: what it was started for, whether it is ready, whether it
/// was asked to end. Owned by the supervisor's loop; only the probe runs beside it. Disposing lets the process run on.
/// </summary>
internal sealed class NodeLife(
    NodeProcess process, ProcessRecord record, string logFile, SupervisorServices services, Signal wake) : IDisposable
{
    private static readonly TimeSpan ProbeWhileStarting = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan ProbeWhileReady = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ProbeWhileUnready = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan WatchWhileStopping = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan WatchWhileReady = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan SlowStart = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LogCheck = TimeSpan.FromSeconds(5);

    private DateTimeOffset _nextProbe;
    private DateTimeOffset _nextLogCheck;
    private Task<(ProbeResult Result, string? Incarnation)>? _probe;
    private bool _ready;
    private bool _killed;

    public ProcessRecord Record { get; } = record;

    public int Pid => process.Identity.Pid;

    public bool HasEnded => process.HasEnded;

    /// <summary>The process's own name for this life; null until it was ready once.</summary>
    public string? Incarnation { get; private set; }

    /// <summary>When it last became ready; null when it never was.</summary>
    public DateTimeOffset? ReadyAt { get; private set; }

    public DateTimeOffset? StoppingSince { get; private set; }

    /// <summary>Why it is not ready, once that is worth telling; null otherwise.</summary>
    public string? Problem { get; private set; }

    public ObservedInstanceState State => (StoppingSince, _ready, ReadyAt) switch
    {
        ({ }, _, _) => ObservedInstanceState.Stopping,
        (_, true, _) => ObservedInstanceState.Ready,
        (_, _, { }) => ObservedInstanceState.Unready,
        _ => ObservedInstanceState.Starting,
    };

    /// <summary>Takes over a probe's answer, starts the next one when due, bounds the log, and says when to look again.</summary>
    public TimeSpan Watch(CancellationToken cancellationToken)
    {
        if (StoppingSince is not null)
        {
            return WatchWhileStopping;
        }

        var now = services.Time.GetUtcNow();
        if (now >= _nextLogCheck)
        {
            LogFile.RotateIfFull(logFile);
            _nextLogCheck = now + LogCheck;
        }

        if (_probe is { IsCompletedSuccessfully: true })
        {
            (var result, Incarnation) = _probe.Result;
            TakeOver(result, now);
            _probe = null;
        }

        if (_probe is null && now >= _nextProbe)
        {
            _probe = ProbeAsync(Incarnation, cancellationToken);
            _nextProbe = now + (_ready ? ProbeWhileReady : ReadyAt is null ? ProbeWhileStarting : ProbeWhileUnready);
        }

        return _ready ? WatchWhileReady : ProbeWhileStarting;
    }

    /// <summary>Reads the last usage, then asks the process to drain and end.</summary>
    public async Task StopAsync(Action beforeUsage, CancellationToken cancellationToken)
    {
        StoppingSince = services.Time.GetUtcNow();
        beforeUsage();
        if (ReadyAt is not null)
        {
            await services.Usage.CutFinalAsync(Record.Spec, cancellationToken);
        }

        process.Terminate();
    }

    /// <summary>Ends the process at once; repeating it is harmless. True the first time.</summary>
    public bool Kill()
    {
        if (_killed)
        {
            return false;
        }

        process.Kill();
        return _killed = true;
    }

    /// <summary>See <see cref="NodeProcess.ExitCode"/>.</summary>
    public int? ExitCode() => process.ExitCode();

    public void Dispose() => process.Dispose();

    private void TakeOver(ProbeResult result, DateTimeOffset now)
    {
        if (result.IsReady)
        {
            ReadyAt = _ready ? ReadyAt : now;
            _ready = true;
            Problem = null;
            return;
        }

        _ready = false;
        if (ReadyAt is not null || now - Record.StartedAt > SlowStart)
        {
            Problem = result.Problem;
        }
    }

    private async Task<(ProbeResult Result, string? Incarnation)> ProbeAsync(
        string? incarnation, CancellationToken cancellationToken)
    {
        try
        {
            var config = Record.Spec.Config;
            var result = await services.Probe.ReadyAsync(config, cancellationToken);
            if (result.IsReady && incarnation is null)
            {
                incarnation = (await services.Probe.UsageAsync(config, cancellationToken))?.Incarnation;
            }

            return (result, incarnation);
        }
        finally
        {
            wake.Set();
        }
    }
}
