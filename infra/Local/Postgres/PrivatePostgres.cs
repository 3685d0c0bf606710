using System.Diagnostics;
using System.Globalization;
using Cloud.Local.Processes;

namespace Cloud.Local.Postgres;

/// <summary>
/// A PostgreSQL server of our own: its data, socket and port are shared with nobody. Crash points: a data folder counts as made only
/// once <c>PG_VERSION</c> and our marker file exist, so an interrupted <see cref="InitializeAsync"/> starts over; creating the role and
/// the database is repeated until both exist.
/// </summary>
public sealed class PrivatePostgres(PostgresBinaries binaries, ServiceAccount account, PostgresSettings settings)
{
    private const string Marker = "cloud-initialized";

    public PostgresSettings Settings => settings;

    /// <summary>Makes the data folder if it is not there. Idempotent.</summary>
    /// <exception cref="LocalException">initdb failed, or the data belongs to another major version.</exception>
    public async Task InitializeAsync(CancellationToken cancellationToken)
    {
        var socketBytes = settings.SocketFolder.Length + "/.s.PGSQL.".Length + 5;
        if (socketBytes > PostgresSettings.SocketPathBytesMax)
        {
            throw new LocalException(
                $"The socket folder {settings.SocketFolder} makes a path of {socketBytes} bytes; unix sockets allow "
                + $"{PostgresSettings.SocketPathBytesMax}. Remedy: set CLOUD_HOME to a shorter path.");
        }

        await account.CreateFolderAsync(settings.SocketFolder, cancellationToken);
        if (File.Exists(Path.Combine(settings.DataFolder, Marker)))
        {
            await RequireSameMajorAsync(cancellationToken);
            return;
        }

        if (Directory.Exists(settings.DataFolder))
        {
            Directory.Delete(settings.DataFolder, recursive: true);
        }

        await account.CreateFolderAsync(settings.DataFolder, cancellationToken);
        string[] speed = settings.Durable ? [] : ["--no-sync"];
        await RunAsync(
            "initdb",
            ["-D", settings.DataFolder, "--auth-local=peer", "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", .. speed],
            cancellationToken);
        var (file, arguments) = account.Wrap("touch", [Path.Combine(settings.DataFolder, Marker)]);
        await Shell.RunAsync(file, arguments, cancellationToken);
    }

    /// <summary>The command that runs the server in the foreground; SIGINT is its fast shutdown, SIGQUIT its immediate one.</summary>
    public (string File, IReadOnlyList<string> Arguments) ServerCommand()
    {
        List<string> arguments =
        [
            "-D", settings.DataFolder,
            "-c", "listen_addresses=127.0.0.1",
            "-c", $"port={settings.Port}",
            "-c", $"unix_socket_directories={settings.SocketFolder}",
            "-c", "max_connections=200",
            "-c", "shared_buffers=128MB",
            "-c", "logging_collector=off",
            "-c", "log_timezone=UTC",
            "-c", "timezone=UTC",
        ];
        if (!settings.Durable)
        {
            arguments.AddRange(["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "autovacuum=off"]);
        }

        return account.Wrap(binaries.Program("postgres"), arguments);
    }

    /// <summary>Starts the server outside of any supervision, for tests; waits until it answers.</summary>
    public async Task<Process> StartAsync(CancellationToken cancellationToken)
    {
        var (file, arguments) = ServerCommand();
        var process = Process.Start(new ProcessStartInfo("setsid", [file, .. arguments])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!; // setsid is part of util-linux, which dpkg itself needs
        var log = settings.LogFile is null ? null : TextWriter.Synchronized(new StreamWriter(settings.LogFile, append: true) { AutoFlush = true });
        process.OutputDataReceived += (_, line) => log?.WriteLine(line.Data);
        process.ErrorDataReceived += (_, line) => log?.WriteLine(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await EnsureDatabaseAsync(TimeSpan.FromSeconds(30), () => !process.HasExited, cancellationToken);
        return process;
    }

    /// <summary>Waits until the server answers, then makes the login role and the database if they are missing. Idempotent.</summary>
    /// <param name="limit">How long to wait for the server.</param>
    /// <param name="isRunning">Ends the wait early when the server has died.</param>
    /// <exception cref="LocalException">It does not answer in time.</exception>
    public async Task EnsureDatabaseAsync(TimeSpan limit, Func<bool> isRunning, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!(await PsqlAsync("postgres", "select 1", cancellationToken)).Succeeded)
        {
            if (!isRunning() || TimeProvider.System.GetElapsedTime(started) > limit)
            {
                throw new LocalException(
                    $"PostgreSQL on port {settings.Port} does not answer{(isRunning() ? $" after {limit.TotalSeconds:0} s" : ": it ended")}. "
                    + $"Remedy: see {settings.LogFile ?? "its log"}.");
            }

            await Task.Delay(50, cancellationToken);
        }

        var password = settings.Password.Replace("'", "''", StringComparison.Ordinal);
        await RequireAsync(
            "postgres",
            $$"""
            do $body$ begin
              if not exists (select from pg_roles where rolname = '{{PostgresSettings.Login}}') then
                create role {{PostgresSettings.Login}} login createrole createdb;
              end if;
              alter role {{PostgresSettings.Login}} password '{{password}}';
            end $body$;
            """,
            cancellationToken);
        var exists = await RequireAsync(
            "postgres", $"select count(*) from pg_database where datname = '{PostgresSettings.Database}'", cancellationToken);
        if (int.Parse(exists.Output.Trim(), CultureInfo.InvariantCulture) == 0)
        {
            await RequireAsync("postgres", $"create database {PostgresSettings.Database} owner {PostgresSettings.Login}", cancellationToken);
        }
    }

    private async Task<ShellResult> RequireAsync(string database, string sql, CancellationToken cancellationToken)
    {
        var result = await PsqlAsync(database, sql, cancellationToken);
        return result.Succeeded ? result : throw new LocalException($"PostgreSQL refused '{sql[..Math.Min(40, sql.Length)]}…': {result.Tail()}");
    }

    private async Task<ShellResult> PsqlAsync(string database, string sql, CancellationToken cancellationToken)
    {
        var port = settings.Port.ToString(CultureInfo.InvariantCulture);
        var (file, arguments) = account.Wrap(
            binaries.Program("psql"),
            ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", settings.SocketFolder, "-p", port, "-d", database, "-c", sql]);
        return await Shell.RunAsync(file, arguments, cancellationToken, new Dictionary<string, string> { ["PGCONNECT_TIMEOUT"] = "2" });
    }

    private async Task RunAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var (file, wrapped) = account.Wrap(binaries.Program(program), arguments);
        var result = await Shell.RunAsync(file, wrapped, cancellationToken);
        if (!result.Succeeded)
        {
            throw new LocalException($"{program} failed with exit code {result.ExitCode}: {result.Tail()}");
        }
    }

    private async Task RequireSameMajorAsync(CancellationToken cancellationToken)
    {
        var found = (await File.ReadAllTextAsync(Path.Combine(settings.DataFolder, "PG_VERSION"), cancellationToken)).Trim();
        if (found != binaries.Major.ToString(CultureInfo.InvariantCulture))
        {
            throw new LocalException(
                $"The database in {settings.DataFolder} was made by PostgreSQL {found}, but PostgreSQL {binaries.Major} is installed. "
                + $"Remedy: install PostgreSQL {found} beside it, or pg_upgrade the folder.");
        }
    }
}
