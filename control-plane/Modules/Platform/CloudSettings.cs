using System.Globalization;
using System.Net;

namespace Cloud.Modules.Platform;

/// <summary>Who may sign up.</summary>
internal enum SignUpPolicy
{
    Open,
    Invite,
    Closed,
}

/// <summary>What the host was told by its environment, parsed once at start.</summary>
internal sealed record CloudSettings
{
    /// <summary>Absolute folder for secrets, mail and other state of this cloud.</summary>
    public required string Home { get; init; }

    /// <summary>0 lets the system choose, for tests.</summary>
    public required int ApiPort { get; init; }

    public required int PortalPort { get; init; }

    /// <summary>0 lets the system choose, for tests.</summary>
    public required int AgentPort { get; init; }

    /// <summary>Where the API is reached from outside: the OAuth issuer. Without a slash at its end.</summary>
    public required string PublicUrl { get; init; }

    /// <summary>Where people find the portal; without a slash at its end.</summary>
    public required string PortalUrl { get; init; }

    /// <summary>Npgsql connection string of a login that may take the three database roles; null only where no database is needed.</summary>
    public required string? Database { get; init; }

    public required bool IsApi { get; init; }

    public required bool IsWorker { get; init; }

    /// <summary>AMQP URI of the message bus; null keeps messages in this process.</summary>
    public required string? Bus { get; init; }

    public required string? AgentJoinTokenFile { get; init; }

    public required SignUpPolicy SignUp { get; init; }

    /// <summary>The address that both listeners bind; loopback by default.</summary>
    public required IPAddress BindAddress { get; init; }

    /// <summary>Proxies whose X-Forwarded-For is believed, besides those on this machine (the portal is one).</summary>
    public required IReadOnlyList<IPAddress> TrustedProxies { get; init; }

    /// <summary>Requests that one principal may make in 10 s.</summary>
    public required int RateLimitPer10Seconds { get; init; }

    /// <summary>Sign-ups, sign-ins and token requests that one address may make in 60 s.</summary>
    public required int CredentialRateLimitPerMinute { get; init; }

    public string SecretsFolder => Path.Combine(Home, "secrets");

    public string MailFolder => Path.Combine(Home, "mail");

    /// <summary>Parses the environment.</summary>
    /// <exception cref="InvalidOperationException">A variable has a value that cannot be used; the message names it and its form.</exception>
    public static CloudSettings From(IConfiguration configuration)
    {
        var apiPort = Port(configuration, "CLOUD_API_PORT", 7400);
        var portalPort = Port(configuration, "CLOUD_PORTAL_PORT", 7401);
        var apiUrl = $"http://127.0.0.1:{apiPort}";
        var portalUrl = Url(configuration, "CLOUD_PORTAL_URL", $"http://localhost:{portalPort}");

        // Where the public URL is the portal's own listener, no proxy stands before the two, and nothing there answers /oauth.
        var publicUrl = Url(configuration, "CLOUD_PUBLIC_URL", apiUrl);
        var roles = (Text(configuration, "CLOUD_ROLES") ?? "api,worker")
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (roles.Length == 0 || roles.Any(role => role is not ("api" or "worker")))
        {
            throw Unusable("CLOUD_ROLES", string.Join(',', roles), "'api', 'worker' or 'api,worker'");
        }

        return new CloudSettings
        {
            Home = Path.GetFullPath(Text(configuration, "CLOUD_HOME") ?? ".cloud"),
            ApiPort = apiPort,
            PortalPort = portalPort,
            AgentPort = Port(configuration, "CLOUD_AGENT_PORT", 7402),
            PublicUrl = publicUrl == portalUrl ? apiUrl : publicUrl,
            PortalUrl = portalUrl,
            Database = Text(configuration, "CLOUD_DATABASE"),
            IsApi = roles.Contains("api"),
            IsWorker = roles.Contains("worker"),
            Bus = Text(configuration, "CLOUD_BUS"),
            AgentJoinTokenFile = Text(configuration, "CLOUD_AGENT_JOIN_TOKEN_FILE"),
            SignUp = Policy(configuration),
            BindAddress = Text(configuration, "CLOUD_BIND_ADDRESS") is { } bind ? Address("CLOUD_BIND_ADDRESS", bind) : IPAddress.Loopback,
            TrustedProxies = [.. (Text(configuration, "CLOUD_TRUSTED_PROXIES") ?? string.Empty)
                .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Select(proxy => Address("CLOUD_TRUSTED_PROXIES", proxy))],
            RateLimitPer10Seconds = Number(configuration, "CLOUD_RATE_LIMIT", 5_000, 1, 1_000_000),
            CredentialRateLimitPerMinute = Number(configuration, "CLOUD_CREDENTIAL_RATE_LIMIT", 300, 1, 1_000_000),
        };
    }

    private static string? Text(IConfiguration configuration, string name) =>
        string.IsNullOrWhiteSpace(configuration[name]) ? null : configuration[name]!.Trim(); // not null: checked in the condition

    private static int Port(IConfiguration configuration, string name, int otherwise) =>
        Number(configuration, name, otherwise, 0, 65_535);

    private static int Number(IConfiguration configuration, string name, int otherwise, int min, int max)
    {
        var text = Text(configuration, name);
        if (text is null)
        {
            return otherwise;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max
            ? number
            : throw Unusable(name, text, $"a whole number from {min} to {max}");
    }

    private static string Url(IConfiguration configuration, string name, string otherwise)
    {
        var text = (Text(configuration, name) ?? otherwise).TrimEnd('/');
        return Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? text
            : throw Unusable(name, text, "an http or https URL");
    }

    private static SignUpPolicy Policy(IConfiguration configuration) => Text(configuration, "CLOUD_SIGNUP") switch
    {
        null or "open" => SignUpPolicy.Open,
        "invite" => SignUpPolicy.Invite,
        "closed" => SignUpPolicy.Closed,
        var other => throw Unusable("CLOUD_SIGNUP", other, "'open', 'invite' or 'closed'"),
    };

    private static IPAddress Address(string name, string text) =>
        IPAddress.TryParse(text, out var address) ? address : throw Unusable(name, text, "an IP address, for example 0.0.0.0");

    private static InvalidOperationException Unusable(string name, string value, string form) =>
        new($"{name} is '{value}', but must be {form}.");
}
