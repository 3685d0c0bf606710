using Cloud.Agent.Host;
using Cloud.Contracts;
using Cloud.Kernel;
using Microsoft.Extensions.Logging;

namespace Cloud.Agent.Instances;

/// <summary>All supervisors of an agent. <see cref="Apply"/> is called by one caller at a time; the rest is thread-safe.</summary>
internal sealed class InstanceSet(SupervisorServices services, SeededRandom random)
{
    private readonly Dictionary<InstanceId, Entry> _entries = [];
    private readonly Lock _gate = new();

    /// <summary>The facts, in the order of ids.</summary>
    public IReadOnlyList<InstanceStatus> Statuses()
    {
        lock (_gate)
        {
            return [.. _entries.Values.Select(entry => entry.Supervisor.Status).OrderBy(status => status.Id.Value)];
        }
    }

    /// <summary>Specs whose processes serve.</summary>
    public IReadOnlyList<InstanceSpec> Serving()
    {
        lock (_gate)
        {
            return
            [
                .. _entries.Values
                    .Where(entry => entry.Supervisor.Status.State is ObservedInstanceState.Ready or ObservedInstanceState.Unready)
                    .Select(entry => entry.Supervisor.Wish),
            ];
        }
    }

    /// <summary>Whether the instance is removed to the end.</summary>
    public bool IsGone(InstanceId id)
    {
        lock (_gate)
        {
            return !_entries.TryGetValue(id, out var entry) || entry.Supervisor.Status.State == ObservedInstanceState.Removed;
        }
    }

    /// <summary>Gives every supervisor its wish, begins new ones, and lets go of those whose instance is no longer named.</summary>
    public void Apply(IReadOnlyList<InstanceSpec> specs, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            foreach (var spec in specs)
            {
                if (_entries.TryGetValue(spec.Id, out var entry))
                {
                    entry.Supervisor.Set(spec);
                    continue;
                }

                var supervisor = new InstanceSupervisor(spec, services, random.NextUInt64());
                var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                // Each loop begins on a thread of its own: a start does not wait for the one before it.
                _entries[spec.Id] = new Entry(supervisor, ended, Task.Run(() => supervisor.RunAsync(ended.Token), CancellationToken.None));
            }

            var named = specs.Select(spec => spec.Id).ToHashSet();
            foreach (var (id, entry) in _entries.Where(entry => !named.Contains(entry.Key)).ToList())
            {
                entry.End.Cancel();
                _entries.Remove(id);
            }
        }

        services.Changed();
    }

    /// <summary>Ends all processes and keeps all data; returns when none is left.</summary>
    public async Task StopAllAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            foreach (var entry in _entries.Values)
            {
                entry.Supervisor.Set(entry.Supervisor.Wish with { State = DesiredInstanceState.Stopped });
            }
        }

        while (Statuses().Any(status => status.State is not (ObservedInstanceState.Stopped or ObservedInstanceState.Removed)))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), services.Time, cancellationToken);
        }
    }

    /// <summary>Waits for the supervisors to let go of their processes, after their token was cancelled.</summary>
    public Task EndedAsync()
    {
        lock (_gate)
        {
            return Task.WhenAll(_entries.Values.Select(entry => entry.Run));
        }
    }

    /// <summary>
    /// The specs of instances that have a folder but are not desired, as their last start left them; for stopping everything of a home.
    /// </summary>
    public static IEnumerable<InstanceSpec> Strays(AgentHome home, IReadOnlyList<InstanceSpec> desired, ILogger logger)
    {
        foreach (var folder in Directory.EnumerateDirectories(home.Instances))
        {
            if (!InstanceId.TryParse(Path.GetFileName(folder), null, out var id) || desired.Any(spec => spec.Id == id))
            {
                continue;
            }

            if (new InstanceFolder(home, id).ReadRecord() is { } record)
            {
                logger.LogWarning("{Instance} has a folder but is not wished for: it is only stopped.", id);
                yield return record.Spec;
            }
        }
    }

    private sealed record Entry(InstanceSupervisor Supervisor, CancellationTokenSource End, Task Run);
}
