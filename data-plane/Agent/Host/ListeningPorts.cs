using System.Globalization;

namespace Cloud.Agent.Host;

/// <summary>
/// TCP ports that something listens on, from <c>/proc/net/tcp</c> and <c>tcp6</c>.
/// Source: Linux <c>Documentation/networking/proc_net_tcp.rst</c>: local address as hex address:port in the second column, state in the
/// fourth, where 0A is LISTEN.
/// </summary>
internal static class ListeningPorts
{
    private const string Listen = "0A";

    /// <summary>Ports within the range, whatever the address.</summary>
    public static HashSet<int> Read(int first = 1, int last = 65535)
    {
        var ports = new HashSet<int>();
        foreach (var table in new[] { "/proc/net/tcp", "/proc/net/tcp6" })
        {
            if (File.Exists(table))
            {
                ports.UnionWith(Parse(File.ReadLines(table)).Where(port => port >= first && port <= last));
            }
        }

        return ports;
    }

    /// <summary>The listening ports of one table, its header line included.</summary>
    public static IEnumerable<int> Parse(IEnumerable<string> lines)
    {
        foreach (var line in lines.Skip(1))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var colon = fields.Length > 3 && fields[3] == Listen ? fields[1].LastIndexOf(':') : -1;
            if (colon >= 0)
            {
                yield return int.Parse(fields[1].AsSpan(colon + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            }
        }
    }
}
