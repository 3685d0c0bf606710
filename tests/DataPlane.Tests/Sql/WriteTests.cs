using Cloud.Execution.Expressions;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Sql;

public sealed class WriteTests : IAsyncLifetime
{
    private SqlDatabase _database = null!;
    private SqlClient _client = null!;

    public async Task InitializeAsync() => (_database, _client) = await SqlDatabase.CreateAsync();

    public Task DisposeAsync() => _database.DisposeAsync().AsTask();

    [Theory]
    [InlineData("INSERT INTO t VALUES (1, 300, 'a', 1, 'x')", 1264)]
    [InlineData("INSERT INTO t VALUES (1, 'abc', 'a', 1, 'x')", 1366)]
    [InlineData("INSERT INTO t VALUES (1, 1, 'abcdef', 1, 'x')", 1406)]
    [InlineData("INSERT INTO t VALUES (1, 1, 'a', 1, NULL)", 1048)]
    [InlineData("INSERT INTO t (id) VALUES (1)", 1364)]
    [InlineData("INSERT INTO t VALUES (1, 1)", 1136)]
    [InlineData("INSERT INTO t VALUES (1, 1/0, 'a', 1, 'x')", 1365)]
    [InlineData("INSERT INTO t (id, nothing) VALUES (1, 1)", 1054)]
    [InlineData("INSERT INTO t (id, id) VALUES (1, 1)", 1110)]
    [InlineData("INSERT INTO t VALUES (5, 1, 'a', '2024-13-01', 'x')", 1292)]
    [InlineData("UPDATE t SET nothing = 1", 1054)]
    [InlineData("INSERT INTO nothing VALUES (1)", 1146)]
    public async Task Bad_values_fail_with_MySQLs_number_and_change_nothing(string sql, int number)
    {
        await _client.RunAsync("CREATE TABLE t (id INT PRIMARY KEY, n TINYINT, s VARCHAR(5), d DATE, must VARCHAR(5) NOT NULL)");
        (await _client.ErrorAsync(sql.Replace("'a', 1, ", "'a', '2024-01-01', "))).ShouldBe(number);
        (await _client.QueryAsync("SELECT * FROM t")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Lax_mode_stores_the_nearest_value_and_warns()
    {
        await _client.RunAsync("CREATE TABLE t (n TINYINT, s VARCHAR(3)); SET sql_mode=''; INSERT INTO t VALUES (300,'abcdef')");
        _client.Warnings.ShouldBe(2);
        (await _client.QueryAsync("SHOW WARNINGS")).ShouldBe(["Warning|1264|Out of range value for column 'n' at row 1", "Warning|1265|Data truncated for column 's' at row 1"]);
        (await _client.QueryAsync("SELECT * FROM t")).ShouldBe(["127|abc"]);
    }

    [Fact]
    public async Task Duplicates_are_ignored_replaced_or_updated_as_asked()
    {
        await _client.RunAsync("CREATE TABLE t (id INT PRIMARY KEY, u INT UNIQUE, n INT DEFAULT 0); INSERT INTO t VALUES (1,10,1),(2,20,2)");
        (await _client.RunAsync("INSERT IGNORE INTO t VALUES (1,11,5),(3,30,3)"))!.AffectedRows.ShouldBe(1UL);
        (await _client.RunAsync("INSERT INTO t VALUES (1,10,7) ON DUPLICATE KEY UPDATE n = n + VALUES(n)"))!.AffectedRows.ShouldBe(2UL);
        (await _client.RunAsync("REPLACE INTO t VALUES (1,20,9)"))!.AffectedRows.ShouldBe(3UL);
        (await _client.QueryAsync("SELECT * FROM t")).ShouldBe(["1|20|9", "3|30|3"]);
        (await _client.QueryAsync("SELECT id FROM t WHERE u=20")).ShouldBe(["1"]);
        (await _client.QueryAsync("SELECT id FROM t WHERE u=10")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Numbers_are_given_in_order_and_jump_over_given_ones()
    {
        await _client.RunAsync("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, n INT)");
        (await _client.RunAsync("INSERT INTO t (n) VALUES (1),(2)"))!.LastInsertId.ShouldBe(1UL);
        await _client.RunAsync("INSERT INTO t VALUES (100, 3)");
        (await _client.RunAsync("INSERT INTO t VALUES (NULL, 4)"))!.LastInsertId.ShouldBe(101UL);
        (await _client.ScalarAsync("SELECT LAST_INSERT_ID()")).ShouldBe("101");
        await _client.RunAsync("ALTER TABLE t ADD INDEX n (n); INSERT INTO t (n) VALUES (5); ALTER TABLE t AUTO_INCREMENT=500; INSERT INTO t (n) VALUES (6)");
        (await _client.QueryAsync("SELECT id FROM t")).ShouldBe(["1", "2", "100", "101", "102", "500"]);
    }

    [Fact]
    public async Task A_clustered_text_key_finds_rows_by_collation()
    {
        await _client.RunAsync("CREATE TABLE t (a VARCHAR(10), b INT, v INT, PRIMARY KEY (a, b)); INSERT INTO t VALUES ('x',1,10),('X',2,20),('y',1,30)");
        (await _client.ErrorAsync("INSERT INTO t VALUES ('X',1,0)")).ShouldBe(1062);
        (await _client.QueryAsync("SELECT a, v FROM t WHERE a='x' ORDER BY b")).ShouldBe(["x|10", "X|20"]);
        (await _client.QueryAsync("SELECT v FROM t WHERE a='Y' AND b=1")).ShouldBe(["30"]);
        await _client.RunAsync("UPDATE t SET b=5 WHERE a='y'");
        (await _client.QueryAsync("SELECT a,b,v FROM t WHERE b=5")).ShouldBe(["y|5|30"]);
    }

    [Fact]
    public async Task Unsigned_keys_keep_their_order()
    {
        await _client.RunAsync("CREATE TABLE t (id BIGINT UNSIGNED PRIMARY KEY); INSERT INTO t VALUES (18446744073709551615),(1),(9223372036854775808)");
        (await _client.QueryAsync("SELECT id FROM t ORDER BY id")).ShouldBe(["1", "9223372036854775808", "18446744073709551615"]);
        (await _client.QueryAsync("SELECT id FROM t WHERE id > 5")).ShouldBe(["9223372036854775808", "18446744073709551615"]);
    }

    [Fact]
    public async Task Rows_move_between_tables_and_joins_choose_what_to_delete()
    {
        await _client.RunAsync("CREATE TABLE a (id INT PRIMARY KEY, n INT); CREATE TABLE b LIKE a; INSERT INTO a VALUES (1,1),(2,2),(3,3); INSERT INTO b SELECT id, n*10 FROM a WHERE id<3");
        (await _client.QueryAsync("SELECT * FROM b")).ShouldBe(["1|10", "2|20"]);
        (await _client.RunAsync("UPDATE a JOIN b ON a.id=b.id SET a.n=b.n"))!.AffectedRows.ShouldBe(2UL);
        (await _client.RunAsync("DELETE a FROM a JOIN b ON a.id=b.id WHERE b.n=20"))!.AffectedRows.ShouldBe(1UL);
        (await _client.QueryAsync("SELECT * FROM a")).ShouldBe(["1|10", "3|3"]);
        await _client.RunAsync("UPDATE a SET id=id+1 ORDER BY id DESC");
        (await _client.QueryAsync("SELECT id FROM a")).ShouldBe(["2", "4"]);
        await _client.RunAsync("DELETE FROM a ORDER BY id LIMIT 1");
        (await _client.QueryAsync("SELECT id FROM a")).ShouldBe(["4"]);
    }

    [Fact]
    public async Task A_user_who_may_only_read_is_refused()
    {
        await _client.RunAsync("CREATE TABLE t (id INT PRIMARY KEY)");
        await using var reader = _database.Connect(readOnly: true, use: "test");
        (await reader.ErrorAsync("INSERT INTO t VALUES (1)")).ShouldBe(1142);
        (await reader.ErrorAsync("DROP TABLE t")).ShouldBe(1290);
        (await reader.QueryAsync("SELECT * FROM t")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Prepared_statements_run_with_values_of_any_kind()
    {
        await _client.RunAsync("CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(10)); INSERT INTO t VALUES (1,'a'),(2,'b')");
        var prepared = await _client.Session.PrepareAsync("SELECT s FROM t WHERE id = ?"u8.ToArray(), CancellationToken.None);
        prepared.ParameterCount.ShouldBe(1);
        prepared.Columns.Single().Name.ShouldBe("s");
        (await _client.ExecuteAsync(prepared.Id, Datum.FromInt64(2))).ShouldBe(["b"]);
        (await _client.ExecuteAsync(prepared.Id, Datum.FromBytes("1"u8.ToArray()))).ShouldBe(["a"]);
        (await _client.ExecuteAsync(prepared.Id, Datum.Null)).ShouldBeEmpty();
        (await _client.QueryAsync("PREPARE p FROM 'SELECT ? + 1'; SET @x = 41; EXECUTE p USING @x")).ShouldBe(["42"]);
    }
}
