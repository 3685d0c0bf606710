using System.Diagnostics;

namespace Cloud.Modules.Platform.Http;

/// <summary>
/// Gives every request an id, which its reply, its log lines and its audit event carry. A caller's own X-Request-Id is taken over
/// if it is 8 to 64 letters, digits, hyphens or underscores; the trace id of a traceparent header is what ASP.NET Core's Activity uses.
/// </summary>
internal sealed class RequestIdMiddleware(RequestDelegate next, ILogger<RequestIdMiddleware> logger)
{
    public const string Header = "X-Request-Id";

    public async Task InvokeAsync(HttpContext http)
    {
        var given = http.Request.Headers[Header].ToString();
        var id = IsUsable(given) ? given : "req_" + Kernel.Crockford32.Encode(Guid.CreateVersion7());
        http.TraceIdentifier = id;
        http.Response.Headers[Header] = id;
        using (logger.BeginScope(new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["RequestId"] = id,
            ["TraceId"] = Activity.Current?.TraceId.ToString() ?? string.Empty,
        }))
        {
            await next(http);
        }
    }

    private static bool IsUsable(string id) =>
        id.Length is >= 8 and <= 64 && id.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_');
}

internal static class RequestIdExtensions
{
    /// <summary>The id that the reply carries in X-Request-Id.</summary>
    public static string GetRequestId(this HttpContext http) => http.TraceIdentifier;
}
