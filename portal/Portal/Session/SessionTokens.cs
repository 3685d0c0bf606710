using Microsoft.AspNetCore.Authentication;

namespace Cloud.Portal.Session;

/// <summary>What the control plane gave for a sign-in. Never leaves the server except sealed in the session cookie.</summary>
/// <param name="AccessToken">Bearer token for the API.</param>
/// <param name="RefreshToken">Exchanged once for the next pair; presenting it twice ends the session.</param>
/// <param name="ExpiresAt">When the access token stops working, by this process's clock.</param>
internal sealed record SessionTokens(string AccessToken, string RefreshToken, DateTimeOffset ExpiresAt)
{
    private const string Access = "access_token";
    private const string Refresh = "refresh_token";
    private const string Expires = "expires_at";

    /// <summary>Whether <paramref name="other"/> was issued after this pair.</summary>
    public bool IsOlderThan(SessionTokens other) => ExpiresAt < other.ExpiresAt;

    /// <summary>Writes the pair into the cookie's sealed properties.</summary>
    public void StoreIn(AuthenticationProperties properties) => properties.StoreTokens(
    [
        new AuthenticationToken { Name = Access, Value = AccessToken },
        new AuthenticationToken { Name = Refresh, Value = RefreshToken },
        new AuthenticationToken { Name = Expires, Value = ExpiresAt.ToString("O") },
    ]);

    /// <summary>Reads the pair back; null when the cookie carries none, which a cookie of ours never does.</summary>
    public static SessionTokens? From(AuthenticationProperties properties) =>
        properties.GetTokenValue(Access) is { } access
        && properties.GetTokenValue(Refresh) is { } refresh
        && DateTimeOffset.TryParse(properties.GetTokenValue(Expires), out var expires)
            ? new SessionTokens(access, refresh, expires)
            : null;
}
