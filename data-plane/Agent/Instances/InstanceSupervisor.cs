using Cloud.Agent.Processes;
using Cloud.Contracts;
using Cloud.Kernel;
using Microsoft.Extensions.Logging;

namespace Cloud.Agent.Instances;

/// <summary>
/// Makes one instance what its spec wishes. One loop owns all state; the wish comes in and the status goes out as immutable records.
/// Cancelling the loop leaves the process running.
/// Crash points: the record is written before a start (intent) and after it (identity); whatever was started in between is found by
/// its command line and, should it not have got that far, shut out by the instance's lock. See <see cref="NodeLauncher"/>.
/// </summary>
internal sealed class InstanceSupervisor
{
    private const int LastErrorMax = 1000;
    private static readonly TimeSpan RestWithoutProcess = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RefusalRetry = TimeSpan.FromSeconds(5);

    /// <summary>A process that was ready this long has proved itself: after its next crash the backoff begins anew.</summary>
    private static readonly TimeSpan ProvenAfter = TimeSpan.FromMinutes(1);

    private readonly SupervisorServices _services;
    private readonly InstanceFolder _folder;
    private readonly Backoff _backoff;
    private readonly Signal _wake;

    private InstanceSpec _wish;
    private volatile InstanceStatus _status;

    private NodeLife? _life;
    private NodeConfig? _written;
    private DateTimeOffset? _startNotBefore;
    private Failure? _error;
    private int _crashes;
    private long _blueprint;
    private bool _adopted;

    public InstanceSupervisor(InstanceSpec wish, SupervisorServices services, ulong seed)
    {
        _wish = wish;
        _services = services;
        _folder = new InstanceFolder(services.Home, wish.Id);
        _backoff = new Backoff(TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(30), new SeededRandom(seed));
        _wake = new Signal(services.Time);
        _status = Describe();
    }

    /// <summary>The newest fact.</summary>
    public InstanceStatus Status => _status;

    /// <summary>The wish that is pursued.</summary>
    public InstanceSpec Wish => Volatile.Read(ref _wish);

    private DateTimeOffset Now => _services.Time.GetUtcNow();

    /// <summary>Changes the wish; takes effect at once.</summary>
    public void Set(InstanceSpec wish)
    {
        Volatile.Write(ref _wish, wish);
        _wake.Set();
    }

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        InstanceSpec? seen = null;
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                var wish = Wish;
                var pause = await TurnAsync(wish, seen, cancellationToken);
                seen = wish;
                Publish();
                if (pause > TimeSpan.Zero)
                {
                    await _wake.WaitAsync(pause, cancellationToken);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The end of the agent, not of the process.
        }
        finally
        {
            _life?.Dispose();
        }
    }

    /// <summary>Looks, does at most one thing, and says how long nothing else can be due.</summary>
    private async Task<TimeSpan> TurnAsync(InstanceSpec wish, InstanceSpec? seen, CancellationToken cancellationToken)
    {
        try
        {
            if (!_adopted)
            {
                Adopt(wish);
                _adopted = true;
            }
            else if (!ReferenceEquals(wish, seen))
            {
                _startNotBefore = null; // A new wish deserves a try at once.
                _error = null;
            }

            if (_life is { HasEnded: true } ended)
            {
                OnEnded(wish, ended);
            }

            return await StepAsync(wish, cancellationToken);
        }
        catch (Exception exception) when (exception
            is IOException or UnauthorizedAccessException or InvalidDataException or System.ComponentModel.Win32Exception)
        {
            _services.Logger.LogError(exception, "{Instance} cannot be handled on this host.", wish.Id);
            Refuse(wish, new Failure("host-fault", $"The host refuses: {exception.Message} It is tried again."));
            return RefusalRetry;
        }
    }

    private async Task<TimeSpan> StepAsync(InstanceSpec wish, CancellationToken cancellationToken)
    {
        var step = SupervisorPlan.Next(wish, Facts(), _services.DrainMax, Now);
        if (step is not (SupervisorStep.Stop or SupervisorStep.Kill) && _life?.StoppingSince is null)
        {
            _blueprint = wish.Blueprint; // Nothing of an older one is left, or this step ends it.
        }

        switch (step)
        {
            case SupervisorStep.Start:
                Start(wish);
                return TimeSpan.Zero;
            case SupervisorStep.WriteConfig:
                _folder.WriteConfig(wish.Config);
                _written = wish.Config;
                return TimeSpan.Zero;
            case SupervisorStep.Stop when _life is not null:
                await _life.StopAsync(Publish, cancellationToken);
                return TimeSpan.Zero;
            case SupervisorStep.Kill when _life is not null && _life.Kill():
                _services.Logger.LogWarning("{Instance} did not drain in {Limit}: it was killed.", wish.Id, _services.DrainMax);
                return TimeSpan.Zero;
            case SupervisorStep.Remove:
                Remove(wish);
                return TimeSpan.Zero;
            default:
                return _life?.Watch(cancellationToken) ?? Rest(wish);
        }
    }

    private SupervisorFacts Facts() => new()
    {
        Started = _life?.Record.Spec,
        Written = _written,
        FolderExists = _folder.Exists,
        StoppingSince = _life?.StoppingSince,
        StartNotBefore = _startNotBefore,
    };

    /// <summary>Finds a process of this instance that an earlier agent started, and goes on with it.</summary>
    private bool Adopt(InstanceSpec wish)
    {
        if (!_folder.Exists)
        {
            return false; // The folder comes before the first process and goes after the last one.
        }

        var record = _folder.ReadRecord();
        _crashes = record?.Crashes ?? 0;
        foreach (var pid in ProcessTable.WithConfig(_folder.ConfigFile))
        {
            // The process is looked at again once its descriptor is held: only then does the number stand for it.
            var process = NodeProcess.Open(pid);
            if (process is null || !ProcessTable.RunsWith(pid, _folder.ConfigFile))
            {
                process?.Dispose();
                continue;
            }

            // Without a record it is not known what the process was started for: an older generation makes the plan restart it.
            var known = record ?? new ProcessRecord { Spec = wish with { RestartGeneration = long.MinValue }, StartedAt = Now };
            known = known with { Identity = process.Identity };
            _folder.WriteRecord(known);
            _life = new NodeLife(process, known, _folder.LogFile, _services, _wake);
            _blueprint = known.Spec.Blueprint;
            _written = null; // Written anew, in case the last agent ended before it could.
            _services.Logger.LogInformation("Adopted {Instance}, process {Pid}.", wish.Id, pid);
            return true;
        }

        return false;
    }

    private void Start(InstanceSpec wish)
    {
        var hasData = Directory.Exists(_folder.DataDirectory) && Directory.EnumerateFileSystemEntries(_folder.DataDirectory).Any();
        if (!_services.Admission.Admit(wish, hasData).TryGet(out var binary, out var failure))
        {
            Refuse(wish, failure);
            return;
        }

        _folder.Create();
        LogFile.RotateIfFull(_folder.LogFile);
        _folder.WriteConfig(wish.Config);
        _written = wish.Config;
        var record = new ProcessRecord { Spec = wish, StartedAt = Now, Crashes = _crashes };
        _folder.WriteRecord(record);
        var child = NodeLauncher.Start(new LaunchRequest(
            binary,
            wish.Role,
            wish.Id.ToString(),
            _folder.Path,
            _folder.ConfigFile,
            _folder.LockFile,
            _folder.LogFile,
            _services.Governor.Prepare(wish.Id, wish.Limits),
            ResourceGovernor.RuntimeSettings(wish.Role, wish.Limits)));
        _error = null;
        if (NodeProcess.Open(child.Id, child) is not { } process)
        {
            child.WaitForExit(); // It has ended already; this only waits for the base library's reaper.
            OnCrashed(wish, child.ExitCode, readyAt: null);
            child.Dispose();
            return;
        }

        record = record with { Identity = process.Identity };
        _life = new NodeLife(process, record, _folder.LogFile, _services, _wake);
        _folder.WriteRecord(record);
        _services.Logger.LogInformation(
            "Started {Instance} as {Role} {Version}, process {Pid}.", wish.Id, wish.Role.Word(), wish.Version, child.Id);
    }

    private void OnEnded(InstanceSpec wish, NodeLife ended)
    {
        _life = null;
        _services.Governor.Release(wish.Id);
        if (ended.StoppingSince is null)
        {
            OnCrashed(wish, ended.ExitCode(), ended.ReadyAt);
        }
        else
        {
            _error = null;
            _backoff.Reset();
        }

        ended.Dispose();
    }

    private void OnCrashed(InstanceSpec wish, int? exitCode, DateTimeOffset? readyAt)
    {
        if (exitCode == NodeLauncher.AlreadyRunning && Adopt(wish))
        {
            return;
        }

        var lastLine = LogFile.LastLine(_folder.LogFile);
        if (exitCode == NodeExitCodes.PortTaken)
        {
            Refuse(wish, Admission.PortTaken($"The process could not bind one of its ports: {lastLine}"));
            return;
        }

        if (Now - readyAt >= ProvenAfter)
        {
            _backoff.Reset();
        }

        var delay = _backoff.Next();
        _crashes++;
        _startNotBefore = Now + delay;
        var how = exitCode is { } code ? $"ended with code {code}" : "ended";
        _error = new Failure(
            InstanceErrorCodes.Crashed,
            $"The process {how}; restart in {delay.TotalSeconds:0.0} s. Last log line: {lastLine} ({_folder.LogName})");
        _services.Logger.LogWarning("{Instance} crashed: {Error}", wish.Id, _error.Detail);
    }

    private void Refuse(InstanceSpec wish, Failure failure)
    {
        if (_error != failure)
        {
            _services.Logger.LogWarning("{Instance} is refused ({Code}): {Detail}", wish.Id, failure.Code, failure.Detail);
        }

        _error = failure;
        _startNotBefore = Now + RefusalRetry;
    }

    private void Remove(InstanceSpec wish)
    {
        _folder.Delete();
        _written = null;
        _services.Usage.Spool.Retire(wish.Id);
        _services.Logger.LogInformation("Removed {Instance} and its data.", wish.Id);
    }

    private TimeSpan Rest(InstanceSpec wish) =>
        wish.State == DesiredInstanceState.Running && _startNotBefore is { } time ? time - Now : RestWithoutProcess;

    private void Publish()
    {
        var status = Describe();
        if (status != _status)
        {
            _status = status;
            _services.Changed();
        }
    }

    private InstanceStatus Describe()
    {
        var wish = Wish;
        var running = _life?.Record;
        var problem = _life is null
            ? _error
            : _life.Problem is { } text ? new Failure("not-ready", $"{text} The log is {_folder.LogName}.") : null;
        return new InstanceStatus
        {
            Id = wish.Id,
            ClusterId = wish.ClusterId,
            Role = wish.Role,
            State = StateOf(wish),
            Blueprint = _blueprint,
            RestartGeneration = running?.Spec.RestartGeneration ?? wish.RestartGeneration,
            Version = running?.Spec.Version ?? wish.Version,
            Pid = _life?.Pid,
            Incarnation = _life?.Incarnation,
            StartedAt = running?.StartedAt,
            ReadyAt = _life?.ReadyAt,
            Crashes = _crashes,
            LastError = problem is null ? null : Tell(problem.Detail),
            ErrorCode = problem?.Code,
        };
    }

    /// <summary>An error as it leaves the host: a node's last words may name files of the agent's home too.</summary>
    private string Tell(string detail)
    {
        var told = _services.Home.RelativeTo(detail);
        return told.Length > LastErrorMax ? told[..LastErrorMax] : told;
    }

    private ObservedInstanceState StateOf(InstanceSpec wish)
    {
        if (!_adopted)
        {
            // Whether a process lives is not known yet.
            return wish.State == DesiredInstanceState.Running ? ObservedInstanceState.Starting : ObservedInstanceState.Stopping;
        }

        return _life?.State ?? wish.State switch
        {
            DesiredInstanceState.Removed when !_folder.Exists => ObservedInstanceState.Removed,
            DesiredInstanceState.Running when _error is null => ObservedInstanceState.Starting,
            DesiredInstanceState.Running when _error.Code == InstanceErrorCodes.Crashed => ObservedInstanceState.Crashed,
            _ when _error is not null => ObservedInstanceState.Refused,
            _ => ObservedInstanceState.Stopped,
        };
    }
}

/// <summary>What all supervisors of an agent share.</summary>
/// <param name="Changed">Called after a status has changed; returns at once.</param>
internal sealed record SupervisorServices(
    Host.AgentHome Home,
    Admission Admission,
    ResourceGovernor Governor,
    NodeProbe Probe,
    Usage.UsageCollector Usage,
    TimeSpan DrainMax,
    Action Changed,
    TimeProvider Time,
    ILogger Logger);
