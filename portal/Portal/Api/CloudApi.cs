using Cloud.Portal.Session;

namespace Cloud.Portal.Api;

/// <summary>The API as one signed-in person sees it: every call carries that person's own token, and the console has no other.</summary>
/// <remarks>One per scope (a circuit or a request).</remarks>
internal sealed class CloudApi(ApiCalls calls, SessionVault vault, CurrentSession session)
{
    private string? _lastToken;

    /// <summary>Raised when a call was made with newer tokens than the one before: the browser's cookie is behind.</summary>
    public event EventHandler? Renewed;

    public Task<Reply<T>> GetAsync<T>(string path, CancellationToken cancellationToken) =>
        SendAsync<T>(HttpMethod.Get, path, null, cancellationToken);

    /// <summary>Sends a request with the person's token.</summary>
    /// <param name="idempotencyKey">The same for every attempt at one intent, so that a repeated click does nothing twice.</param>
    /// <returns>The answer; <see cref="Problem.SessionEnded"/> when the token is refused, which also ends the session here.</returns>
    public async Task<Reply<T>> SendAsync<T>(
        HttpMethod method, string path, object? body, CancellationToken cancellationToken, string? idempotencyKey = null, string? ifMatch = null)
    {
        return await WithTokenAsync(
            token => calls.SendAsync<T>(
                method, path, token, body is null ? null : ApiCalls.Body(body), cancellationToken, idempotencyKey, ifMatch),
            cancellationToken);
    }

    /// <summary>Opens a file for reading as it arrives; the caller disposes the stream.</summary>
    public Task<Reply<Stream>> OpenAsync(string path, CancellationToken cancellationToken) =>
        WithTokenAsync(token => calls.OpenAsync(path, token, cancellationToken), cancellationToken);

    private async Task<Reply<T>> WithTokenAsync<T>(Func<string, Task<Reply<T>>> call, CancellationToken cancellationToken)
    {
        if (await session.IdAsync() is not { } id)
        {
            return Problem.SessionEnded;
        }

        if (!(await vault.FreshAsync(id, cancellationToken)).TryGet(out var tokens, out var problem))
        {
            return problem;
        }

        if (_lastToken is not null && _lastToken != tokens.AccessToken)
        {
            Renewed?.Invoke(this, EventArgs.Empty);
        }

        _lastToken = tokens.AccessToken;
        var reply = await call(tokens.AccessToken);
        if (!reply.TryGet(out _, out problem) && problem.Status == StatusCodes.Status401Unauthorized)
        {
            vault.End(id);
            return Problem.SessionEnded;
        }

        return reply;
    }
}

/// <summary>Which session a scope belongs to.</summary>
internal sealed class CurrentSession(IServiceProvider services)
{
    /// <summary>The session's id, or null for a visitor.</summary>
    public async ValueTask<string?> IdAsync()
    {
        // In a circuit and in a page's rendering the state provider knows; in a plain endpoint only the request does.
        var principal = services.GetRequiredService<IHttpContextAccessor>().HttpContext?.User;
        if (principal?.Identity?.IsAuthenticated != true)
        {
            var state = services.GetRequiredService<Microsoft.AspNetCore.Components.Authorization.AuthenticationStateProvider>();
            principal = (await state.GetAuthenticationStateAsync()).User;
        }

        return principal.FindFirst(SessionClaims.SessionId)?.Value;
    }
}
