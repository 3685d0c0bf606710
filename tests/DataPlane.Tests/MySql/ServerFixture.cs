using System.Net;
using Cloud.MySql.Client;
using Cloud.MySql.Server;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cloud.DataPlane.Tests.MySql;

/// <summary>A server over <see cref="EchoHandler"/> with users <c>root</c> (secret), <c>modern</c> (caching_sha2 only) and <c>empty</c>.</summary>
internal sealed class ServerFixture : IAsyncDisposable
{
    public const string Password = "secret 'päss'";

    private ServerFixture(MySqlServer server, EchoHandler handler)
    {
        Server = server;
        Handler = handler;
    }

    public MySqlServer Server { get; }

    public EchoHandler Handler { get; }

    public static ServerFixture Start(Func<MySqlServerOptions, MySqlServerOptions>? configure = null)
    {
        var handler = new EchoHandler();
        handler.Add("root", Password);
        handler.Add("modern", Password, native: false);
        handler.Add("empty", string.Empty);
        var options = new MySqlServerOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0) };
        return new ServerFixture(
            MySqlServer.Start(configure?.Invoke(options) ?? options, handler, NullLoggerFactory.Instance, TimeProvider.System), handler);
    }

    public Task<MySqlConnection> ConnectAsync(
        string user = "root", string password = Password, TlsMode tls = TlsMode.Disabled, string? plugin = null, string? database = null) =>
        MySqlConnection.ConnectAsync(
            new MySqlConnectionOptions
            {
                Host = "127.0.0.1",
                Port = Server.Port,
                User = user,
                Password = password,
                Tls = tls,
                AuthPlugin = plugin,
                Database = database,
                MultiStatements = true,
            },
            Deadline.Token);

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}

/// <summary>No wait of a test is longer than this.</summary>
internal static class Deadline
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static CancellationToken Token => new CancellationTokenSource(Limit).Token;
}
