using Microsoft.AspNetCore.Http.Features;

namespace Cloud.Modules.Platform.Http;

/// <summary>
/// Holds back what a handler writes until its transaction has ended: a reply never tells of something that was not committed,
/// and a slow reader holds no database connection.
/// </summary>
internal sealed class CapturedReply
{
    private readonly HttpContext _http;
    private readonly IHttpResponseBodyFeature _original;
    private readonly MemoryStream _buffer = new();

    private CapturedReply(HttpContext http)
    {
        _http = http;
        _original = http.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        http.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(_buffer));
    }

    public bool Succeeded => _http.Response.StatusCode is >= 200 and < 300;

    public ReadOnlyMemory<byte> Body => _buffer.GetBuffer().AsMemory(0, (int)_buffer.Length);

    /// <summary>Runs the rest of the request with its reply held back.</summary>
    /// <exception cref="Exception">Whatever the handler throws; the response is as before then.</exception>
    public static async Task<CapturedReply> RunAsync(HttpContext http, RequestDelegate next)
    {
        var reply = new CapturedReply(http);
        try
        {
            await next(http);
        }
        finally
        {
            await http.Response.BodyWriter.FlushAsync(CancellationToken.None);
            http.Features.Set(reply._original);
        }

        return reply;
    }

    /// <summary>Sends the reply.</summary>
    public async Task SendAsync(CancellationToken cancellationToken)
    {
        if (_buffer.Length == 0)
        {
            return;
        }

        _http.Response.ContentLength = _buffer.Length;
        await _http.Response.Body.WriteAsync(Body, cancellationToken);
    }
}
