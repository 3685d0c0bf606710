using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using Cloud.Portal.Hosting;

namespace Cloud.Portal.Api;

/// <summary>Sends requests of the REST API and turns every answer into a value or a <see cref="Problem"/>.</summary>
/// <remarks>A caller sees no exception but its own cancellation: an API that is away, slow or broken is a problem to show.</remarks>
internal sealed class ApiCalls(HttpClient http, PortalMetrics metrics, TimeProvider time, ILogger<ApiCalls> logger)
{
    /// <summary>Name of the configured <see cref="HttpClient"/>.</summary>
    public const string ClientName = "cloud-api";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Sends one request and reads its JSON.</summary>
    /// <param name="token">Bearer token; null for the calls that need none.</param>
    public async Task<Reply<T>> SendAsync<T>(
        HttpMethod method, string path, string? token, HttpContent? body, CancellationToken cancellationToken, string? idempotencyKey = null, string? ifMatch = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (idempotencyKey is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", idempotencyKey);
        }

        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        var began = time.GetTimestamp();
        var reply = await ExchangeAsync<T>(request, cancellationToken);
        metrics.ApiCalled(time.GetElapsedTime(began), failed: !reply.TryGet(out _, out var problem));
        if (problem is { Status: >= 500 })
        {
            logger.LogWarning(
                "{Method} {Path} answered {Status} {Code}, request {RequestId}: {Detail}",
                method, path, problem.Status, problem.Code, problem.RequestId, problem.Detail);
        }

        return reply;
    }

    /// <summary>Opens a file of the API for reading as it arrives; the caller disposes the stream.</summary>
    public async Task<Reply<Stream>> OpenAsync(string path, string token, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await GuardAsync<Stream>(
            async () =>
            {
                var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
                return response.IsSuccessStatusCode
                    ? await response.Content.ReadAsStreamAsync(cancellationToken)
                    : await ReadProblemAsync(response, cancellationToken);
            },
            cancellationToken);
    }

    /// <summary>A JSON body with the API's field names.</summary>
    public static HttpContent Body(object value) => JsonContent.Create(value, value.GetType(), options: Json);

    private Task<Reply<T>> ExchangeAsync<T>(HttpRequestMessage request, CancellationToken cancellationToken) => GuardAsync<T>(
        async () =>
        {
            using var response = await http.SendAsync(request, cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                return await ReadProblemAsync(response, cancellationToken);
            }

            if (response.StatusCode == HttpStatusCode.NoContent || typeof(T) == typeof(Nothing))
            {
                return (T)(object)default(Nothing);
            }

            var value = await response.Content.ReadFromJsonAsync<T>(Json, cancellationToken);
            return value is null ? Unexpected(response, "an empty body") : value;
        },
        cancellationToken);

    private async Task<Reply<T>> GuardAsync<T>(Func<Task<Reply<T>>> exchange, CancellationToken cancellationToken)
    {
        try
        {
            return await exchange();
        }
        catch (HttpRequestException e)
        {
            return Problem.Unreachable(http.BaseAddress!, e.HttpRequestError.ToString()); // Set for every client of this name.
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Problem.Unreachable(http.BaseAddress!, $"no answer within {http.Timeout.TotalSeconds:0} s"); // As above.
        }
        catch (JsonException e)
        {
            return new Problem(502, "unexpected-answer", "The control plane answered in a way the console does not know", e.Message, null, []);
        }
    }

    private static async Task<Problem> ReadProblemAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.Content.Headers.ContentType?.MediaType is not ("application/problem+json" or "application/json"))
        {
            return Unexpected(response, $"{(int)response.StatusCode} without a problem document");
        }

        var body = await response.Content.ReadFromJsonAsync<ProblemBody>(Json, cancellationToken);
        var retry = response.Headers.RetryAfter?.Delta;
        return new Problem(
            (int)response.StatusCode,
            body?.Code ?? "unknown",
            body?.Title ?? "The request was refused",
            body?.Detail ?? "",
            body?.RequestId ?? RequestIdOf(response),
            body?.Errors ?? [],
            retry is { } after ? (int)Math.Ceiling(after.TotalSeconds) : null);
    }

    private static Problem Unexpected(HttpResponseMessage response, string what) => new(
        StatusCodes.Status502BadGateway,
        "unexpected-answer",
        "The control plane answered in a way the console does not know",
        $"It sent {what}. Reload the page; if it stays so, console and control plane are of different versions.",
        RequestIdOf(response),
        []);

    private static string? RequestIdOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("X-Request-Id", out var ids) ? ids.FirstOrDefault() : null;

    private sealed record ProblemBody(string? Code, string? Title, string? Detail, string? RequestId, IReadOnlyList<FieldProblem>? Errors);
}

/// <summary>The value of a reply that carries none.</summary>
public readonly record struct Nothing;
