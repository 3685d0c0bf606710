using System.Globalization;
using Cloud.Contracts;

namespace Cloud.Agent.Host;

/// <summary>What the machine has and what is left: the facts behind admission and <see cref="HostCapacity"/>.</summary>
internal interface IHostResources
{
    HostResources Read();
}

/// <param name="CpuMillicores">Thousandths of a core that this process may use.</param>
internal sealed record HostResources(
    int CpuMillicores, long MemoryBytes, long MemoryFreeBytes, long DiskBytes, long DiskFreeBytes);

/// <summary>Reads <c>/proc/meminfo</c> and the file system of the agent's home.</summary>
internal sealed class LinuxHostResources(AgentHome home) : IHostResources
{
    public HostResources Read()
    {
        long total = 0;
        long available = 0;
        foreach (var line in File.ReadLines("/proc/meminfo"))
        {
            if (line.StartsWith("MemTotal:", StringComparison.Ordinal))
            {
                total = KibibytesOf(line);
            }
            else if (line.StartsWith("MemAvailable:", StringComparison.Ordinal))
            {
                available = KibibytesOf(line);
                break;
            }
        }

        var memory = Math.Min(total, ContainerLimit());
        var drive = new DriveInfo(home.Path);
        return new HostResources(
            Environment.ProcessorCount * 1000,
            memory,
            Math.Min(available, memory),
            drive.TotalSize,
            drive.AvailableFreeSpace);
    }

    /// <summary>The limit of the container this runs in, whose own cgroup shows as the root; unlimited elsewhere.</summary>
    private static long ContainerLimit()
    {
        foreach (var file in new[] { "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes" })
        {
            if (File.Exists(file)
                && long.TryParse(File.ReadAllText(file), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var limit))
            {
                return limit;
            }
        }

        return long.MaxValue;
    }

    private static long KibibytesOf(string line)
    {
        var digits = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        return long.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture) * 1024;
    }
}
