using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Cloud.Contracts;
using Cloud.DataPlane.Tests.MySql;
using Cloud.MySql.Client;
using Cloud.TestKit;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Node;

public sealed class SqlNodeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Three_processes_started_in_any_order_serve_SQL_and_count_its_use()
    {
        await using var cluster = await SqlClusterUnderTest.StartAsync(_folder);
        await using var connection = await cluster.ConnectAsync();
        await RunAsync(
            connection,
            "create database shop",
            "create table shop.items (id int primary key auto_increment, name varchar(20) not null, price decimal(10,2))",
            "insert into shop.items (name, price) values ('apple', 1.50), ('pear', 2.25), ('plum', null)");
        (await connection.QueryAsync("select sum(price) from shop.items", Deadline.Token)).Scalar.ShouldBe("3.75");
        (await connection.QueryAsync("select connection_id()", Deadline.Token)).Scalar.ShouldBe(connection.ConnectionId.ToString());
        var duplicate = await Should.ThrowAsync<MySqlException>(
            () => connection.QueryAsync("insert into shop.items values (1, 'again', 1)", Deadline.Token));
        duplicate.Number.ShouldBe(1062);

        var query = await connection.PrepareAsync("select name from shop.items where id = ?", Deadline.Token);
        (await connection.ExecuteAsync(query, ["2"], Deadline.Token)).Scalar.ShouldBe("pear");

        var sql = await UsageAsync(cluster.Sql);
        sql.SqlCpuMs.ShouldBeGreaterThan(0);
        sql.EgressBytes.ShouldBeGreaterThan(0);
        (await UsageAsync(cluster.Storage)).WrittenBytes.ShouldBeGreaterThan(0);
        (await cluster.Sql.GetAsync("/metrics"))!.Value.Body.ShouldContain("mysql_connections 1");
    }

    [Fact]
    public async Task A_user_with_read_only_grants_reads_and_does_not_write()
    {
        await using var cluster = await SqlClusterUnderTest.StartAsync(_folder);
        await using var root = await cluster.ConnectAsync();
        await RunAsync(root, "create database shop", "create table shop.t (id int primary key)", "insert into shop.t values (1)");
        await using var reader = await cluster.ConnectAsync("reader", database: "shop");
        (await reader.QueryAsync("select count(*) from t", Deadline.Token)).Scalar.ShouldBe("1");
        await Should.ThrowAsync<MySqlException>(() => reader.QueryAsync("insert into t values (2)", Deadline.Token));
        await Should.ThrowAsync<MySqlException>(() => reader.QueryAsync("drop table t", Deadline.Token));
        (await root.QueryAsync("select count(*) from shop.t", Deadline.Token)).Scalar.ShouldBe("1");
    }

    [Fact]
    public async Task Users_and_allow_list_follow_the_configuration_file_without_a_restart()
    {
        await using var cluster = await SqlClusterUnderTest.StartAsync(_folder);
        await using var open = await cluster.ConnectAsync();
        await Should.ThrowAsync<MySqlException>(() => cluster.ConnectAsync("late", "another"));
        cluster.Sql.Config = cluster.Sql.Config with { SqlUsers = [SqlClusterUnderTest.User("late", "another", SqlGrants.All)] };
        cluster.Sql.WriteConfig();
        await cluster.Sql.WaitAsync(async () => await RefusalAsync(cluster, "late", "another") is null);
        (await RefusalAsync(cluster, "root", SqlClusterUnderTest.Password)).ShouldBe(1045);

        await File.WriteAllTextAsync(cluster.Sql.ConfigFile, "{ broken");
        await cluster.Sql.WaitAsync(() => Task.FromResult(cluster.Sql.Output.Contains("not taken over")));
        (await RefusalAsync(cluster, "late", "another")).ShouldBeNull();

        cluster.Sql.Config = cluster.Sql.Config with { AllowList = ["10.0.0.0/8"] };
        cluster.Sql.WriteConfig();
        await cluster.Sql.WaitAsync(async () => await RefusalAsync(cluster, "late", "another") == 1130);
        (await open.QueryAsync("select 1", Deadline.Token)).Scalar.ShouldBe("1");
    }

    [Fact]
    public async Task Draining_lets_an_open_transaction_commit()
    {
        await using var cluster = await SqlClusterUnderTest.StartAsync(_folder);
        await using var connection = await cluster.ConnectAsync();
        await RunAsync(connection, "create database shop", "create table shop.t (id int primary key)", "begin", "insert into shop.t values (1)");
        var ending = cluster.Sql.TerminateAsync();
        await cluster.Sql.WaitAsync(() => Task.FromResult(cluster.Sql.Output.Contains("Draining")));
        await connection.QueryAsync("insert into shop.t values (2)", Deadline.Token);
        await connection.QueryAsync("commit", Deadline.Token);
        (await ending).ShouldBe(0);

        cluster.Sql.Start();
        await cluster.Sql.WaitUntilReadyAsync();
        await using var again = await cluster.ConnectAsync();
        (await again.QueryAsync("select count(*) from shop.t", Deadline.Token)).Scalar.ShouldBe("2");
    }

    [Fact]
    public async Task Acknowledged_writes_survive_a_kill_of_every_process()
    {
        await using var cluster = await SqlClusterUnderTest.StartAsync(_folder);
        await using (var connection = await cluster.ConnectAsync())
        {
            await RunAsync(connection, "create database shop", "create table shop.t (id int primary key)");
            for (var i = 0; i < 50; i++)
            {
                await connection.QueryAsync($"insert into shop.t values ({i})", Deadline.Token);
            }
        }

        await cluster.Sql.KillAsync();
        await cluster.Storage.KillAsync();
        await cluster.Pd.KillAsync();
        cluster.Sql.Start();
        cluster.Storage.Start();
        cluster.Pd.Start();
        await cluster.Sql.WaitUntilReadyAsync();
        await using var again = await cluster.ConnectAsync();
        (await again.QueryAsync("select count(*), max(id) from shop.t", Deadline.Token)).Rows[0].ShouldBe(["50", "49"]);
    }

    [Fact]
    public async Task All_roles_run_in_one_process_and_keep_their_data()
    {
        for (var life = 0; life < 2; life++)
        {
            // Ports of its own in each life: a free one does not stay free while it is not bound.
            await using var node = new NodeUnderTest(InstanceRole.Sql, FreePort.Next(), _folder);
            var port = node.Config.ClientPort;
            node.Start(
                "all", "--data", Path.Combine(_folder.Path, "all"), "--mysql-port", $"{port}", "--status-port",
                $"{node.Config.StatusPort}", "--pd-port", "0", "--storage-port", "0");
            await node.WaitUntilReadyAsync();
            await using var connection = await MySqlConnection.ConnectAsync(
                new MySqlConnectionOptions { Host = "127.0.0.1", Port = port, User = "root" }, Deadline.Token);
            if (life == 0)
            {
                await RunAsync(connection, "create database shop", "create table shop.t (id int primary key)", "insert into shop.t values (7)");
            }

            (await connection.QueryAsync("select id from shop.t", Deadline.Token)).Scalar.ShouldBe("7");
            (await UsageAsync(node)).StoredBytes.ShouldBeGreaterThan(0);
            (await node.TerminateAsync()).ShouldBe(0);
        }
    }

    [RequiresProgramFact("/usr/bin/mariadb-dump")]
    public async Task A_dump_by_mariadb_dump_loads_back()
    {
        await using var cluster = await SqlClusterUnderTest.StartAsync(_folder);
        await using var connection = await cluster.ConnectAsync();
        await RunAsync(
            connection,
            "create database shop",
            "create database copy",
            """
            create table shop.t (id int unsigned primary key auto_increment, name varchar(50) not null default 'none', body text, raw blob,
            price decimal(20,4), ratio double, day date, at datetime(3), took time, unique key by_name (name), key by_price (price, day))
            """,
            """
            insert into shop.t (name, body, raw, price, ratio, day, at, took) values
            ('tür ''quoted'' \\ "double"', 'line\nbreak', x'00ff0a27', -1234.5678, 1.5e-7, '2024-02-29', '2024-02-29 01:02:03.456', '-12:34:56'),
            ('other', null, null, null, null, null, null, null)
            """);
        var dump = await ExecuteAsync(cluster, "/usr/bin/mariadb-dump", null, "shop");
        await ExecuteAsync(cluster, "/usr/bin/mariadb", dump, "copy");
        var original = await connection.QueryAsync("select * from shop.t order by id", Deadline.Token);
        var copy = await connection.QueryAsync("select * from copy.t order by id", Deadline.Token);
        original.Rows.Count.ShouldBe(2);
        for (var i = 0; i < 2; i++)
        {
            copy.Rows[i].ShouldBe(original.Rows[i]);
        }
    }

    private static async Task RunAsync(MySqlConnection connection, params string[] statements)
    {
        foreach (var statement in statements)
        {
            await connection.QueryAsync(statement, Deadline.Token);
        }
    }

    private static async Task<UsageCounters> UsageAsync(NodeUnderTest node) =>
        JsonSerializer.Deserialize<NodeUsage>((await node.GetAsync("/usage"))!.Value.Body, AgentProtocol.Json)!.Counters;

    /// <summary>The error of a login; null when it succeeds.</summary>
    private static async Task<int?> RefusalAsync(SqlClusterUnderTest cluster, string user, string password)
    {
        try
        {
            await using var connection = await cluster.ConnectAsync(user, password);
            return null;
        }
        catch (MySqlException refused)
        {
            return refused.Number;
        }
    }

    private static async Task<string> ExecuteAsync(SqlClusterUnderTest cluster, string program, string? input, string database)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,

            // A dump holds bytes that are no text; Latin-1 keeps each.
            StandardInputEncoding = Encoding.Latin1,
            StandardOutputEncoding = Encoding.Latin1,
        };
        string[] arguments =
        [
            "--no-defaults", "--host=127.0.0.1", $"--port={cluster.Sql.Config.ClientPort}", "--user=root",
            $"--password={SqlClusterUnderTest.Password}", "--default-character-set=utf8mb4", database,
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Deadline.Token);
        var error = process.StandardError.ReadToEndAsync(Deadline.Token);
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync(Deadline.Token);
        process.ExitCode.ShouldBe(0, await error);
        return await output;
    }
}
