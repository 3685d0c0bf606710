using System.Text.Json;
using Cloud.ApiClient;
using Cloud.Portal.Hosting;

namespace Cloud.Portal.Api;

/// <summary>Makes calls of the REST API and turns every answer into a value or a <see cref="Problem"/>.</summary>
/// <remarks>
/// A caller sees no exception but its own cancellation: an API that is away, slow or broken is a problem to show. A call is made
/// once, because a person waits for it and decides about the next attempt.
/// </remarks>
internal sealed class ApiGuard(IHttpClientFactory clients, PortalMetrics metrics, TimeProvider time, ILogger<ApiGuard> logger)
{
    /// <summary>Name of the configured <see cref="HttpClient"/>.</summary>
    public const string ClientName = "cloud-api";

    private const int UserAgentCharsMax = 300;

    /// <summary>Makes one call.</summary>
    /// <param name="token">Bearer token; null for the calls that need none.</param>
    /// <param name="userAgent">The program on whose behalf the call is made, so that people know their sessions; null for the console.</param>
    public async Task<Reply<T>> AskAsync<T>(
        string? token, Func<CloudClient, Task<T>> call, CancellationToken cancellationToken, string? userAgent = null)
    {
        using var http = clients.CreateClient(ClientName);
        if (userAgent is { Length: > 0 and <= UserAgentCharsMax })
        {
            http.DefaultRequestHeaders.Remove("User-Agent");
            http.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", userAgent);
        }

        var client = new CloudClient(http, token is null ? null : new FixedToken(token), time, attemptsMax: 1);
        var began = time.GetTimestamp();
        var reply = await GuardAsync(client, call, http.BaseAddress!, cancellationToken); // Set for every client of this name.
        metrics.ApiCalled(time.GetElapsedTime(began), failed: !reply.TryGet(out _, out var problem));
        if (problem is { Status: >= 500 })
        {
            logger.LogWarning("The API answered {Status} {Code}, request {RequestId}: {Detail}", problem.Status, problem.Code, problem.RequestId, problem.Detail);
        }

        return reply;
    }

    private static async Task<Reply<T>> GuardAsync<T>(
        CloudClient client, Func<CloudClient, Task<T>> call, Uri api, CancellationToken cancellationToken)
    {
        try
        {
            return await call(client);
        }
        catch (ApiException e) when (e.Status is null)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return Problem.Unreachable(api, e.InnerException is TaskCanceledException ? "it took too long" : "nobody listens there");
        }
        catch (ApiException e)
        {
            return Problem.Of(e);
        }
        catch (JsonException e)
        {
            return Problem.NotUnderstood(e.Message);
        }
    }
}
