using System.Globalization;
using Cloud.Kernel;

namespace Cloud.Agent;

/// <summary>How an agent runs, checked.</summary>
internal sealed record AgentOptions
{
    /// <summary>Base address of the control plane's agent listener, scheme ws or wss.</summary>
    public required Uri ControlPlane { get; init; }

    /// <summary>Absolute path of the folder that this agent alone owns.</summary>
    public required string Home { get; init; }

    public required string Location { get; init; }

    /// <summary>File with the token for the first join; null when the host has its credential already.</summary>
    public string? JoinTokenFile { get; init; }

    public required int PortFirst { get; init; }

    /// <summary>Inclusive; at most 32767, below the ports that the kernel hands out to clients.</summary>
    public required int PortLast { get; init; }

    /// <summary>One node executable, offered under the version it reports; null when only releases are used.</summary>
    public string? NodeBinary { get; init; }

    /// <summary>Folder of <c>&lt;version&gt;/cloud-node</c>; null when there is none.</summary>
    public string? Releases { get; init; }

    /// <summary>Between SIGTERM and SIGKILL.</summary>
    public required TimeSpan DrainMax { get; init; }

    /// <summary>Loopback port of <c>/healthz</c>, <c>/readyz</c> and <c>/metrics</c>; 0 for none.</summary>
    public required int StatusPort { get; init; }

    /// <summary>Whether the end of the agent ends its instances; by default they outlive it.</summary>
    public required bool StopInstancesOnExit { get; init; }
}

/// <summary>The command line and the environment, parsed. Every option <c>--a-b</c> may come as <c>CLOUD_AGENT_A_B</c>.</summary>
internal static class CommandLine
{
    public const string Help = """
        cloud-agent: runs the database nodes of one host as the control plane wishes.

        Usage:
          cloud-agent [options]                 serve until SIGTERM; the nodes keep running
          cloud-agent stop-all --home DIR       stop every node of this home, for when no agent runs
          cloud-agent --help | --version

        Options (each also as environment variable, for example CLOUD_AGENT_HOME):
          --home DIR                  folder owned by this agent: state, instances, logs, unsent usage (required)
          --control-plane URL         agent listener, ws:// or wss:// (default ws://127.0.0.1:7402)
          --location NAME             location the host belongs to (default local)
          --join-token-file FILE      token for the first join; later the host's own credential is used
          --ports FIRST-LAST          ports instances may use, at most 32767 (default 20000-29999)
          --node-binary PATH          a cloud-node executable, used for the version it reports
          --releases DIR              folder of <version>/cloud-node
          --drain-seconds N           from SIGTERM to SIGKILL of a node, 1-600 (default 20)
          --status-port N             /healthz, /readyz and /metrics on 127.0.0.1 (default 0: none)
          --stop-instances-on-exit    stop the nodes when the agent is asked to end

        Exit codes: 0 done, 1 failure, 2 wrong usage, 3 another agent owns the home.
        """;

    private const string EnvironmentPrefix = "CLOUD_AGENT_";

    private static readonly string[] Valued =
    [
        "home", "control-plane", "location", "join-token-file", "ports", "node-binary", "releases", "drain-seconds",
        "status-port",
    ];

    private static readonly string[] Switches = ["stop-instances-on-exit"];

    /// <summary>Reads options; the command line wins over the environment.</summary>
    /// <param name="environment">Looks up a variable; null when it is not set.</param>
    public static Outcome<AgentOptions> Parse(IReadOnlyList<string> arguments, Func<string, string?> environment)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in Valued.Concat(Switches))
        {
            var variable = EnvironmentPrefix + name.ToUpperInvariant().Replace('-', '_');
            if (environment(variable) is { Length: > 0 } value)
            {
                values[name] = value;
            }
        }

        for (var i = 0; i < arguments.Count; i++)
        {
            var name = arguments[i].StartsWith("--", StringComparison.Ordinal) ? arguments[i][2..] : string.Empty;
            if (Switches.Contains(name))
            {
                values[name] = "true";
            }
            else if (!Valued.Contains(name))
            {
                return Wrong($"Unknown argument '{arguments[i]}'; see --help.");
            }
            else if (++i == arguments.Count)
            {
                return Wrong($"--{name} needs a value; see --help.");
            }
            else
            {
                values[name] = arguments[i];
            }
        }

        return Check(values);
    }

    private static Outcome<AgentOptions> Check(Dictionary<string, string> values)
    {
        if (values.GetValueOrDefault("home") is not { Length: > 0 } home)
        {
            return Wrong("--home is required: the folder that this agent owns.");
        }

        var address = values.GetValueOrDefault("control-plane", "ws://127.0.0.1:7402");
        if (!Uri.TryCreate(address, UriKind.Absolute, out var controlPlane) || controlPlane.Scheme is not ("ws" or "wss"))
        {
            return Wrong($"--control-plane must be a ws:// or wss:// address, not '{address}'.");
        }

        if (!ParsePorts(values.GetValueOrDefault("ports", "20000-29999")).TryGet(out var ports, out var failure))
        {
            return failure;
        }

        var drain = values.GetValueOrDefault("drain-seconds", "20");
        if (!int.TryParse(drain, NumberStyles.None, CultureInfo.InvariantCulture, out var drainSeconds)
            || drainSeconds is < 1 or > 600)
        {
            return Wrong($"--drain-seconds must be 1 to 600, not '{drain}'.");
        }

        var status = values.GetValueOrDefault("status-port", "0");
        if (!int.TryParse(status, NumberStyles.None, CultureInfo.InvariantCulture, out var statusPort) || statusPort > 65_535)
        {
            return Wrong($"--status-port must be 0 to 65535, not '{status}'.");
        }

        var onExit = values.GetValueOrDefault("stop-instances-on-exit", "false");
        if (!bool.TryParse(onExit, out var stopOnExit))
        {
            return Wrong($"CLOUD_AGENT_STOP_INSTANCES_ON_EXIT must be true or false, not '{onExit}'.");
        }

        var location = values.GetValueOrDefault("location", "local");
        if (location.Length is 0 or > 63 || !location.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
        {
            return Wrong($"--location must be 1 to 63 lower-case letters, digits and hyphens, not '{location}'.");
        }

        return new AgentOptions
        {
            ControlPlane = controlPlane,
            Home = Path.GetFullPath(home),
            Location = location,
            JoinTokenFile = FullPath(values.GetValueOrDefault("join-token-file")),
            PortFirst = ports.First,
            PortLast = ports.Last,
            NodeBinary = FullPath(values.GetValueOrDefault("node-binary")),
            Releases = FullPath(values.GetValueOrDefault("releases")),
            DrainMax = TimeSpan.FromSeconds(drainSeconds),
            StatusPort = statusPort,
            StopInstancesOnExit = stopOnExit,
        };
    }

    private static Outcome<(int First, int Last)> ParsePorts(string text)
    {
        var dash = text.IndexOf('-');
        return dash > 0
            && int.TryParse(text.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            && int.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var last)
            && first >= 1024 && first <= last && last <= 32767
                ? (first, last)
                : Wrong($"--ports must be FIRST-LAST within 1024-32767, not '{text}'.");
    }

    private static string? FullPath(string? path) => string.IsNullOrEmpty(path) ? null : Path.GetFullPath(path);

    private static Failure Wrong(string detail) => new("wrong-usage", detail);
}
