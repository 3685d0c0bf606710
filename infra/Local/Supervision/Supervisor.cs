using System.Text.Json;
using Cloud.Local.Processes;

namespace Cloud.Local.Supervision;

/// <summary>What <c>run/status.json</c> holds.</summary>
public sealed record SupervisorStatus(ProcessIdentity Supervisor, DateTimeOffset UpdatedAt, IReadOnlyList<ServiceStatus> Services);

/// <summary>Runs all services of a cloud, each after those it needs, and stops them in the opposite order.</summary>
public sealed class Supervisor(CloudSettings settings, IReadOnlyList<ServiceDefinition> services, TimeProvider time)
{
    private static readonly TimeSpan RotationPeriod = TimeSpan.FromMinutes(1);
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private readonly Lock _statusLock = new();
    private readonly Dictionary<string, ServiceRunner> _runners = [];

    public static string StatusFile(CloudSettings settings) => Path.Combine(settings.RunFolder, "status.json");

    /// <summary>The last status that a supervisor wrote; null when there is none.</summary>
    public static SupervisorStatus? ReadStatus(CloudSettings settings) => File.Exists(StatusFile(settings))
        ? JsonSerializer.Deserialize<SupervisorStatus>(File.ReadAllText(StatusFile(settings)), Json)
        : null;

    /// <summary>Runs until cancelled; returns when every service has ended.</summary>
    /// <param name="ready">Called once when all services are ready.</param>
    public async Task RunAsync(Action ready, CancellationToken stopping)
    {
        await EndLeftoversAsync(settings, services, CancellationToken.None);
        PidFile.Write(settings, PidFile.Supervisor, ProcessIdentity.Of(Environment.ProcessId));

        // Each service has a source of its own, so that dependents end before what they depend on.
        var stops = services.ToDictionary(service => service.Name, _ => new CancellationTokenSource());
        foreach (var service in services)
        {
            _runners[service.Name] = new ServiceRunner(service, settings, time, WriteStatus);
        }

        var runs = services.ToDictionary(service => service.Name, service => RunWhenNeededAsync(_runners[service.Name], stops[service.Name].Token));
        var rotation = RotateLogsAsync(stopping);
        _ = AnnounceAsync(ready, stopping);
        await Task.Delay(Timeout.Infinite, stopping).ContinueWith(_ => { }, TaskScheduler.Default);

        foreach (var service in services.Reverse())
        {
            await stops[service.Name].CancelAsync();
            await runs[service.Name];
        }

        await rotation;
        PidFile.Delete(settings, PidFile.Supervisor);
    }

    /// <summary>Ends what an earlier supervisor left behind when it was killed.</summary>
    public static async Task EndLeftoversAsync(
        CloudSettings settings, IReadOnlyList<ServiceDefinition> services, CancellationToken cancellationToken)
    {
        foreach (var service in services.Reverse())
        {
            if (PidFile.FindAlive(settings, service.Name) is { } process)
            {
                await Signals.EndGroupAsync(process, service.StopSignal, service.StopLimit, cancellationToken);
            }

            PidFile.Delete(settings, service.Name);
        }
    }

    private async Task RunWhenNeededAsync(ServiceRunner runner, CancellationToken stopping)
    {
        var needed = runner.Definition.After.Select(name => _runners[name].ReadyOnce);
        await Task.WhenAny(Task.WhenAll(needed), Task.Delay(Timeout.Infinite, stopping));
        if (!stopping.IsCancellationRequested)
        {
            await runner.RunAsync(stopping);
        }
    }

    private async Task AnnounceAsync(Action ready, CancellationToken stopping)
    {
        var all = Task.WhenAll(_runners.Values.Select(runner => runner.ReadyOnce));
        await Task.WhenAny(all, Task.Delay(Timeout.Infinite, stopping));
        if (all.IsCompletedSuccessfully)
        {
            ready();
        }
    }

    private async Task RotateLogsAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            foreach (var service in services)
            {
                LogFiles.RotateIfLarge(LogFiles.PathOf(settings, service.Name));
            }

            await Task.Delay(RotationPeriod, time, stopping).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    private void WriteStatus()
    {
        lock (_statusLock)
        {
            var supervisor = ProcessIdentity.Of(Environment.ProcessId)!; // we are running
            var status = new SupervisorStatus(supervisor, time.GetUtcNow(), [.. services.Where(service => _runners.ContainsKey(service.Name)).Select(service => _runners[service.Name].Status)]);
            CloudHome.WritePrivate(StatusFile(settings), JsonSerializer.Serialize(status, Json));
        }
    }
}
