namespace Cloud.ApiClient;

/// <summary>Gives the access token of the caller. Thread-safe.</summary>
public interface ITokenSource
{
    /// <summary>Whether a refused token can be replaced by a fresh one.</summary>
    bool CanRefresh { get; }

    /// <summary>A token, or null to call without one.</summary>
    /// <param name="client">For asking the API; calls made through it must be anonymous.</param>
    /// <param name="refresh">Whether the last token was refused.</param>
    /// <exception cref="ApiException">The credentials were refused.</exception>
    ValueTask<string?> GetAsync(CloudClient client, bool refresh, CancellationToken cancellationToken);
}

/// <summary>A token that somebody else keeps fresh.</summary>
public sealed class FixedToken(string token) : ITokenSource
{
    public bool CanRefresh => false;

    public ValueTask<string?> GetAsync(CloudClient client, bool refresh, CancellationToken cancellationToken) => new(token);
}

/// <summary>An API key: asks for tokens by client credentials and keeps each until shortly before its end.</summary>
public sealed class ClientCredentials(string clientId, string clientSecret, TimeProvider? time = null) : ITokenSource, IDisposable
{
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(30);

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly SemaphoreSlim _gate = new(1);
    private string? _token;
    private DateTimeOffset _expiresAt;

    public bool CanRefresh => true;

    public async ValueTask<string?> GetAsync(CloudClient client, bool refresh, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (refresh || _token is null || _time.GetUtcNow() > _expiresAt - Margin)
            {
                var form = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["grant_type"] = "client_credentials", ["client_id"] = clientId, ["client_secret"] = clientSecret,
                };
                var reply = await client.Identity.CreateTokenAsync(form, cancellationToken: cancellationToken);
                _token = reply.Value.AccessToken;
                _expiresAt = _time.GetUtcNow().AddSeconds(reply.Value.ExpiresIn);
            }

            return _token;
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();
}

internal sealed class NoToken : ITokenSource
{
    public static readonly NoToken Instance = new();

    public bool CanRefresh => false;

    public ValueTask<string?> GetAsync(CloudClient client, bool refresh, CancellationToken cancellationToken) => new((string?)null);
}
