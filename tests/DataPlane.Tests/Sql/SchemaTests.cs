using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Sql;

public sealed class SchemaTests : IAsyncLifetime
{
    private SqlDatabase _database = null!;
    private SqlClient _client = null!;

    public async Task InitializeAsync() => (_database, _client) = await SqlDatabase.CreateAsync();

    public Task DisposeAsync() => _database.DisposeAsync().AsTask();

    [Theory]
    [InlineData("CREATE DATABASE test", 1007)]
    [InlineData("DROP DATABASE nothing", 1008)]
    [InlineData("CREATE TABLE t (a INT)", 1050)]
    [InlineData("DROP TABLE nothing", 1051)]
    [InlineData("CREATE TABLE x (a INT, A INT)", 1060)]
    [InlineData("CREATE TABLE x (a INT, KEY k (a), KEY K (a))", 1061)]
    [InlineData("CREATE TABLE x (a INT PRIMARY KEY, b INT PRIMARY KEY)", 1068)]
    [InlineData("CREATE TABLE x (a INT, KEY k (b))", 1072)]
    [InlineData("CREATE TABLE x (a TEXT, KEY k (a))", 1170)]
    [InlineData("CREATE TABLE x (a INT AUTO_INCREMENT)", 1075)]
    [InlineData("CREATE TABLE x (a INT DEFAULT 'x')", 1067)]
    [InlineData("CREATE TABLE x (a TEXT DEFAULT 'x')", 1101)]
    [InlineData("CREATE TABLE x (a DECIMAL(70))", 1426)]
    [InlineData("CREATE TABLE x (a VARCHAR(20000))", 1074)]
    [InlineData("CREATE TABLE x (a JSON)", 1235)]
    [InlineData("CREATE TABLE x (a INT, FOREIGN KEY (a) REFERENCES t (a))", 1235)]
    [InlineData("CREATE VIEW v AS SELECT 1", 1235)]
    [InlineData("CREATE TABLE x (a INT) COLLATE nothing", 1273)]
    [InlineData("ALTER TABLE t DROP COLUMN b", 1091)]
    [InlineData("ALTER TABLE t MODIFY a VARCHAR(5)", 1235)]
    [InlineData("USE nothing", 1049)]
    [InlineData("SET GLOBAL max_connections=1", 1238)]
    [InlineData("SET nothing=1", 1193)]
    public async Task Wrong_definitions_fail_with_MySQLs_number(string sql, int number)
    {
        await _client.RunAsync("CREATE TABLE t (a INT)");
        (await _client.ErrorAsync(sql)).ShouldBe(number);
    }

    [Fact]
    public async Task A_created_table_is_shown_so_that_it_can_be_created_again()
    {
        const string Definition =
            """
            CREATE TABLE `t` (
              `id` int unsigned NOT NULL AUTO_INCREMENT,
              `name` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT 'it''s',
              `price` decimal(10,2) DEFAULT NULL,
              `made` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
              `body` text,
              `flag` tinyint(1) DEFAULT '1' COMMENT 'a flag',
              PRIMARY KEY (`id`),
              UNIQUE KEY `uk` (`name`,`price`),
              KEY `body` (`body`(10))
            ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci COMMENT='a table'
            """;
        await _client.RunAsync(Definition);
        (await _client.ScalarAsync("SHOW CREATE TABLE t")).ShouldBe("t|" + Definition.ReplaceLineEndings("\n"));
        (await _client.QueryAsync("DESCRIBE t")).ShouldBe([
            "id|int unsigned|NO|PRI|NULL|auto_increment", "name|varchar(20)|NO|MUL|it's|", "price|decimal(10,2)|YES||NULL|",
            "made|datetime(3)|NO||CURRENT_TIMESTAMP(3)|DEFAULT_GENERATED on update CURRENT_TIMESTAMP(3)", "body|text|YES|MUL|NULL|", "flag|tinyint(1)|YES||1|",
        ]);
    }

    [Fact]
    public async Task Columns_and_indexes_change_under_rows()
    {
        await _client.RunAsync("CREATE TABLE t (id INT PRIMARY KEY, a INT); INSERT INTO t VALUES (1,5),(2,6)");
        await _client.RunAsync("ALTER TABLE t ADD COLUMN b INT NOT NULL DEFAULT 7 AFTER id, ADD INDEX ia (a), RENAME COLUMN a TO c");
        (await _client.QueryAsync("SELECT * FROM t")).ShouldBe(["1|7|5", "2|7|6"]);
        (await _client.ScalarAsync("EXPLAIN SELECT id FROM t WHERE c=6")).ShouldContain("using ia");
        (await _client.QueryAsync("SELECT id FROM t WHERE c=6")).ShouldBe(["2"]);
        await _client.RunAsync("INSERT INTO t VALUES (3,8,6); ALTER TABLE t DROP COLUMN b; ALTER TABLE t MODIFY c BIGINT");
        (await _client.QueryAsync("SELECT * FROM t WHERE c=6")).ShouldBe(["2|6", "3|6"]);
        (await _client.ErrorAsync("CREATE UNIQUE INDEX u ON t (c)")).ShouldBe(1062);
        (await _client.QueryAsync("SHOW INDEX FROM t")).Count.ShouldBe(2);
        await _client.RunAsync("DROP INDEX ia ON t; RENAME TABLE t TO s");
        (await _client.QueryAsync("SELECT id FROM s WHERE c=6")).ShouldBe(["2", "3"]);
    }

    [Fact]
    public async Task Rows_written_while_an_index_is_added_are_in_it()
    {
        await _client.RunAsync("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, a INT); INSERT INTO t (a) VALUES (1),(2),(3)");
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            await using var other = _database.Connect(use: "test");
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                await other.RunAsync($"INSERT INTO t (a) VALUES ({i % 50})");
                await other.RunAsync($"UPDATE t SET a=a+1 WHERE id={(i % 20) + 1}");
            }
        });
        await _client.RunAsync("CREATE INDEX ia ON t (a)");
        await stop.CancelAsync();
        await writing;
        await ConsistencyTests.CheckAsync(_client, "t", "ia", "a");
    }

    [Fact]
    public async Task A_dropped_table_is_gone_with_its_rows()
    {
        await _client.RunAsync("CREATE TABLE t (id INT PRIMARY KEY, a INT, KEY a (a)); INSERT INTO t VALUES (1,1),(2,2); TRUNCATE t");
        (await _client.QueryAsync("SELECT * FROM t")).ShouldBeEmpty();
        await _client.RunAsync("INSERT INTO t VALUES (1,1); DROP DATABASE test");
        (await _client.ErrorAsync("SELECT * FROM test.t")).ShouldBe(1049);
        (await _client.ErrorAsync("SELECT * FROM t")).ShouldBe(1046);
        await new Cloud.Sql.Storage.GarbageRemover(_database.Storage).RunAsync(CancellationToken.None);
        _database.Storage.Dump("t"u8).ShouldBeEmpty();
    }

    /// <summary>What mariadb-dump asks, in its order.</summary>
    [Fact]
    public async Task A_dumps_questions_are_answered()
    {
        await _client.RunAsync("CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(5)); INSERT INTO t VALUES (1,'a')");
        foreach (var sql in (string[])[
            "/*!40100 SET @@SQL_MODE='' */", "/*!40103 SET TIME_ZONE='+00:00' */", "SELECT @@version, @@version_comment", "SET SESSION NET_READ_TIMEOUT= 86400",
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION /*!40100 WITH CONSISTENT SNAPSHOT */",
            "SELECT LOGFILE_GROUP_NAME, FILE_NAME, TOTAL_EXTENTS, INITIAL_SIZE, ENGINE, EXTRA FROM INFORMATION_SCHEMA.FILES WHERE ENGINE = 'ndbcluster' AND FILE_TYPE = 'UNDO LOG' AND FILE_NAME IS NOT NULL AND LOGFILE_GROUP_NAME IS NOT NULL GROUP BY LOGFILE_GROUP_NAME, FILE_NAME, ENGINE, TOTAL_EXTENTS, INITIAL_SIZE ORDER BY LOGFILE_GROUP_NAME",
            "SHOW VARIABLES LIKE 'ndbinfo\\_version'", "SHOW CREATE DATABASE IF NOT EXISTS `test`", "SHOW TABLES LIKE 't'", "LOCK TABLES `t` READ /*!32311 LOCAL */",
            "SHOW TABLE STATUS LIKE 't'", "SET SQL_QUOTE_SHOW_CREATE=1", "SHOW CREATE TABLE `t`", "SHOW FULL FIELDS FROM `t`", "SELECT /*!40001 SQL_NO_CACHE */ `id`, `s` FROM `t`",
            "SHOW TRIGGERS LIKE 't'", "UNLOCK TABLES", "SELECT @@sql_mode", "SET character_set_results = NULL", "/*!50003 SHOW FUNCTION STATUS WHERE Db = 'test' */", "SELECT COUNT(*) FROM information_schema.TABLES WHERE table_schema=DATABASE()"])
        {
            await _client.RunAsync(sql);
        }

        await _client.RunAsync(
            """
            /*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
            /*!40101 SET NAMES utf8mb4 */;
            /*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
            /*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
            /*M!999999\- enable the sandbox mode */
            DROP TABLE IF EXISTS `t`;
            /*!40101 SET @saved_cs_client     = @@character_set_client */;
            CREATE TABLE `t` (`id` int NOT NULL, `s` varchar(5) DEFAULT NULL, PRIMARY KEY (`id`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
            LOCK TABLES `t` WRITE;
            /*!40000 ALTER TABLE `t` DISABLE KEYS */;
            INSERT INTO `t` VALUES (1,'a'),(2,NULL);
            /*!40000 ALTER TABLE `t` ENABLE KEYS */;
            UNLOCK TABLES;
            /*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
            /*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;
            """);
        (await _client.QueryAsync("SELECT * FROM t")).ShouldBe(["1|a", "2|NULL"]);
    }
}
