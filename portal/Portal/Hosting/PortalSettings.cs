using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Cloud.Kernel;

namespace Cloud.Portal.Hosting;

/// <summary>Where the console listens, which cloud it speaks to, and what keeps its cookies apart from another cloud's.</summary>
/// <param name="Port">TCP port on the loopback addresses.</param>
/// <param name="ApiUrl">Root of the control plane's REST API, as this process reaches it.</param>
/// <param name="Home">Folder of the cloud; the key ring is kept in <c>portal-keys</c> below it.</param>
/// <param name="PublicUrl">How browsers reach the console; its scheme decides whether cookies are Secure.</param>
/// <param name="InstanceId">Part of every cookie's name, because browsers do not keep cookies apart by port (RFC 6265 §8.5).</param>
internal sealed record PortalSettings(int Port, Uri ApiUrl, string Home, Uri PublicUrl, string InstanceId)
{
    private const int InstanceIdCharsMax = 32;

    /// <summary>Text for <c>--help</c>.</summary>
    public const string Help =
        """
        cloud-portal: the web console of a cloud.

        It takes no arguments. Environment:
          CLOUD_PORTAL_PORT  port to listen on, loopback only (7401)
          CLOUD_API_URL      REST API of the control plane (http://127.0.0.1:7400)
          CLOUD_HOME         folder of the cloud; cookie keys live in portal-keys below it (.cloud)
          CLOUD_PUBLIC_URL   address at which browsers reach the console (http://localhost:PORT);
                             with https, cookies become Secure and take the __Host- prefix
          CLOUD_INSTANCE_ID  keeps the cookies of two clouds on one machine apart (derived from CLOUD_HOME)

        Endpoints: /healthz (the process runs), /readyz (it can serve people), /metrics (Prometheus text).
        SIGTERM drains and exits 0; bad configuration exits 2.

        """;

    /// <summary>Whether browsers reach the console over TLS.</summary>
    public bool IsSecure => PublicUrl.Scheme == Uri.UriSchemeHttps;

    /// <summary>Folder of the data-protection key ring, shared by all portal processes of the cloud.</summary>
    public string KeyRing => Path.Combine(Home, "portal-keys");

    /// <summary>Name of a cookie of this cloud, for example <c>cloud-3f9a-session</c>.</summary>
    public string CookieName(string purpose) => $"{(IsSecure ? "__Host-" : "")}cloud-{InstanceId}-{purpose}";

    /// <summary>Reads the environment.</summary>
    /// <returns>The settings, or a failure that names the variable at fault, its value and what it may be.</returns>
    public static Outcome<PortalSettings> From(Func<string, string?> variable)
    {
        if (!int.TryParse(variable("CLOUD_PORTAL_PORT") ?? "7401", NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port is < 1 or > 65535)
        {
            return Bad("CLOUD_PORTAL_PORT", variable, "a port from 1 to 65535");
        }

        if (!TryHttpUrl(variable("CLOUD_API_URL") ?? "http://127.0.0.1:7400", out var apiUrl))
        {
            return Bad("CLOUD_API_URL", variable, "an http or https URL");
        }

        if (!TryHttpUrl(variable("CLOUD_PUBLIC_URL") ?? $"http://localhost:{port}", out var publicUrl))
        {
            return Bad("CLOUD_PUBLIC_URL", variable, "an http or https URL");
        }

        var home = Path.GetFullPath(variable("CLOUD_HOME") is { Length: > 0 } given ? given : ".cloud");
        var instanceId = variable("CLOUD_INSTANCE_ID") is { Length: > 0 } id ? id : DeriveInstanceId(home);
        if (instanceId.Length > InstanceIdCharsMax || !instanceId.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
        {
            return Bad("CLOUD_INSTANCE_ID", variable, $"up to {InstanceIdCharsMax} letters, digits, hyphens and underscores");
        }

        return new PortalSettings(port, apiUrl, home, publicUrl, instanceId);
    }

    private static Failure Bad(string name, Func<string, string?> variable, string expected) =>
        new("invalid-setting", $"{name} is '{variable(name)}'; it must be {expected}.");

    private static bool TryHttpUrl(string text, out Uri url)
    {
        var good = Uri.TryCreate(text, UriKind.Absolute, out var parsed)
            && (parsed.Scheme == Uri.UriSchemeHttp || parsed.Scheme == Uri.UriSchemeHttps);
        url = parsed!; // Null only when false is returned.
        return good;
    }

    private static string DeriveInstanceId(string home) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(home)).AsSpan(0, 4));
}
