using System.Diagnostics;
using System.Globalization;
using Cloud.Local.Postgres;
using Cloud.Local.Processes;
using Npgsql;

namespace Cloud.TestKit;

/// <summary>One real PostgreSQL server for the whole test process, started at first use and ended with the process.</summary>
public sealed class PostgresServer
{
    private const string FolderPrefix = "cloud-test-pg-";

    private static readonly Lazy<Task<PostgresServer>> Shared = new(StartSharedAsync);

    private readonly PrivatePostgres _postgres;
    private readonly ProcessIdentity _process;
    private int _databases;

    private PostgresServer(PrivatePostgres postgres, Process process)
    {
        _postgres = postgres;
        _process = ProcessIdentity.Of(process.Id)!; // it has just answered
    }

    /// <summary>The process-wide server.</summary>
    public static Task<PostgresServer> SharedAsync() => Shared.Value;

    /// <summary>A connection string of the login role that owns databases; not a superuser.</summary>
    public string ConnectionString(string database) => _postgres.Settings.ConnectionString(database);

    /// <summary>Creates an empty database, or a copy of <paramref name="template"/> (which nobody may be connected to).</summary>
    /// <returns>Its name.</returns>
    public async Task<string> CreateDatabaseAsync(string? template = null)
    {
        var name = $"t{Environment.ProcessId}_{Interlocked.Increment(ref _databases)}";
        var copy = template is null ? string.Empty : $" template {template}";
        await ExecuteAsync($"create database {name}{copy}");
        return name;
    }

    /// <summary>Drops a database and ends the sessions in it.</summary>
    public Task DropDatabaseAsync(string name) => ExecuteAsync($"drop database if exists {name} with (force)");

    /// <summary>Stops every server process at once, as a hanging disk would; <see cref="Resume"/> ends it.</summary>
    public void Freeze() => ProcessTree.Of(_process).SendToAll(ProcessTree.Stop);

    public void Resume() => ProcessTree.Of(_process).SendToAll(ProcessTree.Continue);

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 60 };
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<PostgresServer> StartSharedAsync()
    {
        RemoveAbandoned();
        var server = await StartAsync(durable: false);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.End();
        return server;
    }

    /// <summary>Starts a server of its own, for tests that stop or break it.</summary>
    public static async Task<PostgresServer> StartAsync(bool durable)
    {
        var identity = ProcessIdentity.Of(Environment.ProcessId)!; // we are running
        var root = Path.Combine("/var/tmp", $"{FolderPrefix}{identity.Pid}-{identity.StartTicks}-{Guid.NewGuid().ToString("N")[..8]}");
        Directory.CreateDirectory(root);
        File.SetUnixFileMode(root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute | UnixFileMode.GroupExecute);
        var binaries = PostgresBinaries.Find() ?? throw new InvalidOperationException("PostgreSQL is not installed; ./cloud test installs it.");
        var settings = new PostgresSettings(
            Path.Combine(root, "data"), Path.Combine(root, "s"), FreePort.Next(), "test-password", Path.Combine(root, "log"), durable);
        var postgres = new PrivatePostgres(binaries, ServiceAccount.ForThisUser(), settings);
        await postgres.InitializeAsync(CancellationToken.None);
        return new PostgresServer(postgres, await postgres.StartAsync(CancellationToken.None));
    }

    /// <summary>Ends the server without a checkpoint and deletes its data.</summary>
    public void End()
    {
        Signals.Send(_process, Signals.Quit);
        var waited = Stopwatch.StartNew();
        while (_process.IsAlive && waited.Elapsed < TimeSpan.FromSeconds(5))
        {
            Thread.Yield();
        }

        Directory.Delete(Path.GetDirectoryName(_postgres.Settings.DataFolder)!, recursive: true); // never a root folder
    }

    /// <summary>A killed test run leaves its server behind: the folder's name tells whose it was.</summary>
    private static void RemoveAbandoned()
    {
        foreach (var folder in Directory.GetDirectories("/var/tmp", FolderPrefix + "*"))
        {
            var parts = Path.GetFileName(folder)[FolderPrefix.Length..].Split('-');
            var owner = new ProcessIdentity(
                int.Parse(parts[0], CultureInfo.InvariantCulture), ulong.Parse(parts[1], CultureInfo.InvariantCulture));
            if (owner.IsAlive)
            {
                continue;
            }

            var pidFile = Path.Combine(folder, "data", "postmaster.pid");
            if (File.Exists(pidFile) && ProcessIdentity.Of(int.Parse(File.ReadLines(pidFile).First(), CultureInfo.InvariantCulture)) is { } orphan)
            {
                Signals.Send(orphan, Signals.Quit);
            }

            Directory.Delete(folder, recursive: true);
        }
    }
}
