using System.Globalization;

namespace Cloud.Local;

/// <summary>Where one cloud lives on this machine. Two clouds with different homes and ports share nothing.</summary>
public sealed record CloudSettings
{
    /// <summary>The checkout whose binaries run.</summary>
    public required string Root { get; init; }

    /// <summary><c>CLOUD_HOME</c>: absolute; everything the cloud writes is in it, but for PostgreSQL's data where its account cannot reach.</summary>
    public required string Home { get; init; }

    public required int ApiPort { get; init; }

    public required int PortalPort { get; init; }

    public required int AgentPort { get; init; }

    /// <summary>Issuer of tokens and base of links; what people type into a browser to reach the portal.</summary>
    public required string PublicUrl { get; init; }

    public string ApiUrl => $"http://127.0.0.1:{ApiPort}";

    public string RunFolder => Path.Combine(Home, "run");

    public string LogFolder => Path.Combine(Home, "logs");

    public string SecretFolder => Path.Combine(Home, "secrets");

    /// <summary>Reads <c>CLOUD_*</c> from the environment.</summary>
    /// <exception cref="LocalException">A port is not a number from 1 to 65535, or two are the same.</exception>
    public static CloudSettings FromEnvironment()
    {
        var root = Environment.GetEnvironmentVariable("CLOUD_ROOT") ?? FindRoot();
        var home = Environment.GetEnvironmentVariable("CLOUD_HOME") is { Length: > 0 } given ? given : Path.Combine(root, ".cloud");
        var settings = new CloudSettings
        {
            Root = root,
            Home = Path.GetFullPath(home),
            ApiPort = Port("CLOUD_API_PORT", 7400),
            PortalPort = Port("CLOUD_PORTAL_PORT", 7401),
            AgentPort = Port("CLOUD_AGENT_PORT", 7402),
            PublicUrl = string.Empty,
        };
        if (new HashSet<int> { settings.ApiPort, settings.PortalPort, settings.AgentPort }.Count < 3)
        {
            throw new LocalException("CLOUD_API_PORT, CLOUD_PORTAL_PORT and CLOUD_AGENT_PORT must differ.");
        }

        // Passkeys belong to a name, not to an address, so the portal is known as localhost.
        var url = Environment.GetEnvironmentVariable("CLOUD_PUBLIC_URL") is { Length: > 0 } set ? set : $"http://localhost:{settings.PortalPort}";
        return settings with { PublicUrl = url.TrimEnd('/') };
    }

    /// <summary>The built executable of a project.</summary>
    public string Executable(string project, string name) => Path.Combine(Root, project, "bin", "Release", "net10.0", name);

    private static int Port(string variable, int standard)
    {
        var text = Environment.GetEnvironmentVariable(variable);
        if (string.IsNullOrEmpty(text))
        {
            return standard;
        }

        return int.TryParse(text, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535
            ? port
            : throw new LocalException($"{variable} is '{text}'; it must be a port number from 1 to 65535.");
    }

    private static string FindRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Cloud.sln")))
            {
                return folder;
            }
        }

        throw new LocalException("Cannot find the checkout. Remedy: run ./cloud from it, or set CLOUD_ROOT.");
    }
}
