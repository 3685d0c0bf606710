using Cloud.Agent.Host;
using Cloud.Agent.Processes;
using Cloud.Contracts;
using Cloud.Kernel;

namespace Cloud.Agent.Instances;

/// <summary>The last guard before a start: the binaries, memory, disk and ports must be there.</summary>
internal sealed class Admission(IHostResources resources, NodeReleases releases)
{
    /// <summary>Memory that stays free for the rest of the machine.</summary>
    public static readonly ByteSize MemoryReserve = ByteSize.FromMiB(256);

    /// <summary>Disk that stays free, so that running stores can still write.</summary>
    public static readonly ByteSize DiskReserve = ByteSize.FromMiB(512);

    /// <summary>The executable to start, or why not (codes of <see cref="InstanceErrorCodes"/>).</summary>
    /// <param name="hasData">Whether the data folder holds something; a new volume must fit as a whole.</param>
    public Outcome<string> Admit(InstanceSpec spec, bool hasData)
    {
        if (releases.Find(spec.Version) is not { } binary)
        {
            return new Failure(
                InstanceErrorCodes.VersionMissing,
                $"This host has no cloud-node {spec.Version}; it has {string.Join(", ", releases.Versions())}. Publish it here.");
        }

        var free = resources.Read();
        var memory = ByteSize.FromBytes(spec.Limits.MemoryBytes);
        if (free.MemoryFreeBytes < (memory + MemoryReserve).Bytes)
        {
            return Insufficient("memory", memory, MemoryReserve, free.MemoryFreeBytes);
        }

        var disk = hasData ? ByteSize.Zero : ByteSize.FromBytes(spec.Limits.VolumeBytes);
        if (free.DiskFreeBytes < (disk + DiskReserve).Bytes)
        {
            return Insufficient("disk", disk, DiskReserve, free.DiskFreeBytes);
        }

        var config = spec.Config;
        var listening = ListeningPorts.Read();
        foreach (var port in new[] { config.ClientPort, config.StatusPort, config.PeerPort })
        {
            if (port != 0 && listening.Contains(port))
            {
                return PortTaken($"Another program listens on port {port}, which this instance was given.");
            }
        }

        return binary;
    }

    public static Failure PortTaken(string fact) =>
        new(InstanceErrorCodes.PortTaken, fact + " End that program, or let the control plane allocate other ports.");

    private static Failure Insufficient(string what, ByteSize needed, ByteSize reserve, long freeBytes) => new(
        InstanceErrorCodes.InsufficientResources,
        $"The instance needs {needed} of {what} and {reserve} must stay free, but the host has {ByteSize.FromBytes(freeBytes)}. "
        + "Free some, or choose a smaller size.");
}
