using Cloud.Contracts;
using Cloud.DataPlane.Tests.MySql;
using Cloud.MySql.Client;
using Cloud.TestKit;

namespace Cloud.DataPlane.Tests.Node;

/// <summary>PD, storage and SQL as three processes, with the users <c>root</c> and <c>reader</c> (read only).</summary>
internal sealed class SqlClusterUnderTest : IAsyncDisposable
{
    public const string Password = "secret";

    private SqlClusterUnderTest(NodeUnderTest pd, NodeUnderTest storage, NodeUnderTest sql)
    {
        Pd = pd;
        Storage = storage;
        Sql = sql;
    }

    public NodeUnderTest Pd { get; }

    public NodeUnderTest Storage { get; }

    public NodeUnderTest Sql { get; }

    public static async Task<SqlClusterUnderTest> StartAsync(TemporaryFolder folder)
    {
        var pdPort = FreePort.Next();
        var cluster = new SqlClusterUnderTest(
            new NodeUnderTest(InstanceRole.Pd, pdPort, folder),
            new NodeUnderTest(InstanceRole.Storage, pdPort, folder),
            new NodeUnderTest(InstanceRole.Sql, pdPort, folder));
        cluster.Sql.Config = cluster.Sql.Config with
        {
            SqlUsers = [User("root", Password, SqlGrants.All), User("reader", Password, SqlGrants.ReadOnly)],
        };
        try
        {
            // The wrong way round on purpose: each waits for what it needs.
            cluster.Sql.Start();
            cluster.Storage.Start();
            cluster.Pd.Start();
            await cluster.Sql.WaitUntilReadyAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public static SqlUserSpec User(string name, string password, SqlGrants grants) =>
        new(name, SqlVerifiers.Native(password), SqlVerifiers.CachingSha2(password), grants);

    public Task<MySqlConnection> ConnectAsync(string user = "root", string password = Password, string? database = null) =>
        MySqlConnection.ConnectAsync(
            new MySqlConnectionOptions
            {
                Host = "127.0.0.1",
                Port = Sql.Config.ClientPort,
                User = user,
                Password = password,
                Database = database,
            },
            Deadline.Token);

    public async ValueTask DisposeAsync()
    {
        await Sql.DisposeAsync();
        await Storage.DisposeAsync();
        await Pd.DisposeAsync();
    }
}
