namespace Cloud.Modules.Platform.Http;

/// <summary>
/// Answers HEAD wherever GET is: the request is routed and served as a GET, and the server, which still knows what was asked, sends the
/// headers alone, with the length that the body would have.
/// </summary>
/// <remarks><b>Source:</b> RFC 9110, section 9.3.2; that every server of GET supports HEAD, section 9.1.</remarks>
internal sealed class HeadMiddleware(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext http)
    {
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await next(http);
            return;
        }

        http.Request.Method = HttpMethods.Get;
        try
        {
            await next(http);
        }
        finally
        {
            http.Request.Method = HttpMethods.Head; // logs and problems tell what was asked
        }
    }
}
