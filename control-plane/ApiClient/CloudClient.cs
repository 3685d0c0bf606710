using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Cloud.Kernel;

namespace Cloud.ApiClient;

/// <summary>
/// The typed client of the REST API; its calls are generated, a property per part of the API. Thread-safe.
/// </summary>
/// <remarks>
/// A call is repeated, at most <see cref="AttemptsMax"/> times in all unless told otherwise and as Retry-After says, only where repeating cannot do harm:
/// reads, and mutations, each of which carries an idempotency key (the caller's or a fresh one). Sign-in and token requests are
/// made once.
/// </remarks>
public sealed partial class CloudClient
{
    public const int AttemptsMax = 4;

    private static readonly TimeSpan RetryAfterMax = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http;
    private readonly ITokenSource _tokens;
    private readonly TimeProvider _time;
    private readonly int _attemptsMax;

    /// <param name="http">Its base address is the API's; owned by the caller.</param>
    /// <param name="tokens">Who calls; null for anonymous calls alone.</param>
    /// <param name="time">Null takes the system's.</param>
    /// <param name="attemptsMax">How often a call is made in all; 1 where a person waits and decides about the next attempt.</param>
    public CloudClient(HttpClient http, ITokenSource? tokens = null, TimeProvider? time = null, int attemptsMax = AttemptsMax)
    {
        Invariant.Require(attemptsMax >= 1);
        _http = http;
        _tokens = tokens ?? NoToken.Instance;
        _time = time ?? TimeProvider.System;
        _attemptsMax = attemptsMax;
    }

    /// <summary>How replies and bodies are read and written; unknown fields of replies are ignored.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };

    /// <exception cref="ApiException">The API answered with an error, or not at all.</exception>
    public async Task<ApiReply<T>> SendAsync<T>(ApiRequest request, CancellationToken cancellationToken)
    {
        using var response = await SendUntilAnsweredAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken);
        var value = await response.Content.ReadFromJsonAsync<T>(Json, cancellationToken)
            ?? throw new ApiException(response.StatusCode, null, ApiReply.RequestIdOf(response), "The reply has no body.");
        return new ApiReply<T>(value, response);
    }

    /// <exception cref="ApiException">The API answered with an error, or not at all.</exception>
    public async Task<ApiReply> SendAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        using var response = await SendUntilAnsweredAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken);
        return new ApiReply(response);
    }

    /// <summary>The body as it arrives; the caller disposes the stream, which ends the request.</summary>
    /// <exception cref="ApiException">The API answered with an error, or not at all.</exception>
    public async Task<Stream> DownloadAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var response = await SendUntilAnsweredAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return await response.Content.ReadAsStreamAsync(cancellationToken);
    }

    private async Task<HttpResponseMessage> SendUntilAnsweredAsync(
        ApiRequest request,
        HttpCompletionOption completion,
        CancellationToken cancellationToken)
    {
        var key = request.IsMutation ? request.Options?.IdempotencyKey ?? Guid.NewGuid().ToString("N") : null;
        var backoff = new Backoff(
            TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(3), new SeededRandom((ulong)_time.GetTimestamp()));
        for (var attempt = 1; ; attempt++)
        {
            var isLast = attempt >= _attemptsMax || !(request.IsMutation || request.Method == HttpMethod.Get);
            var (response, failure) = await TryOnceAsync(request, key, completion, cancellationToken);
            if (response is { IsSuccessStatusCode: true })
            {
                return response;
            }

            using (response)
            {
                failure ??= await ApiException.ReadAsync(response!, cancellationToken); // without a failure there is a response
                if (isLast || !failure.IsRetryable)
                {
                    throw failure;
                }

                var wait = response?.Headers.RetryAfter?.Delta ?? backoff.Next();
                await Task.Delay(wait < RetryAfterMax ? wait : RetryAfterMax, _time, cancellationToken);
            }
        }
    }

    private async Task<(HttpResponseMessage? Response, ApiException? Failure)> TryOnceAsync(
        ApiRequest request,
        string? idempotencyKey,
        HttpCompletionOption completion,
        CancellationToken cancellationToken)
    {
        try
        {
            var response = await SendOnceAsync(request, idempotencyKey, completion, refresh: false, cancellationToken);
            if (response.StatusCode == HttpStatusCode.Unauthorized && !request.IsAnonymous && _tokens.CanRefresh)
            {
                response.Dispose();
                response = await SendOnceAsync(request, idempotencyKey, completion, refresh: true, cancellationToken);
            }

            return (response, null);
        }
        catch (HttpRequestException unreachable)
        {
            return (null, ApiException.Unreachable(_http.BaseAddress, unreachable));
        }
        catch (OperationCanceledException late) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, ApiException.Unreachable(_http.BaseAddress, late));
        }
    }

    private async Task<HttpResponseMessage> SendOnceAsync(
        ApiRequest request,
        string? idempotencyKey,
        HttpCompletionOption completion,
        bool refresh,
        CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(request.Method, request.PathAndQuery());
        if (!request.IsAnonymous && await _tokens.GetAsync(this, refresh, cancellationToken) is { } token)
        {
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (idempotencyKey is not null)
        {
            message.Headers.TryAddWithoutValidation("Idempotency-Key", idempotencyKey);
        }

        if (request.Options?.IfMatch is { } ifMatch)
        {
            message.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        if (request.Body is not null)
        {
            message.Content = JsonContent.Create(request.Body, request.Body.GetType(), options: Json);
        }
        else if (request.Form is not null)
        {
            message.Content = new FormUrlEncodedContent(request.Form);
        }

        return await _http.SendAsync(message, completion, cancellationToken);
    }
}
