using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Cloud.TestKit;

/// <summary>A reply with its body read: tests look at the contract's raw JSON, not at types generated from it.</summary>
public sealed record ApiReply(HttpStatusCode Status, JsonElement Body, HttpResponseHeaders Headers, string Text)
{
    public string String(string property) => Body.GetProperty(property).GetString()
        ?? throw new InvalidOperationException($"{property} is null in {Text}");

    /// <summary>This reply, if it has one of the 2xx statuses.</summary>
    /// <exception cref="InvalidOperationException">It has another; the message holds the problem.</exception>
    public ApiReply RequireSuccess() => (int)Status is >= 200 and < 300 ? this : throw new InvalidOperationException($"{(int)Status}: {Text}");
}

/// <summary>A signed-in person who talks to the REST API.</summary>
public sealed class ApiSession : IDisposable
{
    public const string Password = "correct-horse-battery-staple-9";

    private readonly HttpClient _client;

    private ApiSession(HttpClient client, string email)
    {
        _client = client;
        Email = email;
    }

    public string Email { get; }

    public string OrganizationId { get; private set; } = string.Empty;

    public string ProjectId { get; private set; } = string.Empty;

    /// <summary>The client with its authorization header, for what the helpers here do not cover.</summary>
    public HttpClient Client => _client;

    /// <summary>Signs a new person up and in.</summary>
    public static async Task<ApiSession> SignUpAsync(Uri api)
    {
        var session = new ApiSession(new HttpClient { BaseAddress = api, Timeout = TimeSpan.FromSeconds(60) }, $"p{Guid.NewGuid():N}@example.com");
        var password = Password;
        (await session.PostAsync("/v1/users", new { email = session.Email, password, name = "Test Person" })).RequireSuccess();
        var signedIn = (await session.PostAsync("/v1/sessions", new { email = session.Email, password })).RequireSuccess();
        session._client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", signedIn.String("accessToken"));
        session.OrganizationId = await session.FirstIdAsync("/v1/organizations");
        session.ProjectId = await session.FirstIdAsync($"/v1/organizations/{session.OrganizationId}/projects");
        return session;
    }

    public Task<ApiReply> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<ApiReply> PostAsync(string path, object? body = null, string? idempotencyKey = null) =>
        SendAsync(HttpMethod.Post, path, body, idempotencyKey);

    public Task<ApiReply> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path, ifMatch: "*");

    /// <summary>Creates a cluster and waits until it is available.</summary>
    public async Task<ClusterUnderTest> CreateClusterAsync(string name, object? body = null)
    {
        var created = (await PostAsync($"/v1/projects/{ProjectId}/clusters", body ?? new { name, tier = "starter" })).RequireSuccess();
        var credentials = created.Body.GetProperty("credentials");
        await WaitForOperationAsync(created);
        var cluster = (await GetAsync($"/v1/clusters/{created.String("id")}")).RequireSuccess();
        return ClusterUnderTest.From(cluster.Body, credentials.GetProperty("password").GetString() ?? string.Empty);
    }

    /// <summary>Waits until the operation that a reply carries has succeeded.</summary>
    /// <exception cref="InvalidOperationException">It ended otherwise, or not within the limit.</exception>
    public async Task<JsonElement> WaitForOperationAsync(ApiReply reply, TimeSpan? limit = null)
    {
        var id = reply.Body.GetProperty("operation").GetProperty("id").GetString();
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var operation = (await GetAsync($"/v1/operations/{id}?wait=10s")).RequireSuccess();
            switch (operation.String("state"))
            {
                case "succeeded":
                    return operation.Body;
                case "failed" or "cancelled":
                    throw new InvalidOperationException($"The operation ended badly: {operation.Text}");
            }

            if (TimeProvider.System.GetElapsedTime(started) > (limit ?? TimeSpan.FromSeconds(60)))
            {
                throw new InvalidOperationException($"The operation did not end: {operation.Text}");
            }
        }
    }

    public async Task<ApiReply> SendAsync(
        HttpMethod method, string path, object? body = null, string? idempotencyKey = null, string? ifMatch = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = JsonContent.Create(body);
        }

        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        using var response = await _client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        var isJson = response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true;
        return new ApiReply(response.StatusCode, isJson ? JsonSerializer.Deserialize<JsonElement>(text) : default, response.Headers, text);
    }

    public void Dispose() => _client.Dispose();

    private async Task<string> FirstIdAsync(string path) =>
        (await GetAsync(path)).RequireSuccess().Body.GetProperty("items")[0].GetProperty("id").GetString()
        ?? throw new InvalidOperationException($"{path} lists an item without an id.");
}

/// <summary>Where a cluster can be reached, and how.</summary>
public sealed record ClusterUnderTest(string Id, string MySqlHost, int MySqlPort, IReadOnlyList<string> PdEndpoints, string RootPassword, JsonElement Body)
{
    /// <summary>The processes of one role.</summary>
    public IEnumerable<int> Pids(string role) => Body.GetProperty("instances").EnumerateArray()
        .Where(instance => instance.GetProperty("role").GetString() == role)
        .Select(instance => instance.GetProperty("pid").GetInt32());

    internal static ClusterUnderTest From(JsonElement body, string rootPassword)
    {
        var mysql = body.GetProperty("endpoints").GetProperty("mysql");
        var kv = body.GetProperty("endpoints").GetProperty("kv");
        return new ClusterUnderTest(
            body.GetProperty("id").GetString() ?? string.Empty,
            mysql.GetProperty("host").GetString() ?? string.Empty,
            mysql.GetProperty("port").GetInt32(),
            [.. kv.GetProperty("pd").EnumerateArray().Select(endpoint => endpoint.GetString() ?? string.Empty)],
            rootPassword,
            body);
    }
}
