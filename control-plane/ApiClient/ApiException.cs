using System.Net;
using System.Text.Json;

namespace Cloud.ApiClient;

/// <summary>The API answered with an error, or could not be reached.</summary>
public sealed class ApiException : Exception
{
    internal ApiException(HttpStatusCode? status, Problem? problem, string requestId, string message, Exception? inner = null)
        : base(message, inner)
    {
        Status = status;
        Problem = problem;
        RequestId = requestId;
    }

    /// <summary>Null when there was no answer.</summary>
    public HttpStatusCode? Status { get; }

    /// <summary>What the API says went wrong; null when the answer came from something before it, or there was none.</summary>
    public Problem? Problem { get; }

    /// <summary>Under which the operator finds this call; empty without an answer.</summary>
    public string RequestId { get; }

    /// <summary>The problem's code; empty without a problem.</summary>
    public string Code => Problem?.Code ?? string.Empty;

    /// <summary>When the API asks to try again; null where it does not say.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>Whether the same request may succeed later.</summary>
    public bool IsRetryable => Status is null || (Problem?.Retryable ?? Status is
        HttpStatusCode.ServiceUnavailable or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout or HttpStatusCode.TooManyRequests);

    internal static ApiException Unreachable(Uri? address, Exception inner) =>
        new(null, null, string.Empty, $"The API at {address} cannot be reached: {inner.Message}", inner);

    internal static async Task<ApiException> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        var requestId = ApiReply.RequestIdOf(response);
        var problem = Parse(response, text);
        var message = problem is null
            ? $"The API answered {(int)response.StatusCode} {response.ReasonPhrase}."
            : $"{problem.Detail} ({problem.Code}, request {requestId})";
        return new ApiException(response.StatusCode, problem, requestId, message) { RetryAfter = response.Headers.RetryAfter?.Delta };
    }

    private static Problem? Parse(HttpResponseMessage response, string text)
    {
        if (response.Content.Headers.ContentType?.MediaType != "application/problem+json")
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<Problem>(text, CloudClient.Json);
        }
        catch (JsonException)
        {
            return null; // Cut off on its way: the status alone is known.
        }
    }
}
