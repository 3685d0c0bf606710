using System.Text.Json.Serialization;
using Cloud.Portal.Session;

namespace Cloud.Portal.Api;

/// <summary>The calls that come before a session: sign-up, and trading credentials for tokens.</summary>
internal sealed class TokenClient(ApiCalls calls, TimeProvider time)
{
    /// <summary>Creates an account; answers the same whether or not the address is taken.</summary>
    /// <param name="operatorToken">From the operator's one-time link; null for everybody else.</param>
    public Task<Reply<Nothing>> SignUpAsync(
        string name, string email, string password, string? operatorToken, CancellationToken cancellationToken) =>
        calls.SendAsync<Nothing>(
            HttpMethod.Post, "v1/users", null, ApiCalls.Body(new { name, email, password, operatorToken }), cancellationToken);

    /// <summary>Signs in.</summary>
    /// <param name="totp">Code of the second factor; null where none is set up.</param>
    public async Task<Reply<SessionTokens>> SignInAsync(string email, string password, string? totp, CancellationToken cancellationToken) =>
        Read(await calls.SendAsync<TokenBody>(
            HttpMethod.Post, "v1/sessions", null, ApiCalls.Body(new { email, password, totp }), cancellationToken));

    /// <summary>Trades a refresh token for the next pair, which spends it.</summary>
    public async Task<Reply<SessionTokens>> RefreshAsync(string refreshToken, CancellationToken cancellationToken)
    {
        var form = new FormUrlEncodedContent(
        [
            new("grant_type", "refresh_token"),
            new("refresh_token", refreshToken),
        ]);
        return Read(await calls.SendAsync<OAuthTokenBody>(HttpMethod.Post, "oauth/token", null, form, cancellationToken));
    }

    /// <summary>Whose tokens these are.</summary>
    public Task<Reply<Person>> WhoAsync(SessionTokens tokens, CancellationToken cancellationToken) =>
        calls.SendAsync<Person>(HttpMethod.Get, "v1/users/me", tokens.AccessToken, null, cancellationToken);

    private Reply<SessionTokens> Read(Reply<TokenBody> reply) => reply.TryGet(out var body, out var problem)
        ? new SessionTokens(body.AccessToken, body.RefreshToken, time.GetUtcNow().AddSeconds(body.ExpiresIn))
        : problem;

    private Reply<SessionTokens> Read(Reply<OAuthTokenBody> reply) => reply.TryGet(out var body, out var problem)
        ? new SessionTokens(body.AccessToken, body.RefreshToken, time.GetUtcNow().AddSeconds(body.ExpiresIn))
        : problem;

    private sealed record TokenBody(string AccessToken, string RefreshToken, int ExpiresIn);

    private sealed record OAuthTokenBody(
        [property: JsonPropertyName("access_token")] string AccessToken,
        [property: JsonPropertyName("refresh_token")] string RefreshToken,
        [property: JsonPropertyName("expires_in")] int ExpiresIn);
}
