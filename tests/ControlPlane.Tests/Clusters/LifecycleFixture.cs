using Cloud.Host;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Messaging;
using Cloud.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Cloud.ControlPlane.Tests.Clusters;

/// <summary>A database, and control-plane hosts on it: real sockets, simulated agents. One host runs from the start.</summary>
public sealed class LifecycleFixture : PostgresFixture
{
    public const string JoinToken = "join-token-of-the-tests";

    private readonly List<ControlPlane> _hosts = [];
    private readonly TemporaryFolder _folder = new();

    /// <summary>Kills workers of all hosts of the fixture.</summary>
    internal FaultProbe Faults { get; } = new();

    /// <summary>The host that runs from the start.</summary>
    internal ControlPlane Main => _hosts[0];

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "join-token"), JoinToken);
        await StartHostAsync();
    }

    public override async Task DisposeAsync()
    {
        foreach (var host in _hosts)
        {
            await host.DisposeAsync();
        }

        await base.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Another control-plane process, as far as the database can tell.</summary>
    internal async Task<ControlPlane> StartHostAsync(IReadOnlyDictionary<string, string?>? settings = null)
    {
        var host = await ControlPlane.StartAsync(
            ConnectionString, _folder.Path, services => services.AddSingleton<IReconcileProbe>(Faults), settings);
        _hosts.Add(host);
        return host;
    }

    /// <summary>As if the leases of dead workers had run out, and the next sweep had come.</summary>
    internal async Task LetLeasesRunOutAsync()
    {
        await QueryAsync<long>(
            """
            with expired as (
                update cloud.work_items set lease_until = now() - interval '1 second', not_before = now()
                where lease_until is not null returning 1)
            select count(*) from expired
            """);
        await Main.SweepAsync();
    }

    /// <summary>Runs SQL as the owner of the database server, past every policy.</summary>
    internal async Task<T> QueryAsync<T>(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("set role cloud_worker; " + sql, connection);
        return (T)(await command.ExecuteScalarAsync())!; // the caller's SQL gives a value
    }
}

/// <summary>One control-plane host in this process.</summary>
internal sealed class ControlPlane : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ControlPlane(WebApplication app)
    {
        _app = app;
        (Api, Agents) = CloudHost.Addresses(app);
    }

    public Uri Api { get; }

    public Uri Agents { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<ControlPlane> StartAsync(
        string database, string home, Action<IServiceCollection>? configure, IReadOnlyDictionary<string, string?>? settings)
    {
        var overrides = new Dictionary<string, string?>
        {
            ["CLOUD_DATABASE"] = database,
            ["CLOUD_HOME"] = home,
            ["CLOUD_API_PORT"] = "0",
            ["CLOUD_AGENT_PORT"] = "0",
            ["CLOUD_AGENT_JOIN_TOKEN_FILE"] = Path.Combine(home, "join-token"),
        };
        foreach (var (name, value) in settings ?? new Dictionary<string, string?>())
        {
            overrides[name] = value;
        }

        var app = CloudHost.Build(overrides, configure);
        await app.StartAsync();
        await app.Services.GetRequiredService<SchemaState>().WhenReadyAsync(CancellationToken.None);
        return new ControlPlane(app);
    }

    /// <summary>An agent of this host's port, connected.</summary>
    public async Task<SimulatedAgent> ConnectAgentAsync()
    {
        var agent = new SimulatedAgent(Agents, LifecycleFixture.JoinToken);
        await agent.ConnectAsync();
        return agent;
    }

    /// <summary>Does at once what otherwise happens every few seconds.</summary>
    public Task SweepAsync() => Services.GetRequiredService<Sweeper>().SweepAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
