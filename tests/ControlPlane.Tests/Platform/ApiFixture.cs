using Cloud.Host;
using Cloud.Modules.Platform.Data;
using Cloud.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Cloud.ControlPlane.Tests.Platform;

/// <summary>The real host on a database of its own, behind a real socket.</summary>
public class ApiFixture : PostgresFixture
{
    private readonly TemporaryFolder _home = new();
    private WebApplication? _app;

    public Uri Api { get; private set; } = new("http://unset");

    public string Home => _home.Path;

    internal WebApplication App => _app ?? throw new InvalidOperationException("The fixture has not been initialized.");

    public IServiceProvider Services => App.Services;

    protected virtual IReadOnlyDictionary<string, string?> Settings => new Dictionary<string, string?>();

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        _app = await StartAsync(ConnectionString, _home.Path, Settings);
        Api = CloudHost.Addresses(_app).Api;
    }

    public override async Task DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }

        await base.DisposeAsync();
        _home.Dispose();
    }

    /// <summary>Starts a host and waits for its schema.</summary>
    internal static async Task<WebApplication> StartAsync(
        string database, string home, IReadOnlyDictionary<string, string?>? settings = null)
    {
        var all = new Dictionary<string, string?>
        {
            ["CLOUD_DATABASE"] = database, ["CLOUD_HOME"] = home, ["CLOUD_API_PORT"] = "0", ["CLOUD_AGENT_PORT"] = "0",
        };
        foreach (var (name, value) in settings ?? new Dictionary<string, string?>())
        {
            all[name] = value;
        }

        var app = CloudHost.Build(all);
        await app.StartAsync();
        await app.Services.GetRequiredService<SchemaState>().WhenReadyAsync(CancellationToken.None);
        return app;
    }

    /// <summary>A client without credentials.</summary>
    public HttpClient Anonymous() => new() { BaseAddress = Api };

    /// <summary>A new person with their own organization.</summary>
    public Task<ApiSession> SignUpAsync() => ApiSession.SignUpAsync(Api);

    /// <summary>Runs SQL under a database role and returns the first value of the first row.</summary>
    public async Task<T?> QueryAsync<T>(string sql, string role = "cloud_owner")
    {
        await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"set role {role}; {sql}", connection);
        return await command.ExecuteScalarAsync() is T value ? value : default;
    }
}

internal static class Problems
{
    /// <summary>The reply is a whole problem of this status and code.</summary>
    public static void ShouldBeProblem(this ApiReply reply, int status, string code)
    {
        ((int)reply.Status).ShouldBe(status, reply.Text);
        reply.String("code").ShouldBe(code, reply.Text);
        reply.Body.GetProperty("status").GetInt32().ShouldBe(status);
        reply.String("type").ShouldBe("urn:cloud:problem:" + code);
        reply.String("title").ShouldNotBeNullOrWhiteSpace();
        reply.String("detail").ShouldNotBeNullOrWhiteSpace();
        reply.String("instance").ShouldStartWith("/");
        reply.String("requestId").ShouldBe(reply.Headers.GetValues("X-Request-Id").Single());
    }
}
