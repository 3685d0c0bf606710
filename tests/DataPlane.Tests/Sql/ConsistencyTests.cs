using Cloud.Kernel;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Sql;

public sealed class ConsistencyTests
{
    /// <summary>Every row is found through the index, and every entry of the index belongs to a row.</summary>
    internal static async Task CheckAsync(SqlClient client, string table, string index, string column)
    {
        var scanned = await client.QueryAsync($"SELECT id, {column} FROM {table} WHERE CONCAT({column}) IS NOT NULL ORDER BY {column}, id");
        (await client.ScalarAsync($"EXPLAIN SELECT id, {column} FROM {table} WHERE {column} > -1000000 AND {column} < 1000000")).ShouldContain(index);
        var found = await client.QueryAsync($"SELECT id, {column} FROM {table} WHERE {column} > -1000000 AND {column} < 1000000 ORDER BY {column}, id");
        found.ShouldBe(scanned);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Random_writes_leave_rows_and_indexes_equal_to_a_model(int seed)
    {
        var (database, client) = await SqlDatabase.CreateAsync();
        await using var _ = database;
        await client.RunAsync("CREATE TABLE t (id INT PRIMARY KEY, a INT, u INT, UNIQUE KEY u (u), KEY a (a))");
        var random = new SeededRandom((ulong)seed);
        var model = new SortedDictionary<int, (int? A, int? U)>();
        SortedDictionary<int, (int? A, int? U)>? saved = null;
        for (var i = 0; i < 300; i++)
        {
            var (id, a, u) = (random.Next(40), random.Next(10), random.Chance(0.1) ? (int?)null : random.Next(60));
            var uText = u?.ToString() ?? "NULL";
            switch (random.Next(8))
            {
                case 0 or 1 or 2:
                    var taken = model.ContainsKey(id) || (u is not null && model.Values.Any(row => row.U == u));
                    await Attempt($"INSERT INTO t VALUES ({id},{a},{uText})", taken);
                    if (!taken)
                    {
                        model[id] = (a, u);
                    }

                    break;
                case 3:
                    await client.RunAsync($"UPDATE t SET a=a+1 WHERE a={a}");
                    foreach (var key in model.Where(row => row.Value.A == a).Select(row => row.Key).ToList())
                    {
                        model[key] = (a + 1, model[key].U);
                    }

                    break;
                case 4:
                    await client.RunAsync($"DELETE FROM t WHERE u BETWEEN {id} AND {id + 3}");
                    foreach (var key in model.Where(row => row.Value.U >= id && row.Value.U <= id + 3).Select(row => row.Key).ToList())
                    {
                        model.Remove(key);
                    }

                    break;
                case 5:
                    await client.RunAsync($"REPLACE INTO t VALUES ({id},{a},{uText})");
                    foreach (var key in model.Where(row => u is not null && row.Value.U == u).Select(row => row.Key).ToList())
                    {
                        model.Remove(key);
                    }

                    model[id] = (a, u);
                    break;
                case 6 when saved is null:
                    await client.RunAsync("BEGIN");
                    saved = new SortedDictionary<int, (int? A, int? U)>(model);
                    break;
                case 7 when saved is not null:
                    var commit = random.Chance(0.5);
                    await client.RunAsync(commit ? "COMMIT" : "ROLLBACK");
                    model = commit ? model : saved;
                    saved = null;
                    break;
            }
        }

        await client.RunAsync("COMMIT");
        (await client.QueryAsync("SELECT * FROM t")).ShouldBe(model.Select(row => $"{row.Key}|{row.Value.A}|{row.Value.U?.ToString() ?? "NULL"}"));
        await CheckAsync(client, "t", "using a", "a");
        await CheckAsync(client, "t", "using u", "u");

        // A row is one key, and each of its two indexes one entry.
        database.Storage.Dump("t"u8).Count.ShouldBe(model.Count * 3);

        async Task Attempt(string sql, bool fails)
        {
            if (fails)
            {
                (await client.ErrorAsync(sql)).ShouldBe(1062);
            }
            else
            {
                await client.RunAsync(sql);
            }
        }
    }

    [Fact]
    public async Task Any_soup_of_tokens_is_an_error_and_never_a_crash()
    {
        string[] words =
        [
            "SELECT", "FROM", "WHERE", "t", "a", "(", ")", ",", "*", "1", "'x'", "AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "=", "<=>", "+", "-", "CASE", "WHEN", "THEN",
            "END", "INSERT", "INTO", "VALUES", "UPDATE", "SET", "DELETE", "CREATE", "TABLE", "INT", "PRIMARY", "KEY", "GROUP", "BY", "ORDER", "LIMIT", "JOIN", "ON", "LEFT",
            "UNION", "NULL", "COUNT", "DISTINCT", "`b`", "@x", "@@sql_mode", "?", ".", ";", "INTERVAL", "DAY", "CAST", "AS", "/*!", "*/", "--", "x'41'", "1e5", "EXISTS", "SHOW", "HAVING", "IF", "ROW", "BINARY", "COLLATE", "REGEXP", "IS",
        ];
        var (database, client) = await SqlDatabase.CreateAsync();
        await using var _ = database;
        await client.RunAsync("CREATE TABLE t (a INT PRIMARY KEY, b VARCHAR(5))");
        var random = new SeededRandom(7);
        for (var i = 0; i < 6000; i++)
        {
            var start = (string[])["SELECT ", "SELECT a FROM t WHERE ", "INSERT INTO t VALUES (", "UPDATE t SET a = ", "CREATE TABLE x (", "SHOW ", string.Empty];
            var sql = start[random.Next(start.Length)] + string.Join(' ', Enumerable.Range(0, random.Next(1, 12)).Select(_ => words[random.Next(words.Length)]));
            try
            {
                await client.RunAsync(sql);
            }
            catch (Cloud.Execution.Expressions.SqlException exception)
            {
                exception.Number.ShouldBeGreaterThan(1000, sql);
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"{exception.GetType().Name} from: {sql}: {exception.Message} {exception.StackTrace}", exception);
            }
        }
    }

    [Fact]
    public async Task Deep_nesting_is_refused_and_long_chains_are_not()
    {
        var (database, client) = await SqlDatabase.CreateAsync();
        await using var _ = database;
        (await client.ErrorAsync("SELECT " + new string('(', 5000) + "1" + new string(')', 5000))).ShouldBe(1436);
        (await client.ScalarAsync("SELECT " + string.Join('+', Enumerable.Repeat("1", 1000)))).ShouldBe("1000");
        (await client.ScalarAsync("SELECT 1 IN (" + string.Join(',', Enumerable.Range(2, 3000)) + ",1)")).ShouldBe("1");
        (await client.ScalarAsync("SELECT " + string.Join(" OR ", Enumerable.Repeat("1=2", 5000)))).ShouldBe("0");
    }
}
