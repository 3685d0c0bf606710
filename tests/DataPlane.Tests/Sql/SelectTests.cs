using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Sql;

public sealed class SelectTests : IAsyncLifetime
{
    private SqlDatabase _database = null!;
    private SqlClient _client = null!;

    public async Task InitializeAsync()
    {
        (_database, _client) = await SqlDatabase.CreateAsync();
        await _client.RunAsync(
            """
            CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(30), city VARCHAR(30), KEY city (city));
            CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, customer INT, total DECIMAL(10,2), day DATE, KEY customer (customer, day));
            INSERT INTO customers VALUES (1,'Ada','London'),(2,'Bob','Paris'),(3,'Cyd','London'),(4,'Dee',NULL);
            INSERT INTO orders (customer,total,day) VALUES (1,10.5,'2024-01-01'),(1,20,'2024-01-02'),(2,5,'2024-02-01'),(3,7.25,'2024-02-01'),(9,1,'2024-03-01');
            """);
    }

    public Task DisposeAsync() => _database.DisposeAsync().AsTask();

    [Theory]
    [InlineData("SELECT 1+1", "2")]
    [InlineData("SELECT 7/2, 7 DIV 2, 7 % 2, -7 MOD 3", "3.5000|3|1|-1")]
    [InlineData("SELECT 0.1+0.2, 1e0/3, 1/0", "0.3|0.3333333333333333|NULL")]
    [InlineData("SELECT '3 apples'+2, 'a'='A', 'a'='A ' , BINARY 'a'='A'", "5|1|0|0")]
    [InlineData("SELECT NULL=NULL, NULL<=>NULL, NULL IS NULL, 1 IN (2,NULL), 1 IN (1,NULL), NOT NULL", "NULL|1|1|NULL|1|NULL")]
    [InlineData("SELECT 5 BETWEEN 1 AND 10, 'abc' LIKE 'A%', 'a_c' LIKE 'a\\_c', 'abc' LIKE '_b_', 'abc' REGEXP '^a.c$'", "1|1|1|1|1")]
    [InlineData("SELECT CASE 2 WHEN 1 THEN 'a' WHEN 2 THEN 'b' ELSE 'c' END, IF(1>2,'x','y'), IFNULL(NULL,3), COALESCE(NULL,NULL,'z'), NULLIF(1,1)", "b|y|3|z|NULL")]
    [InlineData("SELECT CONCAT('a',1,2.5), CONCAT_WS('-','a',NULL,'b'), UPPER('äb'), LENGTH('ä'), CHAR_LENGTH('ä'), REVERSE('abc')", "a12.5|a-b|ÄB|2|1|cba")]
    [InlineData("SELECT SUBSTRING('hello',2,3), SUBSTRING('hello' FROM -3), LEFT('hello',2), RIGHT('hello',2), LOCATE('l','hello'), INSTR('hello','lo'), POSITION('e' IN 'hello')", "ell|llo|he|lo|3|4|2")]
    [InlineData("SELECT TRIM('  a '), TRIM(BOTH 'x' FROM 'xxaxx'), LPAD('a',3,'-'), RPAD('a',3,'-'), REPLACE('aXbX','X','y'), REPEAT('ab',2), SPACE(2)", "a|a|--a|a--|ayby|abab|  ")]
    [InlineData("SELECT ABS(-3), SIGN(-2), CEIL(1.2), FLOOR(-1.2), ROUND(2.5), ROUND(1.255,2), TRUNCATE(1.999,1), POW(2,10), SQRT(9), GREATEST(1,5,3), LEAST('b','a')", "3|-1|2|-2|3|1.26|1.9|1024|3|5|a")]
    [InlineData("SELECT CAST('12abc' AS SIGNED), CAST(-1 AS UNSIGNED), CAST(1.5 AS CHAR), CAST('2024-01-02' AS DATE), CAST(2.345 AS DECIMAL(5,2)), CONVERT('1.5',DOUBLE)", "12|18446744073709551615|1.5|2024-01-02|2.35|1.5")]
    [InlineData("SELECT DATE_ADD('2024-01-31', INTERVAL 1 MONTH), DATE '2024-01-01' + INTERVAL 36 HOUR, DATEDIFF('2024-03-01','2024-02-01'), TIMESTAMPDIFF(MINUTE,'2024-01-01 00:00:00','2024-01-01 01:30:59')", "2024-02-29|2024-01-02 12:00:00|29|90")]
    [InlineData("SELECT DATE_FORMAT('2024-02-03 14:05:06','%Y/%m/%d %H:%i:%s %W %M'), YEAR('2024-02-03'), DAYOFWEEK('2024-02-03'), EXTRACT(YEAR_MONTH FROM '2024-02-03'), LAST_DAY('2024-02-03'), STR_TO_DATE('03.02.2024','%d.%m.%Y')", "2024/02/03 14:05:06 Saturday February|2024|7|202402|2024-02-29|2024-02-03 00:00:00")]
    [InlineData("SELECT HEX('abc'), UNHEX('616263'), MD5('a'), x'4142', 0x43, HEX(255), CONV('ff',16,10), BIN(5), CRC32('a')", "616263|abc|0cc175b9c0f1b6a831c399e269772661|AB|C|FF|255|101|3904355907")]
    [InlineData("SELECT 5 & 3, 5 | 3, 5 ^ 3, ~0, 1 << 4, 256 >> 4, !0, 1 XOR 1, 2 > 1 AND 3 > 2", "1|7|6|18446744073709551615|16|16|1|0|1")]
    [InlineData("SELECT 9223372036854775807, 18446744073709551615, 18446744073709551616, -9223372036854775808, 1e20, 1.5e-30", "9223372036854775807|18446744073709551615|18446744073709551616|-9223372036854775808|1e20|1.5e-30")]
    [InlineData("SELECT (1,2)=(1,2), (1,2)<(1,3), (1,2) IN ((3,4),(1,2)), ROW(1,2)<>(1,2)", "1|1|1|0")]
    [InlineData("SELECT FIELD('b','a','b'), ELT(2,'a','b'), FIND_IN_SET('b','a,b'), FORMAT(12345.678,2), SUBSTRING_INDEX('a.b.c','.',2), STRCMP('a','b'), ASCII('a')", "2|b|2|12,345.68|a.b|-1|97")]
    public async Task Expressions_give_what_MySQL_gives(string sql, string expected) => (await _client.ScalarAsync(sql)).ShouldBe(expected);

    [Theory]
    [InlineData("SELECT c.name, o.total FROM customers c JOIN orders o ON o.customer=c.id ORDER BY o.id", "Ada|10.50;Ada|20.00;Bob|5.00;Cyd|7.25")]
    [InlineData("SELECT c.name, COUNT(o.id) FROM customers c LEFT JOIN orders o ON o.customer=c.id GROUP BY c.id ORDER BY c.id", "Ada|2;Bob|1;Cyd|1;Dee|0")]
    [InlineData("SELECT o.id, c.name FROM customers c RIGHT JOIN orders o ON o.customer=c.id WHERE c.id IS NULL", "5|NULL")]
    [InlineData("SELECT city, COUNT(*) n, SUM(total) s FROM customers, orders WHERE customers.id=orders.customer GROUP BY city HAVING n>1 ORDER BY s DESC", "London|3|37.75")]
    [InlineData("SELECT name FROM customers WHERE id IN (SELECT customer FROM orders WHERE total>6) ORDER BY name", "Ada;Cyd")]
    [InlineData("SELECT name FROM customers c WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer=c.id)", "Dee")]
    [InlineData("SELECT name, (SELECT MAX(total) FROM orders o WHERE o.customer=c.id) m FROM customers c ORDER BY id", "Ada|20.00;Bob|5.00;Cyd|7.25;Dee|NULL")]
    [InlineData("SELECT name FROM customers WHERE id = (SELECT customer FROM orders ORDER BY total DESC LIMIT 1)", "Ada")]
    [InlineData("SELECT DISTINCT city FROM customers ORDER BY city", "NULL;London;Paris")]
    [InlineData("SELECT id FROM customers ORDER BY city DESC, id LIMIT 2 OFFSET 1", "1;3")]
    [InlineData("SELECT id FROM orders ORDER BY id DESC LIMIT 2", "5;4")]
    [InlineData("SELECT 1 UNION SELECT 2 UNION SELECT 1 ORDER BY 1 DESC", "2;1")]
    [InlineData("SELECT 1 UNION ALL SELECT 1", "1;1")]
    [InlineData("SELECT t.n+1 FROM (SELECT id n FROM customers WHERE id<3) t", "2;3")]
    [InlineData("SELECT GROUP_CONCAT(name ORDER BY name DESC SEPARATOR '/') FROM customers", "Dee/Cyd/Bob/Ada")]
    [InlineData("SELECT COUNT(DISTINCT city), COUNT(city), AVG(total), MIN(day), MAX(day), STD(total)>6 FROM customers, orders", "2|15|8.750000|2024-01-01|2024-03-01|1")]
    [InlineData("SELECT YEAR(day), MONTH(day) m, SUM(total) FROM orders GROUP BY YEAR(day), m ORDER BY m", "2024|1|30.50;2024|2|12.25;2024|3|1.00")]
    [InlineData("SELECT COUNT(*) FROM orders WHERE 1=0", "0")]
    [InlineData("SELECT id FROM customers WHERE city LIKE 'lon%'", "1;3")]
    [InlineData("SELECT a.id, b.id FROM customers a JOIN customers b USING (city) WHERE a.id<b.id", "1|3")]
    [InlineData("SELECT id FROM orders WHERE customer=1 AND day>'2024-01-01'", "2")]
    [InlineData("SELECT id FROM orders WHERE id IN (3,1,99)", "1;3")]
    [InlineData("SELECT city, name FROM customers WHERE city='London' OR id=4 ORDER BY 2", "London|Ada;London|Cyd;NULL|Dee")]
    [InlineData("SELECT customer, SUM(total) FROM orders GROUP BY 1 ORDER BY 2 DESC LIMIT 1", "1|30.50")]
    public async Task Queries_give_what_MySQL_gives(string sql, string expected) =>
        string.Join(';', await _client.QueryAsync(sql)).ShouldBe(expected);

    [Theory]
    [InlineData("SELECT * FROM nothing", 1146)]
    [InlineData("SELECT * FROM nowhere.t", 1049)]
    [InlineData("SELECT wrong FROM customers", 1054)]
    [InlineData("SELECT id FROM customers, orders", 1052)]
    [InlineData("SELECT name, COUNT(*) FROM customers GROUP BY city", 1055)]
    [InlineData("SELECT name, COUNT(*) FROM customers", 1140)]
    [InlineData("SELECT (SELECT id FROM customers)", 1242)]
    [InlineData("SELECT 1 UNION SELECT 1,2", 1222)]
    [InlineData("SELECT nofunction(1)", 1305)]
    [InlineData("SELECT LEFT('a')", 1582)]
    [InlineData("SELECT 9223372036854775807+1", 1690)]
    [InlineData("SELECT * FROM customers WHERE COUNT(*)>1", 1111)]
    [InlineData("SELECT @@nothing", 1193)]
    [InlineData("SELECT * FROM (SELECT 1)", 1248)]
    [InlineData("SELECT * FROM customers a, orders a", 1066)]
    [InlineData("SELEC 1", 1064)]
    [InlineData("SELECT 1; SELECT", 1064)]
    [InlineData("SELECT 'a", 1064)]
    [InlineData("", 1065)]
    [InlineData("WITH x AS (SELECT 1) SELECT * FROM x", 1235)]
    public async Task Wrong_queries_fail_with_MySQLs_number(string sql, int number) => (await _client.ErrorAsync(sql)).ShouldBe(number);

    [Fact]
    public async Task A_syntax_error_names_the_text_and_line() =>
        (await _client.FailAsync("SELECT 1\nFROM WHERE x")).Message.ShouldBe(
            "You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the right syntax to use near 'WHERE x' at line 2");

    [Theory]
    [InlineData("SELECT name FROM customers WHERE id=1", "Point get")]
    [InlineData("SELECT name FROM customers WHERE id IN (1,2)", "Batch point get")]
    [InlineData("SELECT name FROM customers WHERE id>1", "Table range scan")]
    [InlineData("SELECT name FROM customers WHERE city='London'", "Index range scan on customers using city")]
    [InlineData("SELECT id FROM orders WHERE customer=1", "Index only scan")]
    [InlineData("SELECT name FROM customers WHERE name='Ada'", "Table scan")]
    [InlineData("SELECT o.id FROM customers c JOIN orders o ON o.customer=c.id WHERE c.id=1", "Index lookup inner join")]
    [InlineData("SELECT id FROM orders ORDER BY id DESC LIMIT 2", "backwards")]
    public async Task Plans_use_keys(string sql, string step) => (await _client.ScalarAsync("EXPLAIN " + sql)).ShouldContain(step);
}
