using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Cloud.ControlPlane.Tests.Platform;
using Cloud.TestKit;

namespace Cloud.ControlPlane.Tests.Identity;

/// <summary>Calls under whichever token a test wants.</summary>
internal sealed class Calls(ApiFixture fixture) : IDisposable
{
    private readonly HttpClient _client = fixture.Anonymous();

    public Task<ApiReply> GetAsync(string path, string? token = null) => SendAsync(HttpMethod.Get, path, null, token);

    public Task<ApiReply> PostAsync(string path, object body, string? token = null) =>
        SendAsync(HttpMethod.Post, path, JsonContent.Create(body), token);

    public Task<ApiReply> FormAsync(string path, Dictionary<string, string> form) =>
        SendAsync(HttpMethod.Post, path, new FormUrlEncodedContent(form), null);

    public Task<ApiReply> SignInAsync(string email, string password) => PostAsync("/v1/sessions", new { email, password });

    public async Task<ApiReply> SignUpAndInAsync(string email, string password)
    {
        (await PostAsync("/v1/users", new { email, password, name = "Ada" })).RequireSuccess();
        return (await SignInAsync(email, password)).RequireSuccess();
    }

    public Task<ApiReply> RefreshAsync(string refreshToken) => FormAsync(
        "/oauth/token", new Dictionary<string, string> { ["grant_type"] = "refresh_token", ["refresh_token"] = refreshToken });

    public async Task<ApiReply> SendAsync(HttpMethod method, string path, HttpContent? content, string? token)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        using var response = await _client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return new ApiReply(response.StatusCode, text.StartsWith('{') ? JsonSerializer.Deserialize<JsonElement>(text) : default, response.Headers, text);
    }

    public void Dispose() => _client.Dispose();
}
