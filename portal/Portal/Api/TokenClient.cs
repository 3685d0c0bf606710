using Cloud.ApiClient;
using Cloud.Portal.Session;

namespace Cloud.Portal.Api;

/// <summary>The calls that come before a session: sign-up, and trading credentials for tokens.</summary>
internal sealed class TokenClient(ApiGuard guard, TimeProvider time)
{
    /// <summary>Creates an account; answers the same whether or not the address is taken.</summary>
    public Task<Reply<CreateUserResult>> SignUpAsync(CreateUserRequest person, CancellationToken cancellationToken) => guard.AskAsync(
        null,
        async client => (await client.Identity.CreateUserAsync(person, cancellationToken: cancellationToken)).Value,
        cancellationToken);

    /// <param name="userAgent">The browser's own header.</param>
    public Task<Reply<SessionTokens>> SignInAsync(
        string email, string password, string? userAgent, CancellationToken cancellationToken) => guard.AskAsync(
        null,
        async client =>
        {
            var body = new CreateSessionRequest { Email = email, Password = password };
            var token = (await client.Identity.CreateSessionAsync(body, cancellationToken: cancellationToken)).Value;
            return new SessionTokens(token.AccessToken, token.RefreshToken, time.GetUtcNow().AddSeconds(token.ExpiresIn));
        },
        cancellationToken,
        userAgent);

    /// <summary>Trades a refresh token for the next pair, which spends it.</summary>
    public Task<Reply<SessionTokens>> RefreshAsync(string refreshToken, CancellationToken cancellationToken) => guard.AskAsync(
        null,
        async client =>
        {
            var form = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["grant_type"] = "refresh_token",
                ["refresh_token"] = refreshToken,
            };
            var token = (await client.Identity.CreateTokenAsync(form, cancellationToken: cancellationToken)).Value;
            return new SessionTokens(
                token.AccessToken, token.RefreshToken ?? refreshToken, time.GetUtcNow().AddSeconds(token.ExpiresIn));
        },
        cancellationToken);

    /// <summary>Whose tokens these are.</summary>
    public Task<Reply<User>> WhoAsync(SessionTokens tokens, CancellationToken cancellationToken) => guard.AskAsync(
        tokens.AccessToken,
        async client => (await client.Identity.GetMeAsync(cancellationToken: cancellationToken)).Value,
        cancellationToken);
}
