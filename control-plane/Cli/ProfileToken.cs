using Cloud.ApiClient;

namespace Cloud.Cli;

/// <summary>The token of a saved sign-in, refreshed when it has ended.</summary>
internal sealed class ProfileToken(Profiles profiles, string name, TimeProvider time) : ITokenSource
{
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(30);

    public bool CanRefresh => true;

    public async ValueTask<string?> GetAsync(CloudClient client, bool refresh, CancellationToken cancellationToken)
    {
        var known = Usable(null);
        if (known is not null && !refresh)
        {
            return known;
        }

        using (await profiles.LockAsync(cancellationToken))
        {
            // Another command may have refreshed it while this one waited for the lock.
            if (Usable(refresh ? known : null) is { } fresh)
            {
                return fresh;
            }

            return await RefreshAsync(client, cancellationToken);
        }
    }

    private string? Usable(string? refused)
    {
        var profile = profiles.Find(name);
        return profile?.AccessToken is { } token && token != refused && profile.AccessTokenExpiresAt - Margin > time.GetUtcNow()
            ? token
            : null;
    }

    private async Task<string> RefreshAsync(CloudClient client, CancellationToken cancellationToken)
    {
        var profile = profiles.Find(name);
        if (profile?.RefreshToken is not { } refreshToken)
        {
            throw new CliException("Nobody is signed in. Remedy: cloudctl login, or set CLOUD_CLIENT_ID and CLOUD_CLIENT_SECRET.");
        }

        var form = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["grant_type"] = "refresh_token", ["refresh_token"] = refreshToken,
        };
        try
        {
            var tokens = (await client.Identity.CreateTokenAsync(form, cancellationToken: cancellationToken)).Value;
            profiles.Save(name, profile with
            {
                AccessToken = tokens.AccessToken,
                RefreshToken = tokens.RefreshToken,
                AccessTokenExpiresAt = time.GetUtcNow().AddSeconds(tokens.ExpiresIn),
            });
            return tokens.AccessToken;
        }
        catch (ApiException ended) when (ended.Status == System.Net.HttpStatusCode.BadRequest)
        {
            throw new CliException("The sign-in has ended. Remedy: cloudctl login.");
        }
    }
}
