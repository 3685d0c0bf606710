using Cloud.Kernel;
using Cloud.Modules.Platform.Errors;

namespace Cloud.Modules.Platform.Http;

/// <summary>
/// The boundary of a request: exceptions become problem replies, and so do the empty 4xx replies of routing (404, 405, 415).
/// Defects are logged here, once; nothing of an exception reaches the caller.
/// </summary>
internal sealed partial class FaultMiddleware(RequestDelegate next, ProblemWriter problems, ILogger<FaultMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext http)
    {
        try
        {
            await next(http);
            await ExplainEmptyReplyAsync(http);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            LogGone(logger, http.Request.Path);
        }
#pragma warning disable CA1031 // This is the boundary: every exception ends here and is answered, logged, or both.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            await AnswerAsync(http, exception);
        }
    }

    private async Task AnswerAsync(HttpContext http, Exception exception)
    {
        var fault = Faults.Read(exception, http);
        if (fault.IsDefect)
        {
            LogDefect(logger, exception, http.Request.Method, http.Request.Path);
        }
        else if (fault.Failure.Code == PlatformErrors.Unavailable)
        {
            LogUnavailable(logger, http.Request.Method, http.Request.Path, exception.Message);
        }

        if (http.Response.HasStarted)
        {
            http.Abort();
            return;
        }

        Reset(http.Response);
        await problems.WriteAsync(http, fault.Failure, fault.Errors, cancellationToken: http.RequestAborted);
    }

    private async Task ExplainEmptyReplyAsync(HttpContext http)
    {
        var response = http.Response;
        if (response.HasStarted || response.StatusCode < 400 || response.ContentType is not null || response.ContentLength > 0)
        {
            return;
        }

        Failure? failure = response.StatusCode switch
        {
            404 => new Failure(PlatformErrors.NotFound, $"There is nothing at '{http.Request.Path}'."),
            405 => new Failure(PlatformErrors.MethodNotAllowed, $"'{http.Request.Path}' has no method {http.Request.Method}."),
            415 => new Failure(
                PlatformErrors.UnsupportedMediaType, $"The body is '{http.Request.ContentType}', but must be application/json."),
            _ => null,
        };
        if (failure is not null)
        {
            await problems.WriteAsync(http, failure, cancellationToken: http.RequestAborted);
        }
    }

    /// <summary>Keeps the headers that every reply has, and drops those of the reply that failed.</summary>
    private static void Reset(HttpResponse response)
    {
        foreach (var header in new[] { "Location", "Operation-Location", "ETag", "Content-Length", "Content-Disposition" })
        {
            response.Headers.Remove(header);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The caller of {Path} went away")]
    private static partial void LogGone(ILogger logger, string path);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed")]
    private static partial void LogDefect(ILogger logger, Exception exception, string method, string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Method} {Path} answered 503: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, string method, string path, string reason);
}
