using System.Text.Json;
using System.Text.Json.Serialization;
using Cloud.Kernel;
using Cloud.Modules.Platform.Http;

namespace Cloud.Modules.Platform.Errors;

/// <summary>The body of every error reply. Source: RFC 9457, with the members code, requestId and errors added.</summary>
internal sealed record ProblemReply
{
    public required string Type { get; init; }

    public required string Title { get; init; }

    public required int Status { get; init; }

    /// <summary>What went wrong this time, with values, and what to do about it.</summary>
    public required string Detail { get; init; }

    /// <summary>Path of the request.</summary>
    public required string Instance { get; init; }

    public required string Code { get; init; }

    public required string RequestId { get; init; }

    /// <summary>Whether repeating the same request later may succeed.</summary>
    public required bool Retryable { get; init; }

    /// <summary>The fields at fault; absent when no field is.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<FieldError>? Errors { get; init; }
}

/// <summary>One field at fault.</summary>
/// <param name="Pointer">JSON pointer (RFC 6901) into the request body, or the name of a query parameter or header.</param>
/// <param name="Code">What is wrong with it, as a word.</param>
/// <param name="Detail">The same as a sentence.</param>
internal sealed record FieldError(string Pointer, string Code, string Detail);

/// <summary>Turns failures into problem replies.</summary>
internal sealed class ProblemWriter(ErrorRegistry registry)
{
    /// <summary>Writes the reply. The response must not have started; what was in it is dropped.</summary>
    /// <param name="retryAfter">Rounded up to whole seconds into Retry-After; null gives 1 s where the code is retryable.</param>
    public async Task WriteAsync(
        HttpContext http,
        Failure failure,
        IReadOnlyList<FieldError>? errors = null,
        TimeSpan? retryAfter = null,
        CancellationToken cancellationToken = default)
    {
        var definition = registry.Get(failure.Code);
        http.Response.StatusCode = definition.Status;
        http.Response.ContentType = "application/problem+json";
        http.Response.Headers.CacheControl = "no-store";
        if (retryAfter is not null || definition is { Retryable: true, Status: not 500 })
        {
            var seconds = Math.Max(1, (int)Math.Ceiling((retryAfter ?? TimeSpan.FromSeconds(1)).TotalSeconds));
            http.Response.Headers.RetryAfter = seconds.ToString();
        }

        if (definition.Status == StatusCodes.Status401Unauthorized)
        {
            http.Response.Headers.WWWAuthenticate = http.Request.Headers.ContainsKey("Authorization")
                ? "Bearer error=\"invalid_token\""
                : "Bearer";
        }

        var problem = new ProblemReply
        {
            Type = definition.Type,
            Title = definition.Title,
            Status = definition.Status,
            Detail = failure.Detail,
            Instance = http.Request.Path,
            Code = definition.Code,
            RequestId = http.GetRequestId(),
            Retryable = definition.Retryable,
            Errors = errors ?? (failure.Pointer is null
                ? null
                : [new FieldError(failure.Pointer, failure.Code, failure.Detail)]),
        };
        await JsonSerializer.SerializeAsync(http.Response.Body, problem, ApiJson.Options, cancellationToken);
    }
}
