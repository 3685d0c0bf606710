namespace Cloud.Local.Postgres;

/// <summary>Where a private PostgreSQL lives and how it runs.</summary>
/// <param name="DataFolder">Absolute; made by <c>initdb</c>.</param>
/// <param name="SocketFolder">Absolute; with <c>/.s.PGSQL.port</c> at most 107 bytes long (unix(7)).</param>
/// <param name="Port">Loopback port.</param>
/// <param name="Password">Of the login role <see cref="Login"/>.</param>
/// <param name="LogFile">Where the server's output goes; null discards it.</param>
/// <param name="Durable">False turns fsync off: only for tests, which throw the data away.</param>
public sealed record PostgresSettings(
    string DataFolder, string SocketFolder, int Port, string Password, string? LogFile, bool Durable)
{
    /// <summary>Owns the database; may create roles; not a superuser.</summary>
    public const string Login = "cloud";

    public const string Database = "cloud";

    public const int SocketPathBytesMax = 107;

    /// <summary>An Npgsql connection string over loopback TCP.</summary>
    public string ConnectionString(string database = Database) =>
        $"Host=127.0.0.1;Port={Port};Username={Login};Password={Password};Database={database}";
}
