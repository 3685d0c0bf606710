using System.Security.Claims;
using System.Security.Cryptography;
using Cloud.ApiClient;
using Cloud.Portal.Api;
using Cloud.Portal.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace Cloud.Portal.Session;

/// <summary>Claims of a session's principal.</summary>
internal static class SessionClaims
{
    /// <summary>Names the session inside this console; it gives no access by itself.</summary>
    public const string SessionId = "sid";
}

/// <summary>Signing in and out by a sealed cookie.</summary>
/// <remarks>
/// The cookie holds the person's name, a session id and the token pair, sealed by the key ring, so that any portal process of
/// the cloud can serve it and a restart signs nobody out. It is HttpOnly: no script reads it, and no page carries a token.
/// </remarks>
internal static class SessionServices
{
    /// <summary>Unused for so long, a browser has to sign in again; each visit starts the time anew.</summary>
    private static readonly TimeSpan CookieLifetime = TimeSpan.FromDays(14);

    public static void AddPortalSession(this IServiceCollection services, PortalSettings settings)
    {
        services.AddSingleton<SessionVault>();
        services.AddSingleton<SessionBeginner>();
        services.AddScoped<Components.Layout.Workplace>();
        services.AddScoped<Pages.Clusters.FreshCredentials>();
        services.AddCascadingAuthenticationState();
        services.AddAuthorization();
        services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(cookie =>
        {
            cookie.Cookie.Name = settings.CookieName("session");
            cookie.Cookie.HttpOnly = true;
            cookie.Cookie.SameSite = SameSiteMode.Lax;
            cookie.Cookie.SecurePolicy = settings.IsSecure ? CookieSecurePolicy.Always : CookieSecurePolicy.None;
            cookie.ExpireTimeSpan = CookieLifetime;
            cookie.SlidingExpiration = true;
            cookie.LoginPath = "/sign-in";
            cookie.ReturnUrlParameter = "returnUrl";
            cookie.Events.OnValidatePrincipal = ValidateAsync;
        });
    }

    /// <summary>Writes the cookie of a new session.</summary>
    public static Task BeginSessionAsync(this HttpContext context, User person, SessionTokens tokens)
    {
        var identity = new ClaimsIdentity(
            [
                new Claim(SessionClaims.SessionId, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))),
                new Claim(ClaimTypes.NameIdentifier, person.Id),
                new Claim(ClaimTypes.Name, person.Name),
                new Claim(ClaimTypes.Email, person.Email),
            ],
            CookieAuthenticationDefaults.AuthenticationScheme);
        var properties = new AuthenticationProperties { IsPersistent = true };
        tokens.StoreIn(properties);
        return context.SignInAsync(CookieAuthenticationDefaults.AuthenticationScheme, new ClaimsPrincipal(identity), properties);
    }

    /// <summary>Runs on every request with a cookie: takes its tokens in, renews them and the cookie where needed.</summary>
    private static async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        var sessionId = context.Principal?.FindFirst(SessionClaims.SessionId)?.Value;
        var carried = SessionTokens.From(context.Properties);
        if (sessionId is null || carried is null)
        {
            await RejectAsync(context);
            return;
        }

        var vault = context.HttpContext.RequestServices.GetRequiredService<SessionVault>();
        vault.Adopt(sessionId, carried);
        var reply = await vault.FreshAsync(sessionId, context.HttpContext.RequestAborted);
        if (!reply.TryGet(out var fresh, out var problem))
        {
            if (problem == Problem.SessionEnded)
            {
                await RejectAsync(context);
            }

            return; // The control plane is away: the person stays signed in, and pages say what is wrong.
        }

        if (carried.IsOlderThan(fresh))
        {
            fresh.StoreIn(context.Properties);
            context.ShouldRenew = true;
        }
    }

    private static Task RejectAsync(CookieValidatePrincipalContext context)
    {
        context.RejectPrincipal();
        return context.HttpContext.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
    }
}
