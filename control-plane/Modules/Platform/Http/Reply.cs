using System.Globalization;
using System.Text.Json;
using Cloud.Kernel;
using Cloud.Modules.Platform.Errors;

namespace Cloud.Modules.Platform.Http;

/// <summary>
/// What a handler answers: a body with its headers, or a <see cref="Failure"/> (which converts implicitly).
/// Made by <see cref="Reply"/>.
/// </summary>
internal sealed class Reply<T> : IResult
{
    private readonly Failure? _failure;

    internal Reply(T body, int? status, long? version, string? location, string? operationLocation)
    {
        Body = body;
        Status = status;
        Version = version;
        Location = location;
        OperationLocation = operationLocation;
    }

    internal Reply(Failure failure) => _failure = failure;

    internal T? Body { get; }

    private int? Status { get; }

    private long? Version { get; }

    /// <summary>Also set on a failure whose reply points at a resource, such as the holder of a taken name.</summary>
    internal string? Location { get; init; }

    private string? OperationLocation { get; }

    internal TimeSpan? RetryAfter { get; init; }

    public static implicit operator Reply<T>(Failure failure) => new(failure);

    /// <summary>A failure that points at a resource.</summary>
    internal static Reply<T> FailAt(Failure failure, string location) => new(failure) { Location = location };

    /// <summary>A failure that ends by itself.</summary>
    internal static Reply<T> FailUntil(Failure failure, TimeSpan retryAfter) => new(failure) { RetryAfter = retryAfter };

    /// <summary>A failure of several fields.</summary>
    internal static Reply<T> FailWith(Failure failure, IReadOnlyList<FieldError> errors) => new(failure) { Errors = errors };

    /// <summary>The fields at fault; null takes the failure's own pointer.</summary>
    internal IReadOnlyList<FieldError>? Errors { get; init; }

    /// <summary>The same reply with another body; a failure stays what it is.</summary>
    internal Reply<TOther> WithBody<TOther>(Func<T, TOther> map) => _failure is null
        ? new(map(Body!), Status, Version, Location, OperationLocation) // a reply without failure has a body
        : new(_failure) { Location = Location, Errors = Errors, RetryAfter = RetryAfter };

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        SetIfAny(response, "Location", Location);
        SetIfAny(response, "Operation-Location", OperationLocation);
        if (_failure is not null)
        {
            var problems = httpContext.RequestServices.GetRequiredService<ProblemWriter>();
            await problems.WriteAsync(
                httpContext, _failure, Errors, RetryAfter, cancellationToken: httpContext.RequestAborted);
            return;
        }

        SetIfAny(response, "ETag", Version is { } version ? ETags.Write(version) : null);
        var rules = httpContext.GetEndpoint()?.Metadata.GetMetadata<EndpointRules>();
        response.StatusCode = Status ?? SuccessStatus.Of(rules, httpContext.Request.Method);
        if (response.StatusCode != StatusCodes.Status204NoContent)
        {
            response.ContentType = "application/json; charset=utf-8";
            await JsonSerializer.SerializeAsync(response.Body, Body, ApiJson.Options, httpContext.RequestAborted);
        }
    }

    private static void SetIfAny(HttpResponse response, string header, string? value)
    {
        if (value is not null)
        {
            response.Headers[header] = value;
        }
    }
}

/// <summary>Makes replies. The status is the endpoint's success status; see <see cref="EndpointRulesExtensions.Replies"/>.</summary>
internal static class Reply
{
    /// <param name="version">The resource's version, which becomes its ETag; null for what is no single resource.</param>
    public static Reply<T> Ok<T>(T body, long? version = null) => new(body, null, version, null, null);

    /// <summary>200 from an endpoint that otherwise answers 202: there was nothing left to do.</summary>
    public static Reply<T> Done<T>(T body, long version) => new(body, 200, version, null, null);

    /// <param name="location">Path of the new resource.</param>
    public static Reply<T> Created<T>(T body, string location, long? version = null) => new(body, 201, version, location, null);

    /// <summary>Work goes on: the body is the resource's own fields and its <c>operation</c>.</summary>
    /// <param name="location">Path of the resource.</param>
    /// <param name="operationLocation">Path of the operation to wait for.</param>
    public static Reply<T> Accepted<T>(T body, string location, string operationLocation, long? version = null) =>
        new(body, 202, version, location, operationLocation);

    public static Reply<Nothing> NoContent() => new(Nothing.Value, 204, null, null, null);

    /// <summary>A failure of several fields, each with its pointer.</summary>
    public static Reply<T> FailWith<T>(Failure failure, IReadOnlyList<FieldError> errors) => Reply<T>.FailWith(failure, errors);

    /// <summary>A failure whose reply names a resource in its Location header.</summary>
    public static Reply<T> FailAt<T>(Failure failure, string location) => Reply<T>.FailAt(failure, location);

    /// <summary>A failure that ends by itself: the reply says in Retry-After when.</summary>
    public static Reply<T> FailUntil<T>(Failure failure, TimeSpan retryAfter) => Reply<T>.FailUntil(failure, retryAfter);
}

/// <summary>The text of entity tags. Source: RFC 9110, section 8.8.3.</summary>
internal static class ETags
{
    public static string Write(long version) => string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");
}

internal static class SuccessStatus
{
    /// <summary>The status with which an endpoint answers when all went well.</summary>
    public static int Of(EndpointRules? rules, string method) => rules?.SuccessStatus ?? (rules?.Class, method) switch
    {
        (EndpointClass.ResourceWrite, "POST") => StatusCodes.Status201Created,
        (EndpointClass.ResourceWrite, "DELETE") => StatusCodes.Status204NoContent,
        _ => StatusCodes.Status200OK,
    };
}
