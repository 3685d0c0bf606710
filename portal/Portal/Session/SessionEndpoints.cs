using Cloud.Portal.Api;
using Cloud.Portal.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Mvc;

namespace Cloud.Portal.Session;

/// <summary>The few requests of the console that are neither a page nor an asset.</summary>
internal static class SessionEndpoints
{
    private static readonly TimeSpan AppearanceLifetime = TimeSpan.FromDays(365);

    public static void MapSessionEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/sign-out", SignOutAsync);
        routes.MapPost("/appearance", ChooseAppearance);

        // A circuit cannot set a cookie. After it renewed the tokens its page calls this, and the cookie is renewed on the way.
        routes.MapPost("/session/keep", () => Results.NoContent()).RequireAuthorization();
        routes.MapGet("/download/{organization}/{export}/{name}", DownloadAsync).RequireAuthorization();
    }

    /// <summary>Passes a file of a billing export on to the browser, which has no token of its own to fetch it with.</summary>
    private static async Task<IResult> DownloadAsync(
        string organization, string export, string name, BillingCalls billing, CancellationToken cancellationToken)
    {
        var reply = await billing.OpenFileAsync(organization, export, name, cancellationToken);
        return reply.TryGet(out var file, out var problem)
            ? Results.Stream(file, "application/octet-stream", name)
            : Results.Text($"{problem.Title}\n{problem.Detail}\n", statusCode: problem.Status);
    }

    /// <summary>Ends the session at the control plane, for all pages that run under it, and in this browser.</summary>
    private static async Task<IResult> SignOutAsync(
        HttpContext context, [FromForm] string? returnUrl, AccountCalls account, CurrentSession session, SessionVault vault)
    {
        if (await session.IdAsync() is { } id)
        {
            // Should the control plane be away, the tokens expire by themselves; this browser forgets them in any case.
            await account.EndSessionAsync("current", context.RequestAborted);
            vault.End(id);
        }

        await context.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
        return Results.LocalRedirect(LocalUrl.OrElse(returnUrl, "/"));
    }

    private static IResult ChooseAppearance(
        HttpContext context, [FromForm] string theme, [FromForm] string? returnUrl, PortalSettings settings)
    {
        if (!Appearance.IsKnown(theme))
        {
            return Results.BadRequest();
        }

        context.Response.Cookies.Append(settings.CookieName(Appearance.Cookie), theme, new CookieOptions
        {
            HttpOnly = true,
            IsEssential = true,
            SameSite = SameSiteMode.Lax,
            Secure = settings.IsSecure,
            MaxAge = AppearanceLifetime,
        });
        return Results.LocalRedirect(LocalUrl.OrElse(returnUrl, "/"));
    }
}

/// <summary>Light, dark, or as the system says.</summary>
internal static class Appearance
{
    /// <summary>Purpose part of the cookie's name.</summary>
    public const string Cookie = "appearance";

    public const string System = "system";

    public static IReadOnlyList<string> All { get; } = ["light", "dark", System];

    public static bool IsKnown(string? theme) => All.Contains(theme);

    /// <summary>What this browser chose.</summary>
    public static string Of(HttpContext? context, PortalSettings settings) =>
        context?.Request.Cookies[settings.CookieName(Cookie)] is { } chosen && IsKnown(chosen) ? chosen : System;
}

/// <summary>Guards redirects against leaving the console.</summary>
internal static class LocalUrl
{
    /// <summary><paramref name="url"/> when it is a path of this host, else <paramref name="fallback"/>.</summary>
    /// <remarks><b>Source:</b> OWASP, Unvalidated Redirects and Forwards: <c>//host</c> and <c>/\host</c> leave the host.</remarks>
    public static string OrElse(string? url, string fallback) =>
        url is ['/', ..] and not ['/', '/' or '\\', ..] && !url.Any(char.IsControl) ? url : fallback;
}
