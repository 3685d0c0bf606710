using System.Globalization;
using Cloud.Contracts;
using Cloud.Kernel;

namespace Cloud.Node;

/// <summary>What the command line asks for.</summary>
internal abstract record CommandLine
{
    private const int PortMax = 65_535;

    public const string Help = """
        cloud-node runs one node of a cluster.

          cloud-node pd|storage|sql --instance ID --config FILE
          cloud-node all --data DIR [--mysql-port PORT] [--status-port PORT] [--pd-port PORT] [--storage-port PORT] [--bind ADDRESS]
          cloud-node --help | --version

        pd        placement driver: timestamps, regions, metadata
        storage   replicated key-value storage
        sql       MySQL-compatible SQL service, stateless
        all       one of each in one process, for development and tests; user root without a password, on loopback

          --instance ID        the instance's id (ins_…), which the file must name too
          --config FILE        JSON configuration; SQL users and the allow list are taken over when it changes
          --data DIR           folder for everything that 'all' stores
          --mysql-port PORT    default 4000; 0 takes a free port, as for the other ports
          --status-port PORT   default 10080: /healthz, /readyz, /metrics, /usage
          --pd-port PORT       default 2379
          --storage-port PORT  default 20160
          --bind ADDRESS       default 127.0.0.1

        Environment: CLOUD_LOG_LEVEL (Debug, Information, Warning, Error; default Information).

        Logs go to standard output, one JSON object per line. SIGTERM and SIGINT drain: no new work is taken, what runs may finish
        within 10 s.

        Exit codes: 0 drained; 1 failed; 64 wrong usage; 75 the data directory is in use by another process; 78 the configuration
        cannot be used; 98 a port is taken.
        """;

    public sealed record ShowHelp : CommandLine;

    public sealed record ShowVersion : CommandLine;

    /// <summary>One role from a configuration file.</summary>
    public sealed record RunRole(InstanceRole Role, InstanceId Instance, string ConfigFile) : CommandLine;

    /// <summary>All roles in one process.</summary>
    public sealed record RunAll(
        string DataDirectory, int MySqlPort, int StatusPort, int PdPort, int StoragePort, string BindAddress) : CommandLine;

    public static Outcome<CommandLine> Parse(IReadOnlyList<string> arguments)
    {
        if (arguments.Count == 0)
        {
            return Wrong("a role is missing");
        }

        switch (arguments[0])
        {
            case "--help" or "-h" or "help":
                return new ShowHelp();
            case "--version":
                return new ShowVersion();
            default:
                break;
        }

        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 1; i < arguments.Count; i += 2)
        {
            if (!arguments[i].StartsWith("--", StringComparison.Ordinal) || i + 1 == arguments.Count)
            {
                return Wrong($"'{arguments[i]}' is not an option with a value");
            }

            if (!options.TryAdd(arguments[i], arguments[i + 1]))
            {
                return Wrong($"{arguments[i]} is given twice");
            }
        }

        return arguments[0] switch
        {
            "pd" => ParseRole(InstanceRole.Pd, options),
            "storage" => ParseRole(InstanceRole.Storage, options),
            "sql" => ParseRole(InstanceRole.Sql, options),
            "all" => ParseAll(options),
            var other => Wrong($"there is no role '{other}'"),
        };
    }

    private static Outcome<CommandLine> ParseRole(InstanceRole role, Dictionary<string, string> options)
    {
        if (!options.Remove("--config", out var config) || !options.Remove("--instance", out var text))
        {
            return Wrong($"{role.Word()} needs --instance and --config");
        }

        if (!TypedId.TryParse<InstanceId>(text, out var instance))
        {
            return Wrong($"--instance: '{text}' is not an instance id");
        }

        return options.Count > 0
            ? Wrong($"{role.Word()} has no option {options.Keys.First()}")
            : new RunRole(role, instance, config);
    }

    private static Outcome<CommandLine> ParseAll(Dictionary<string, string> options)
    {
        if (!options.Remove("--data", out var data))
        {
            return Wrong("all needs --data");
        }

        Span<int> ports = [4000, 10_080, 2379, 20_160];
        ReadOnlySpan<string> names = ["--mysql-port", "--status-port", "--pd-port", "--storage-port"];
        for (var i = 0; i < names.Length; i++)
        {
            if (options.Remove(names[i], out var text)
                && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ports[i]) || ports[i] > PortMax))
            {
                return Wrong($"{names[i]}: '{text}' is not a port from 0 to {PortMax}");
            }
        }

        var bind = options.Remove("--bind", out var address) ? address : "127.0.0.1";
        return options.Count > 0
            ? Wrong($"all has no option {options.Keys.First()}")
            : new RunAll(Path.GetFullPath(data), ports[0], ports[1], ports[2], ports[3], bind);
    }

    private static Failure Wrong(string detail) => new("wrong-usage", detail);
}
