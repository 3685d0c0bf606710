using Cloud.ApiClient;

namespace Cloud.Portal.Pages.Clusters;

/// <summary>How one kind of client connects to a cluster.</summary>
/// <param name="Id">In the URL of the dialog.</param>
/// <param name="Label">On its tab.</param>
/// <param name="Text">From the cluster's endpoints; the password never is in it, so that it can be shared and kept.</param>
internal sealed record ConnectSnippet(string Id, string Label, Func<Cluster, string> Text);

/// <summary>Commands and strings for the usual drivers, made from a cluster's endpoints.</summary>
internal static class ConnectSnippets
{
    public static IReadOnlyList<ConnectSnippet> All { get; } =
    [
        new("cli", "mariadb, mysql", cluster => Sql(cluster, e =>
            $"""
            mariadb -h {e.Host} -P {e.Port} -u root -p{(e.Tls ? " --ssl" : "")}

            # or with MySQL's own client
            mysql -h {e.Host} -P {e.Port} -u root -p{(e.Tls ? " --ssl-mode=REQUIRED" : "")}
            """)),
        new("jdbc", "JDBC", cluster => Sql(cluster, e =>
            $"jdbc:mysql://{e.Host}:{e.Port}/{Database}?user=root&sslMode={(e.Tls ? "REQUIRED" : "PREFERRED&allowPublicKeyRetrieval=true")}")),
        new("python", "Python", cluster => Sql(cluster, e =>
            $"""
            import os, pymysql

            connection = pymysql.connect(
                host="{e.Host}", port={e.Port},
                user="root", password=os.environ["DB_PASSWORD"],
                database="{Database}")
            """)),
        new("go", "Go", cluster => Sql(cluster, e =>
            $$"""
            // github.com/go-sql-driver/mysql
            db, err := sql.Open("mysql", fmt.Sprintf(
                "root:%s@tcp({{e.Host}}:{{e.Port}})/{{Database}}?parseTime=true{{(e.Tls ? "&tls=true" : "")}}",
                os.Getenv("DB_PASSWORD")))
            """)),
        new("node", "Node.js", cluster => Sql(cluster, e =>
            $$"""
            import mysql from "mysql2/promise";

            const db = await mysql.createConnection({
              host: "{{e.Host}}", port: {{e.Port}},
              user: "root", password: process.env.DB_PASSWORD,
              database: "{{Database}}",{{(e.Tls ? "\n  ssl: {}," : "")}}
            });
            """)),
        new("csharp", "C#", cluster => Sql(cluster, e =>
            $$"""
            // MySqlConnector
            await using var connection = new MySqlConnection(
                $"Server={{e.Host}};Port={{e.Port}};User ID=root;Database={{Database}};" +
                $"Password={Environment.GetEnvironmentVariable("DB_PASSWORD")}");
            await connection.OpenAsync();
            """)),
        new("kv", "TiKV clients", cluster => cluster.Endpoints?.Kv is { Pd.Count: > 0 } kv
            ? $"""
            # PD endpoints, as every TiKV client takes them
            {string.Join(",", kv.Pd)}

            # Rust
            let client = tikv_client::TransactionClient::new(vec![{string.Join(", ", kv.Pd.Select(address => $"\"{address}\""))}]).await?;

            # Go
            client, err := txnkv.NewClient([]string{Braced(kv.Pd)})
            """
            : NotYet),
    ];

    private const string Database = "test";

    private const string NotYet = "The cluster has no endpoint yet. It appears here as soon as the process answers.";

    /// <summary>The kind with this id; the first where there is none.</summary>
    public static ConnectSnippet Find(string? id) => All.FirstOrDefault(snippet => snippet.Id == id) ?? All[0];

    private static string Sql(Cluster cluster, Func<MysqlEndpoint, string> text) =>
        cluster.Endpoints?.Mysql is { } endpoint ? text(endpoint) : NotYet;

    private static string Braced(IEnumerable<string> addresses) =>
        "{" + string.Join(", ", addresses.Select(address => $"\"{address}\"")) + "}";
}
