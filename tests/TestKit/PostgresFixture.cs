using Xunit;

namespace Cloud.TestKit;

/// <summary>A database of one test class on the shared server.</summary>
public class PostgresFixture : IAsyncLifetime
{
    private PostgresServer? _server;

    /// <summary>Name of the class's database, empty at first.</summary>
    public string Database { get; private set; } = string.Empty;

    /// <summary>Connects to <see cref="Database"/> as the login role that owns it.</summary>
    public string ConnectionString => Server.ConnectionString(Database);

    public PostgresServer Server => _server ?? throw new InvalidOperationException("The fixture has not been initialized.");

    /// <summary>Name of a database to copy; null starts with an empty one.</summary>
    protected virtual Task<string?> TemplateAsync(PostgresServer server) => Task.FromResult<string?>(null);

    public virtual async Task InitializeAsync()
    {
        _server = await PostgresServer.SharedAsync();
        Database = await _server.CreateDatabaseAsync(await TemplateAsync(_server));
    }

    public virtual Task DisposeAsync() => Server.DropDatabaseAsync(Database);
}
