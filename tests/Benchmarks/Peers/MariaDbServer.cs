using System.Diagnostics;
using Cloud.Local.Processes;
using Cloud.TestKit;

namespace Cloud.Benchmarks.Peers;

/// <summary>A private MariaDB with its default durability, to measure beside us in the same run.</summary>
public sealed class MariaDbServer : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;
    private readonly ProcessIdentity _process;

    private MariaDbServer(TemporaryFolder folder, ProcessIdentity process, int port)
    {
        _folder = folder;
        _process = process;
        Target = new SqlTarget("MariaDB", "127.0.0.1", port, "bench", "bench");
    }

    public SqlTarget Target { get; }

    public static async Task<MariaDbServer> StartAsync(CancellationToken cancellationToken)
    {
        var folder = new TemporaryFolder();
        var data = Path.Combine(folder.Path, "data");
        var socket = Path.Combine(folder.Path, "s");
        var port = FreePort.Next();
        string[] account = Environment.IsPrivilegedProcess ? ["--user=mysql"] : [];
        await RequireAsync("install", ["-d", "-m", "0700", .. Owner(), data], cancellationToken);
        await RequireAsync("install", ["-d", "-m", "0755", .. Owner(), Path.Combine(folder.Path, "run")], cancellationToken);
        await RequireAsync("mariadb-install-db", [$"--datadir={data}", "--skip-test-db", "--auth-root-authentication-method=normal", .. account], cancellationToken);
        var socketFile = Path.Combine(folder.Path, "run", Path.GetFileName(socket));
        using var process = Process.Start(new ProcessStartInfo(
            "setsid",
            [
                "mariadbd", "--no-defaults", $"--datadir={data}", $"--socket={socketFile}", $"--port={port}", "--bind-address=127.0.0.1",
                "--innodb-buffer-pool-size=1G", "--max-connections=200", $"--log-error={data}/error.log", .. account,
            ]))!; // setsid is there: ./cloud bench has seen to it
        var identity = ProcessIdentity.Of(process.Id)!; // just started
        await Eventually.NotNullAsync<string>(
            async () => (await Shell.RunAsync("mariadb", ["--no-defaults", "-uroot", $"--socket={socketFile}", "-e", "select 1"], cancellationToken)).Succeeded ? "up" : null,
            TimeSpan.FromSeconds(60),
            "MariaDB answers");
        const string setUp = "create database sbtest; create user bench@'127.0.0.1' identified by 'bench'; grant all on *.* to bench@'127.0.0.1';";
        await RequireAsync("mariadb", ["--no-defaults", "-uroot", $"--socket={socketFile}", "-e", setUp], cancellationToken);
        return new MariaDbServer(folder, identity, port);

        static string[] Owner() => Environment.IsPrivilegedProcess ? ["-o", "mysql", "-g", "mysql"] : [];
    }

    public async ValueTask DisposeAsync()
    {
        await Signals.EndGroupAsync(_process, Signals.Terminate, TimeSpan.FromSeconds(30), CancellationToken.None);
        _folder.Dispose();
    }

    private static async Task RequireAsync(string file, string[] arguments, CancellationToken cancellationToken)
    {
        var result = await Shell.RunAsync(file, arguments, cancellationToken);
        if (!result.Succeeded)
        {
            throw new InvalidOperationException($"{file} failed: {result.Tail()}");
        }
    }
}

/// <summary>A MySQL server that a load can be sent to.</summary>
public sealed record SqlTarget(string Name, string Host, int Port, string User, string Password);
