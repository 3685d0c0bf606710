using System.Net;

namespace Cloud.ApiClient;

/// <summary>A success and what its headers say.</summary>
public class ApiReply
{
    internal ApiReply(HttpResponseMessage response)
    {
        Status = response.StatusCode;
        ETag = response.Headers.ETag?.Tag;
        Location = response.Headers.Location?.OriginalString;
        OperationLocation = response.Headers.TryGetValues("Operation-Location", out var values) ? values.First() : null;
        RequestId = RequestIdOf(response);
    }

    public HttpStatusCode Status { get; }

    /// <summary>The version of the resource, for <see cref="CallOptions.IfMatch"/>; null where there is none.</summary>
    public string? ETag { get; }

    /// <summary>Path of the resource; null where there is none.</summary>
    public string? Location { get; }

    /// <summary>Path of the operation to wait for; null when the work was done at once.</summary>
    public string? OperationLocation { get; }

    /// <summary>Under which the operator finds this call; empty when the reply came from something before the API.</summary>
    public string RequestId { get; }

    internal static string RequestIdOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("X-Request-Id", out var values) ? values.First() : string.Empty;
}

/// <summary>A success with a body.</summary>
public sealed class ApiReply<T> : ApiReply
{
    internal ApiReply(T value, HttpResponseMessage response)
        : base(response) => Value = value;

    public T Value { get; }
}
