using Cloud.ApiClient;
using Cloud.Portal.Session;
using Microsoft.AspNetCore.Components.Authorization;

namespace Cloud.Portal.Api;

/// <summary>
/// The API as one signed-in person sees it: every call carries that person's own token, and the console has no other. One per
/// scope (a circuit or a request).
/// </summary>
internal sealed class CloudApi(ApiGuard guard, SessionVault vault, CurrentSession session)
{
    private string? _lastToken;

    /// <summary>Raised when a call is made with newer tokens than the one before: the browser's cookie is behind.</summary>
    public event EventHandler? Renewed;

    /// <summary>Makes a call that answers with a value.</summary>
    /// <returns>The answer; <see cref="Problem.SessionEnded"/> when the token is refused, which also ends the session here.</returns>
    public Task<Reply<T>> AskAsync<T>(Func<CloudClient, Task<ApiReply<T>>> call, CancellationToken cancellationToken) =>
        WithTokenAsync(async client => (await call(client)).Value, cancellationToken);

    /// <summary>As <see cref="AskAsync{T}"/>, for a call that answers with no value.</summary>
    public Task<Reply<Nothing>> TellAsync(Func<CloudClient, Task> call, CancellationToken cancellationToken) => WithTokenAsync(
        async client =>
        {
            await call(client);
            return default(Nothing);
        },
        cancellationToken);

    /// <summary>As <see cref="AskAsync{T}"/>, for a file that is read as it arrives; the caller disposes the stream.</summary>
    public Task<Reply<Stream>> OpenAsync(Func<CloudClient, Task<Stream>> call, CancellationToken cancellationToken) =>
        WithTokenAsync(call, cancellationToken);

    private async Task<Reply<T>> WithTokenAsync<T>(Func<CloudClient, Task<T>> call, CancellationToken cancellationToken)
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
        var reply = await guard.AskAsync(tokens.AccessToken, call, cancellationToken);
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
            var state = services.GetRequiredService<AuthenticationStateProvider>();
            principal = (await state.GetAuthenticationStateAsync()).User;
        }

        return principal.FindFirst(SessionClaims.SessionId)?.Value;
    }
}
