using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Sql;

public sealed class FirstStatementsTests
{
    [Fact]
    public async Task Rows_that_were_inserted_are_selected_by_conditions()
    {
        var (database, client) = await SqlDatabase.CreateAsync();
        await using var _ = database;
        await client.RunAsync("CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20), price DECIMAL(8,2), made DATETIME)");
        var done = await client.RunAsync("INSERT INTO t VALUES (1, 'one', 1.50, '2024-01-02 03:04:05'), (2, 'two', 2, NULL), (3, NULL, 3.999, '2024-02-29')");
        done!.AffectedRows.ShouldBe(3UL);
        (await client.QueryAsync("SELECT * FROM t")).ShouldBe(["1|one|1.50|2024-01-02 03:04:05", "2|two|2.00|NULL", "3|NULL|4.00|2024-02-29 00:00:00"]);
        (await client.QueryAsync("SELECT name FROM t WHERE id = 2")).ShouldBe(["two"]);
        (await client.QueryAsync("SELECT id FROM t WHERE name = 'ONE'")).ShouldBe(["1"]);
        (await client.QueryAsync("SELECT id FROM t WHERE price > 1.5 ORDER BY id DESC")).ShouldBe(["3", "2"]);
        (await client.QueryAsync("SELECT COUNT(*), SUM(price), MAX(name) FROM t")).ShouldBe(["3|7.50|two"]);
    }

    [Fact]
    public async Task A_changed_row_is_seen_and_a_deleted_one_is_not()
    {
        var (database, client) = await SqlDatabase.CreateAsync();
        await using var _ = database;
        await client.RunAsync("CREATE TABLE t (id BIGINT AUTO_INCREMENT PRIMARY KEY, k INT, UNIQUE KEY uk (k), KEY ik (k))");
        (await client.RunAsync("INSERT INTO t (k) VALUES (10), (20), (30)"))!.LastInsertId.ShouldBe(1UL);
        (await client.RunAsync("UPDATE t SET k = k + 1 WHERE k >= 20"))!.AffectedRows.ShouldBe(2UL);
        (await client.RunAsync("DELETE FROM t WHERE id = 1"))!.AffectedRows.ShouldBe(1UL);
        (await client.QueryAsync("SELECT id, k FROM t")).ShouldBe(["2|21", "3|31"]);
        (await client.QueryAsync("SELECT k FROM t WHERE k BETWEEN 20 AND 25")).ShouldBe(["21"]);
        (await client.FailAsync("INSERT INTO t VALUES (9, 21)")).Message.ShouldBe("Duplicate entry '21' for key 't.uk'");
        (await client.ErrorAsync("INSERT INTO t VALUES (2, 99)")).ShouldBe(1062);
    }
}
