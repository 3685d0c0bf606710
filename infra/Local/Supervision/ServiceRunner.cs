using System.Diagnostics;
using Cloud.Kernel;
using Cloud.Local.Processes;

namespace Cloud.Local.Supervision;

/// <summary>
/// Keeps one service running: starts it in a session of its own, restarts it with backoff when it ends, stops it when asked.
/// The child's output goes straight into its log file, so that it outlives us; what we know of it is in <c>run/&lt;name&gt;.pid</c>
/// before we wait for it, so that the next <c>up</c> or <c>down</c> finds it even if we are killed.
/// </summary>
public sealed class ServiceRunner(ServiceDefinition service, CloudSettings settings, TimeProvider time, Action changed)
{
    private static readonly TimeSpan LongRun = TimeSpan.FromMinutes(1);

    private readonly Backoff _backoff =
        new(TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(30), new SeededRandom((ulong)Environment.ProcessId));

    private readonly TaskCompletionSource _readyOnce = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Name => service.Name;

    public ServiceDefinition Definition => service;

    public ServiceStatus Status { get; private set; } = new(service.Name, "starting", null, 0, time.GetUtcNow(), null);

    /// <summary>Completes when the service has been ready for the first time.</summary>
    public Task ReadyOnce => _readyOnce.Task;

    /// <summary>Runs until cancelled, then stops the service.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            using var process = Start();
            var identity = ProcessIdentity.Of(process.Id);
            PidFile.Write(settings, service.Name, identity);
            Set(Status.Restarts == 0 ? "starting" : "restarting", identity, Status.LastError);
            var started = time.GetTimestamp();

            using var life = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            var ready = ReportReadinessAsync(identity, life.Token);
            await process.WaitForExitAsync(stopping).ContinueWith(_ => { }, TaskScheduler.Default);
            await life.CancelAsync();
            await ready;
            if (stopping.IsCancellationRequested)
            {
                await StopAsync(identity);
                return;
            }

            await WaitToRestartAsync(process.ExitCode, time.GetElapsedTime(started), stopping);
        }
    }

    private async Task StopAsync(ProcessIdentity? identity)
    {
        if (identity is not null)
        {
            await Signals.EndGroupAsync(identity, service.StopSignal, service.StopLimit, CancellationToken.None);
        }

        if (service.AfterStop is not null)
        {
            await service.AfterStop(CancellationToken.None);
        }

        PidFile.Delete(settings, service.Name);
        Set("stopped", null, Status.LastError);
    }

    private async Task WaitToRestartAsync(int exitCode, TimeSpan ran, CancellationToken stopping)
    {
        if (ran > LongRun)
        {
            _backoff.Reset();
        }

        var delay = _backoff.Next();
        Status = Status with { Restarts = Status.Restarts + 1 };
        Set("restarting", null, $"ended with exit code {exitCode} after {ran.TotalSeconds:0.0} s; see {LogFiles.PathOf(settings, service.Name)}");
        await Task.Delay(delay, time, stopping).ContinueWith(_ => { }, TaskScheduler.Default);
    }

    private Process Start()
    {
        var log = LogFiles.PathOf(settings, service.Name);
        LogFiles.RotateIfLarge(log);

        // The shell only opens the log for the program that replaces it; the process id stays.
        string[] command = ["sh", "-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", log, service.File, .. service.Arguments];
        var start = new ProcessStartInfo("setsid", command) { WorkingDirectory = settings.Home };
        foreach (var (name, value) in service.Environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start) ?? throw new LocalException($"{service.File} did not start.");
    }

    private async Task ReportReadinessAsync(ProcessIdentity? identity, CancellationToken cancellationToken)
    {
        try
        {
            await service.WaitUntilReady(cancellationToken);
            Set("ready", identity, null);
            _readyOnce.TrySetResult();
        }
        catch (OperationCanceledException)
        {
            // The process ended first; the caller tells why.
        }
        catch (LocalException exception)
        {
            Set(Status.State, identity, exception.Message);
        }
    }

    private void Set(string state, ProcessIdentity? process, string? error)
    {
        Status = Status with { State = state, Process = process, Since = time.GetUtcNow(), LastError = error };
        changed();
    }
}
