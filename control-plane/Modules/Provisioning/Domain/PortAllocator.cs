using Cloud.Kernel;
using Cloud.Modules.Provisioning.Public;

namespace Cloud.Modules.Provisioning.Domain;

/// <summary>Ports handed out, and where the next search begins.</summary>
internal sealed record PortAllocation(IReadOnlyList<int> Ports, int Cursor);

/// <summary>
/// Gives out ports of a host's range in a circle: a port that becomes free is not given to the next cluster at once, so that a client
/// that still dials the old cluster does not reach a stranger's. Pure.
/// </summary>
internal static class PortAllocator
{
    /// <summary>Ports above this belong to the kernel's ephemeral range. Source: Linux ip-sysctl, ip_local_port_range.</summary>
    public const int PortMax = 32_767;

    /// <summary>Takes <paramref name="count"/> distinct ports.</summary>
    /// <param name="first">First port of the range, inclusive.</param>
    /// <param name="last">Last port of the range, inclusive; at most <see cref="PortMax"/>.</param>
    /// <param name="cursor">Where the last search ended; any value, wrapped into the range.</param>
    /// <param name="taken">Ports that must not be given out.</param>
    public static Outcome<PortAllocation> Take(int first, int last, int cursor, IReadOnlySet<int> taken, int count)
    {
        Invariant.Require(first is > 0 and <= PortMax && last >= first && last <= PortMax, $"port range {first}-{last}");
        Invariant.Require(count > 0, $"a positive number of ports, not {count}");
        var length = last - first + 1;
        var start = cursor >= first && cursor <= last ? cursor - first : 0;
        var ports = new List<int>(count);
        for (var i = 0; i < length && ports.Count < count; i++)
        {
            var port = first + ((start + i) % length);
            if (!taken.Contains(port))
            {
                ports.Add(port);
            }
        }

        if (ports.Count < count)
        {
            return new Failure(
                ProvisioningErrorCodes.NoPort,
                $"The host has only {ports.Count} of {count} ports free in {first}-{last}: widen the agent's port range, or purge clusters.");
        }

        var next = ports[^1] + 1;
        return new PortAllocation(ports, next > last ? first : next);
    }
}
