using System.Security.Cryptography;
using System.Text;
using Cloud.Contracts;
using Cloud.Kernel;
using Microsoft.Extensions.Logging;

namespace Cloud.Agent.Processes;

/// <summary>
/// Bounds an instance's memory and CPU: by a cgroup of its own where the host lets us write one (v2, or the v1 controllers), and always
/// by settings of the .NET runtime, so that a heap shrinks before the kernel kills.
/// Source: Linux <c>Documentation/admin-guide/cgroup-v2.rst</c> (memory.max, cpu.max, cgroup.subtree_control),
/// <c>cgroup-v1/memory.rst</c>, <c>scheduler/sched-bwc.rst</c>; .NET "Runtime configuration options for garbage collection"
/// (GCHeapHardLimit is hexadecimal, PROCESSOR_COUNT decimal).
/// </summary>
internal sealed class ResourceGovernor
{
    private const long PeriodMicroseconds = 100_000;

    private readonly string _group;
    private readonly ILogger _logger;
    private readonly string? _unified;
    private readonly string? _memory;
    private readonly string? _cpu;

    /// <param name="root">Where cgroups are mounted.</param>
    /// <param name="home">The agent's home, which names its group.</param>
    public ResourceGovernor(string root, string home, ILogger logger)
    {
        _logger = logger;
        _group = "cloud-agent-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(home)).AsSpan(0, 6));
        if (File.Exists(Path.Combine(root, "cgroup.controllers")))
        {
            _unified = TryPrepare(root);
        }
        else
        {
            _memory = TryPrepare(Path.Combine(root, "memory"));
            _cpu = TryPrepare(Path.Combine(root, "cpu"));
        }

        if (_unified is null && _memory is null)
        {
            logger.LogInformation("No writable cgroup under {Root}: instances are bounded by runtime settings alone.", root);
        }
    }

    /// <summary>What the runtime of a node is told; half of the memory is left to native caches and stacks where the role has a store.</summary>
    public static Dictionary<string, string> RuntimeSettings(InstanceRole role, ResourceLimits limits)
    {
        var heap = role is InstanceRole.Storage or InstanceRole.Columnar ? limits.MemoryBytes / 2 : limits.MemoryBytes / 4 * 3;
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["DOTNET_GCHeapHardLimit"] = "0x" + heap.ToString("x"),
            ["DOTNET_PROCESSOR_COUNT"] = Math.Max(1, (limits.CpuMillicores + 999) / 1000).ToString(),
            ["DOTNET_gcServer"] = "0",
        };
    }

    /// <summary>Makes the instance's groups with its limits; returns their <c>cgroup.procs</c> files, none where the host does not allow.</summary>
    public IReadOnlyList<string> Prepare(InstanceId id, ResourceLimits limits)
    {
        var quota = limits.CpuMillicores * PeriodMicroseconds / 1000;
        var files = new List<string>();
        Add(files, _unified, id, ("memory.max", $"{limits.MemoryBytes}"), ("cpu.max", $"{quota} {PeriodMicroseconds}"));
        Add(files, _memory, id, ("memory.limit_in_bytes", $"{limits.MemoryBytes}"));
        Add(files, _cpu, id, ("cpu.cfs_period_us", $"{PeriodMicroseconds}"), ("cpu.cfs_quota_us", $"{quota}"));
        return files;
    }

    /// <summary>Removes the instance's groups once no process is in them.</summary>
    public void Release(InstanceId id)
    {
        foreach (var parent in new[] { _unified, _memory, _cpu })
        {
            var folder = parent is null ? null : Path.Combine(parent, id.ToString());
            if (folder is not null && Directory.Exists(folder))
            {
                TryDelete(folder); // One that is still held is used again at the next start, or goes with all others.
            }
        }
    }

    /// <summary>Removes the agent's own groups and those of its instances; for when no process is left.</summary>
    /// <returns>False when the kernel still holds one, as it does for a moment after a process has ended: try again.</returns>
    public bool TryReleaseAll()
    {
        var released = true;
        foreach (var parent in new[] { _unified, _memory, _cpu })
        {
            if (parent is not null && Directory.Exists(parent))
            {
                foreach (var folder in Directory.GetDirectories(parent).Append(parent))
                {
                    released &= TryDelete(folder);
                }
            }
        }

        return released;
    }

    private void Add(List<string> files, string? parent, InstanceId id, params (string File, string Value)[] settings)
    {
        if (parent is null)
        {
            return;
        }

        var folder = Path.Combine(parent, id.ToString());
        var made = Attempt(
            () =>
            {
                Directory.CreateDirectory(folder);
                foreach (var (file, value) in settings)
                {
                    File.WriteAllText(Path.Combine(folder, file), value);
                }
            },
            folder);
        if (made)
        {
            files.Add(Path.Combine(folder, "cgroup.procs"));
        }
    }

    private string? TryPrepare(string controller)
    {
        var group = Path.Combine(controller, _group);
        try
        {
            if (!Directory.Exists(controller))
            {
                return null;
            }

            Directory.CreateDirectory(group);
            if (File.Exists(Path.Combine(group, "cgroup.subtree_control")))
            {
                File.WriteAllText(Path.Combine(group, "cgroup.subtree_control"), "+memory +cpu");
            }

            return group;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null; // Not ours to manage here; the runtime settings stand.
        }
    }

    private static bool TryDelete(string folder)
    {
        try
        {
            Directory.Delete(folder);
            return true;
        }
        catch (IOException)
        {
            return false; // EBUSY: the kernel has not let go of an ended process yet.
        }
    }

    private bool Attempt(Action action, string folder)
    {
        try
        {
            action();
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _logger.LogWarning(exception, "The cgroup {Folder} could not be changed.", folder);
            return false;
        }
    }
}
