using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Sql;

public sealed class TransactionTests : IAsyncLifetime
{
    private SqlDatabase _database = null!;
    private SqlClient _one = null!;
    private SqlClient _two = null!;

    public async Task InitializeAsync()
    {
        (_database, _one) = await SqlDatabase.CreateAsync();
        await _one.RunAsync("CREATE TABLE t (id INT PRIMARY KEY, n INT, UNIQUE KEY n (n)); INSERT INTO t VALUES (1,10),(2,20)");
        _two = _database.Connect(use: "test");
    }

    public Task DisposeAsync() => _database.DisposeAsync().AsTask();

    [Fact]
    public async Task A_transaction_sees_its_own_writes_and_others_see_them_after_commit()
    {
        await _one.RunAsync("BEGIN; INSERT INTO t VALUES (3,30); UPDATE t SET n=11 WHERE id=1");
        (await _one.QueryAsync("SELECT * FROM t")).ShouldBe(["1|11", "2|20", "3|30"]);
        (await _one.QueryAsync("SELECT id FROM t WHERE n=11")).ShouldBe(["1"]);
        (await _two.QueryAsync("SELECT * FROM t")).ShouldBe(["1|10", "2|20"]);
        await _one.RunAsync("COMMIT");
        (await _two.QueryAsync("SELECT * FROM t")).ShouldBe(["1|11", "2|20", "3|30"]);
    }

    [Fact]
    public async Task Rollback_and_savepoints_undo_what_came_after()
    {
        await _one.RunAsync("START TRANSACTION; DELETE FROM t WHERE id=1; SAVEPOINT a; INSERT INTO t VALUES (5,50); ROLLBACK TO SAVEPOINT a");
        (await _one.QueryAsync("SELECT id FROM t")).ShouldBe(["2"]);
        (await _one.ErrorAsync("ROLLBACK TO SAVEPOINT b")).ShouldBe(1305);
        await _one.RunAsync("ROLLBACK");
        (await _one.QueryAsync("SELECT id FROM t")).ShouldBe(["1", "2"]);
    }

    [Fact]
    public async Task A_failing_statement_leaves_the_transaction_open_and_undoes_itself_only()
    {
        await _one.RunAsync("BEGIN; INSERT INTO t VALUES (3,30)");
        (await _one.ErrorAsync("INSERT INTO t VALUES (4,40),(5,20)")).ShouldBe(1062);
        await _one.RunAsync("COMMIT");
        (await _one.QueryAsync("SELECT id FROM t")).ShouldBe(["1", "2", "3"]);
    }

    [Fact]
    public async Task Repeatable_read_keeps_its_snapshot_and_read_committed_does_not()
    {
        await _one.RunAsync("BEGIN");
        (await _one.QueryAsync("SELECT n FROM t WHERE id=1")).ShouldBe(["10"]);
        await _two.RunAsync("UPDATE t SET n=15 WHERE id=1");
        (await _one.QueryAsync("SELECT n FROM t WHERE id=1")).ShouldBe(["10"]);
        (await _one.QueryAsync("SELECT n FROM t WHERE id=1 FOR UPDATE")).ShouldBe(["15"]);
        await _one.RunAsync("COMMIT; SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; BEGIN; SELECT n FROM t");
        await _two.RunAsync("UPDATE t SET n=16 WHERE id=1");
        (await _one.QueryAsync("SELECT n FROM t WHERE id=1")).ShouldBe(["16"]);
    }

    [Fact]
    public async Task A_locked_row_is_waited_for_and_then_read_as_it_is()
    {
        await _one.RunAsync("BEGIN; UPDATE t SET n=n+1 WHERE id=1");
        var waiting = _two.RunAsync("BEGIN; UPDATE t SET n=n+100 WHERE id=1; COMMIT");
        await _one.RunAsync("COMMIT");
        await waiting;
        (await _one.ScalarAsync("SELECT n FROM t WHERE id=1")).ShouldBe("111");
    }

    [Fact]
    public async Task A_lock_that_is_not_released_ends_in_1205_and_a_circle_in_1213()
    {
        await _two.RunAsync("SET innodb_lock_wait_timeout=1");
        await _one.RunAsync("BEGIN; UPDATE t SET n=11 WHERE id=1");
        (await _two.ErrorAsync("BEGIN; UPDATE t SET n=12 WHERE id=1")).ShouldBe(1205);
        await _two.RunAsync("ROLLBACK; SET innodb_lock_wait_timeout=30; BEGIN; UPDATE t SET n=22 WHERE id=2");
        var first = _one.RunAsync("UPDATE t SET n=23 WHERE id=2");
        (await _two.ErrorAsync("UPDATE t SET n=13 WHERE id=1")).ShouldBe(1213);
        await first;
        await _one.RunAsync("COMMIT");
        (await _two.QueryAsync("SELECT n FROM t")).ShouldBe(["11", "23"]);
    }

    [Fact]
    public async Task Increments_of_many_sessions_are_all_kept()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            await using var client = _database.Connect(use: "test");
            for (var i = 0; i < 10; i++)
            {
                await client.RunAsync("UPDATE t SET n=n+100 WHERE id=1");
            }
        }));
        (await _one.ScalarAsync("SELECT n FROM t WHERE id=1")).ShouldBe("8010");
    }

    [Fact]
    public async Task A_running_statement_is_killed_and_a_read_only_transaction_refuses_writes()
    {
        var sleeping = Task.Run(() => _two.ErrorAsync("SELECT SLEEP(30)"));
        var id = _two.Session.ConnectionId;
        var started = Environment.TickCount64;
        while ((await _one.QueryAsync($"SELECT ID FROM information_schema.PROCESSLIST WHERE ID={id} AND COMMAND='Query'")).Count == 0)
        {
            (Environment.TickCount64 - started).ShouldBeLessThan(5000, "the sleeping statement shows in the process list");
        }

        await _one.RunAsync($"KILL QUERY {id}");
        (await sleeping.WaitAsync(TimeSpan.FromSeconds(5))).ShouldBe(1317);
        (await _one.ErrorAsync("START TRANSACTION READ ONLY; INSERT INTO t VALUES (9,9)")).ShouldBe(1792);
        (await _one.ErrorAsync("KILL 999999")).ShouldBe(1094);
    }

    [Fact]
    public async Task Autocommit_off_keeps_a_transaction_open()
    {
        await _one.RunAsync("SET autocommit=0; INSERT INTO t VALUES (7,70)");
        (await _two.QueryAsync("SELECT * FROM t WHERE id=7")).ShouldBeEmpty();
        await _one.RunAsync("SET autocommit=1");
        (await _two.QueryAsync("SELECT * FROM t WHERE id=7")).ShouldBe(["7|70"]);
    }
}
