namespace Cloud.Portal.Hosting;

/// <summary>Response headers that tell the browser what a page of the console may do.</summary>
/// <remarks>
/// Scripts and styles come from our own files only: no inline script, no inline style, no evaluation, no foreign host.
/// Pages carry a person's data, so none of them is kept by a cache; fingerprinted assets set their own lifetime.
/// <b>Source:</b> Content Security Policy Level 3 (W3C); RFC 6797 for Strict-Transport-Security.
/// </remarks>
internal static class SecurityHeaders
{
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "form-action 'self'; base-uri 'self'; frame-ancestors 'none'";

    public static void UseSecurityHeaders(this WebApplication app, PortalSettings settings) =>
        app.Use((context, next) =>
        {
            if (settings.IsSecure)
            {
                // TLS ends at a proxy in front of us: the public URL is the one source for the scheme, not a header
                // that any client could send.
                context.Request.Scheme = Uri.UriSchemeHttps;
            }

            var headers = context.Response.Headers;
            headers.ContentSecurityPolicy = ContentSecurityPolicy;
            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "same-origin";
            headers["Cross-Origin-Opener-Policy"] = "same-origin";
            headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=()";
            context.Response.OnStarting(static response =>
            {
                ((HttpResponse)response).Headers.TryAdd("Cache-Control", "no-store");
                return Task.CompletedTask;
            }, context.Response);
            if (settings.IsSecure)
            {
                headers.StrictTransportSecurity = "max-age=31536000";
            }

            return next(context);
        });
}
