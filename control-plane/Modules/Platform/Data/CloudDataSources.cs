using Npgsql;

namespace Cloud.Modules.Platform.Data;

/// <summary>
/// The connection pools of the process, one per database role. Thread-safe; opened on first use.
/// </summary>
/// <remarks>
/// Invariant: a connection of a pool acts under that pool's role for all its life. The role is a startup option of the session
/// (<c>-c role=…</c>), and connections are not reset when they return to the pool: PostgreSQL's <c>DISCARD ALL</c> contains
/// <c>SET SESSION AUTHORIZATION DEFAULT</c>, which would drop the role and with it row-level security. Nothing may therefore
/// change session state; what a request sets is local to its transaction.
/// </remarks>
internal sealed class CloudDataSources(CloudSettings settings) : IAsyncDisposable
{
    /// <summary>How long a connection attempt may take, so that a database that is away is noticed within the promised 2 s.</summary>
    private const int ConnectTimeoutSeconds = 2;

    private const int CommandTimeoutSeconds = 5;

    private readonly Lazy<NpgsqlDataSource> _app = new(() => Create(settings, "cloud_app", poolSizeMax: 40));
    private readonly Lazy<NpgsqlDataSource> _worker = new(() => Create(settings, "cloud_worker", poolSizeMax: 30));

    /// <summary>For requests: sees one organization per transaction.</summary>
    public NpgsqlDataSource App => _app.Value;

    /// <summary>For workers: sees all rows.</summary>
    public NpgsqlDataSource Worker => _worker.Value;

    public NpgsqlDataSource For(DatabaseRole role) => role == DatabaseRole.Worker ? Worker : App;

    /// <summary>A connection string for a connection of its own under the login's own rights: migrations and their lock.</summary>
    public string LoginConnectionString => Builder(settings, "login", poolSizeMax: 2).ConnectionString;

    public async ValueTask DisposeAsync()
    {
        foreach (var source in new[] { _app, _worker })
        {
            if (source.IsValueCreated)
            {
                await source.Value.DisposeAsync();
            }
        }
    }

    private static NpgsqlDataSource Create(CloudSettings settings, string role, int poolSizeMax)
    {
        var connection = Builder(settings, role, poolSizeMax);
        connection.Options = $"{connection.Options} -c role={role} -c search_path=cloud,public".Trim();
        connection.NoResetOnClose = true;
        return new NpgsqlDataSourceBuilder(connection.ConnectionString) { Name = role }.Build();
    }

    private static NpgsqlConnectionStringBuilder Builder(CloudSettings settings, string role, int poolSizeMax)
    {
        var database = settings.Database ?? throw new InvalidOperationException(
            "CLOUD_DATABASE is not set. Give it an Npgsql connection string, for example "
            + "'Host=127.0.0.1;Port=5432;Database=cloud;Username=cloud;Password=…'.");
        return new NpgsqlConnectionStringBuilder(database)
        {
            ApplicationName = $"cloud-host {role}",
            Timeout = ConnectTimeoutSeconds,
            CommandTimeout = CommandTimeoutSeconds,
            CancellationTimeout = -1, // A server that does not answer is not asked to stop, either: the connection is dropped.
            MaxPoolSize = poolSizeMax,
            ConnectionIdleLifetime = 60,
            IncludeErrorDetail = false,
        };
    }
}
