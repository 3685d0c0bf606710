using Cloud.Agent.Host;
using Cloud.Contracts;
using Cloud.Kernel;
using Microsoft.Extensions.Logging;

namespace Cloud.Agent.Usage;

/// <summary>
/// Windows that the control plane has not accepted yet, on disk. One file per instance holds the windows and the track they were cut
/// from, and is replaced as a whole: a crash leaves the state before a cut or after it, so no usage is counted twice or under two ids.
/// Thread-safe.
/// </summary>
internal sealed class UsageSpool
{
    /// <summary>Windows kept per instance, 3.5 days of 30 s; beyond it the oldest go, in the user's favour, and the gap shows.</summary>
    public const int WindowsMax = 10_000;

    private readonly AgentHome _home;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly Dictionary<InstanceId, SpoolFile> _files = [];

    public UsageSpool(AgentHome home, ILogger logger)
    {
        _home = home;
        _logger = logger;
        foreach (var path in Directory.EnumerateFiles(home.Usage, "*.json"))
        {
            if (InstanceId.TryParse(Path.GetFileNameWithoutExtension(path), null, out var id)
                && AtomicFile.ReadJson<SpoolFile>(path) is { } file)
            {
                _files[id] = file;
            }
        }
    }

    /// <summary>Cuts a window out of a reading and keeps it; true when there is a new one.</summary>
    /// <param name="end">When the window ends; not before what was cut already.</param>
    public bool Add(ClusterId cluster, InstanceId instance, NodeUsage reading, DateTimeOffset end)
    {
        lock (_gate)
        {
            var file = _files.GetValueOrDefault(instance) ?? new SpoolFile();
            if (UsageTrack.Cut(file.Track, cluster, instance, reading, UsageTrack.ToMilliseconds(end)) is not var (track, window))
            {
                return false;
            }

            var pending = file.Pending;
            if (pending.Count >= WindowsMax)
            {
                _logger.LogError(
                    "Usage of {Instance} was not accepted for {Count} windows: the oldest one, from {Start}, is given up.",
                    instance,
                    pending.Count,
                    pending[0].Start);
                pending = [.. pending.Skip(1)];
            }

            Store(instance, file with { Track = track, Pending = [.. pending, window] });
            return true;
        }
    }

    /// <summary>What is to be sent, oldest first.</summary>
    public IReadOnlyList<UsageWindow> Pending(int max)
    {
        lock (_gate)
        {
            return [.. _files.Values.SelectMany(file => file.Pending).OrderBy(window => window.Start).Take(max)];
        }
    }

    /// <summary>Drops windows that are stored for good elsewhere.</summary>
    public void Forget(IReadOnlyCollection<string> windowIds)
    {
        var accepted = windowIds.ToHashSet(StringComparer.Ordinal);
        lock (_gate)
        {
            foreach (var (instance, file) in _files.ToList())
            {
                var left = file.Pending.Where(window => !accepted.Contains(window.Id)).ToList();
                if (left.Count != file.Pending.Count)
                {
                    Store(instance, file with { Pending = left });
                }
            }
        }
    }

    /// <summary>Says that the instance is gone for good; its file goes with its last window.</summary>
    public void Retire(InstanceId instance)
    {
        lock (_gate)
        {
            if (_files.TryGetValue(instance, out var file) && !file.Retired)
            {
                Store(instance, file with { Retired = true });
            }
        }
    }

    private void Store(InstanceId instance, SpoolFile file)
    {
        if (file.Retired && file.Pending.Count == 0)
        {
            _files.Remove(instance);
            File.Delete(_home.UsageFile(instance));
            return;
        }

        AtomicFile.WriteJson(_home.UsageFile(instance), file);
        _files[instance] = file;
    }

    private sealed record SpoolFile
    {
        public int SchemaVersion { get; init; } = 1;

        public UsageTrack? Track { get; init; }

        public bool Retired { get; init; }

        public IReadOnlyList<UsageWindow> Pending { get; init; } = [];
    }
}
