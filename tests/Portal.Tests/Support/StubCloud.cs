using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Cloud.Portal.Tests.Support;

/// <summary>
/// A REST API with the contract's shapes and no database behind it, for pages that a real cloud shows too rarely: failures, refusals,
/// long lists, and operations that stand still. The journey through a real cloud is tested apart.
/// </summary>
internal sealed class StubCloud : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _tokens;

    private StubCloud(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.First());

    /// <summary>Answers instead of the API where it returns something.</summary>
    public Func<HttpRequest, StubProblem?> Fault { get; set; } = _ => null;

    public StubData Data { get; } = new();

    /// <summary>How long access tokens work.</summary>
    public int TokenSeconds { get; set; } = 900;

    /// <summary>Refresh tokens that were presented, in order.</summary>
    public ConcurrentQueue<string> Refreshes { get; } = new();

    /// <summary>Access tokens that work.</summary>
    public ConcurrentDictionary<string, bool> Live { get; } = new();

    /// <summary>Requests by method and path, in order.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public static async Task<StubCloud> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        var app = builder.Build();
        var stub = new StubCloud(app);
        app.Use(stub.GuardAsync);
        app.UseRouting();
        stub.MapIdentity();
        StubRoutes.MapClusters(app, stub.Data);
        StubRoutes.MapBilling(app, stub.Data);
        await app.StartAsync();
        return stub;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        Requests.Enqueue($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}");
        context.Response.Headers["X-Request-Id"] = "req_stub01";
        var isOpen = context.Request.Path.StartsWithSegments("/oauth")
            || (HttpMethods.IsPost(context.Request.Method) && context.Request.Path.Value is "/v1/users" or "/v1/sessions");
        var bearer = context.Request.Headers.Authorization.ToString().Replace("Bearer ", "");
        var problem = Fault(context.Request)
            ?? (isOpen || Live.ContainsKey(bearer) ? null : new StubProblem(401, "unauthenticated", "Sign in first", "The token is unknown or expired."));
        if (problem is not null)
        {
            await problem.WriteAsync(context.Response);
            return;
        }

        await next(context);
    }

    private void MapIdentity()
    {
        _app.MapPost("/v1/users", async (HttpRequest request) =>
        {
            var body = await ReadAsync(request);
            if (((string?)body["password"] ?? "").Length < 8)
            {
                return Results.Json(
                    StubProblem.Fields("/password", "The password needs at least 8 characters."), statusCode: 422, contentType: "application/problem+json");
            }

            Data.Accounts.TryAdd((string)body["email"]!, ((string)body["password"]!, (string)body["name"]!));
            return Results.Json(new { email = (string)body["email"]!, name = (string)body["name"]! }, statusCode: 201);
        });
        _app.MapPost("/v1/sessions", async (HttpRequest request) =>
        {
            var body = await ReadAsync(request);
            return Data.Accounts.TryGetValue((string)body["email"]!, out var account) && account.Password == (string?)body["password"]
                ? Results.Json(Tokens(camelCase: true))
                : Results.Json(
                    new StubProblem(401, "invalid-credentials", "E-mail or password is wrong", "Check both and try again.").Body(),
                    statusCode: 401,
                    contentType: "application/problem+json");
        });
        _app.MapPost("/oauth/token", async (HttpRequest request) =>
        {
            var form = await request.ReadFormAsync();
            Refreshes.Enqueue(form["refresh_token"]!);
            return Results.Json(Tokens(camelCase: false));
        });
        _app.MapGet("/v1/users/me", () => Results.Json(new { id = "usr_1", email = "ada@example.com", name = "Ada", isOperator = false, createdAt = Data.Now }));
        _app.MapGet("/v1/sessions", () => Results.Json(new
        {
            items = new[] { new { id = "ses_000001", createdAt = Data.Now, lastUsedAt = Data.Now, expiresAt = Data.Now, address = "127.0.0.1", userAgent = "Firefox", isCurrent = true } },
            nextPageToken = (string?)null,
        }));
        _app.MapDelete("/v1/sessions/current", (HttpRequest request) =>
        {
            Live.TryRemove(request.Headers.Authorization.ToString().Replace("Bearer ", ""), out _);
            return Results.NoContent();
        });
        _app.MapGet("/v1/organizations", () => Results.Json(new { items = new[] { new { id = "org_1", name = "Ada's organization", isPersonal = true, createdAt = Data.Now } }, nextPageToken = (string?)null }));
        _app.MapGet("/v1/organizations/org_1/projects", () => Results.Json(new { items = new[] { new { id = "prj_1", organizationId = "org_1", name = "default", createdAt = Data.Now } }, nextPageToken = (string?)null }));
    }

    internal static async Task<JsonNode> ReadAsync(HttpRequest request) =>
        await JsonNode.ParseAsync(request.Body) ?? throw new InvalidOperationException("The console sent an empty body.");

    private JsonObject Tokens(bool camelCase)
    {
        var number = Interlocked.Increment(ref _tokens);
        Live[$"access-{number}"] = true;
        return new JsonObject
        {
            [camelCase ? "accessToken" : "access_token"] = $"access-{number}",
            [camelCase ? "refreshToken" : "refresh_token"] = $"refresh-{number}",
            [camelCase ? "expiresIn" : "expires_in"] = TokenSeconds,
            [camelCase ? "tokenType" : "token_type"] = "Bearer",
        };
    }
}

/// <summary>A problem document that the stub answers.</summary>
internal sealed record StubProblem(int Status, string Code, string Title, string Detail, int? RetryAfterSeconds = null)
{
    public object Body() => new { type = $"https://cloud.example/problems/{Code}", title = Title, status = Status, detail = Detail, instance = "/", code = Code, requestId = "req_stub01", retryable = Status == 503 };

    public static object Fields(string pointer, string detail) => new
    {
        type = "https://cloud.example/problems/validation-failed", instance = "/", retryable = false, title = "The request has bad fields", status = 422, detail = "Correct the fields and send it again.", code = "invalid-field", requestId = "req_stub01",
        errors = new[] { new { pointer, code = "invalid-field", detail } },
    };

    public async Task WriteAsync(HttpResponse response)
    {
        response.StatusCode = Status;
        if (RetryAfterSeconds is { } seconds)
        {
            response.Headers.RetryAfter = $"{seconds}";
        }

        await response.WriteAsJsonAsync(Body(), options: null, contentType: "application/problem+json");
    }
}
