using Npgsql;

namespace Cloud.Modules.Platform.Data;

/// <summary>
/// Brings the schema up to date. Safe to run from several processes at once and again after a crash anywhere: a session advisory
/// lock admits one runner, each migration and its record commit together, and applied ones are skipped.
/// </summary>
internal sealed partial class MigrationRunner(CloudDataSources sources, ILogger<MigrationRunner> logger)
{
    /// <summary>Chosen here: the ASCII bytes of "cloudmig".</summary>
    private const long LockKey = 0x636C6F75646D6967;

    /// <summary>Applies what is missing and returns how many migrations that were.</summary>
    /// <exception cref="InvalidOperationException">An applied migration has another text than the one in this build.</exception>
    public async Task<int> RunAsync(IReadOnlyList<Migration> migrations, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(sources.LoginConnectionString + ";Pooling=false;Command Timeout=60");
        await connection.OpenAsync(cancellationToken);
        await ExecuteAsync(connection, $"select pg_advisory_lock({LockKey})", cancellationToken);
        await PrepareRolesAsync(connection, cancellationToken);
        await ExecuteAsync(connection, CreateHistory, cancellationToken);
        var applied = await ReadHistoryAsync(connection, cancellationToken);
        var count = 0;
        foreach (var migration in migrations)
        {
            if (!applied.TryGetValue(migration.Number, out var known))
            {
                await ApplyAsync(connection, migration, cancellationToken);
                count++;
            }
            else if (known.Sha256 != migration.Sha256)
            {
                throw new InvalidOperationException(
                    $"Migration {known.Name} was applied with SHA-256 {known.Sha256}, but this build carries {migration.Sha256}. "
                    + "An applied migration never changes: restore its text and put the change into a new migration.");
            }
        }

        LogApplied(logger, count, migrations.Count);
        return count;
    }

    /// <summary>The roles are shared by all databases of the server, so another database's runner may be making them right now.</summary>
    private static async Task PrepareRolesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        const int AttemptsMax = 10;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await ExecuteAsync(connection, CreateRoles, cancellationToken);
                return;
            }
            catch (PostgresException raced) when (attempt < AttemptsMax && raced.SqlState
                is PostgresErrorCodes.DuplicateObject or PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.InternalError)
            {
                // The other runner has done it, or holds the catalog row ("tuple concurrently updated"): look again.
            }
        }
    }

    private static async Task<Dictionary<int, (string Name, string Sha256)>> ReadHistoryAsync(
        NpgsqlConnection connection,
        CancellationToken cancellationToken)
    {
        var history = new Dictionary<int, (string, string)>();
        await using var command = new NpgsqlCommand("select number, name, sha256 from cloud.schema_migrations", connection);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            history.Add(rows.GetInt32(0), (rows.GetString(1), rows.GetString(2)));
        }

        return history;
    }

    private static async Task ApplyAsync(NpgsqlConnection connection, Migration migration, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        try
        {
            await ExecuteAsync(connection, "set local role cloud_owner", cancellationToken);
            await ExecuteAsync(connection, migration.Sql, cancellationToken);
        }
        catch (PostgresException failure)
        {
            throw new InvalidOperationException(
                $"Migration {migration.Name} failed at character {failure.Position}: {failure.SqlState} {failure.MessageText}", failure);
        }

        await using var record = new NpgsqlCommand(
            "insert into cloud.schema_migrations (number, name, sha256) values ($1, $2, $3)", connection);
        record.Parameters.AddWithValue(migration.Number);
        record.Parameters.AddWithValue(migration.Name);
        record.Parameters.AddWithValue(migration.Sha256);
        await record.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private const string CreateRoles = """
        do $$
        declare
            role_name text;
        begin
            foreach role_name in array array['cloud_owner', 'cloud_app', 'cloud_worker'] loop
                if not exists (select from pg_roles where rolname = role_name) then
                    execute format('create role %I nologin nosuperuser nobypassrls', role_name);
                end if;
                if not pg_has_role(current_user, role_name, 'member') then
                    execute format('grant %I to current_user', role_name);
                end if;
            end loop;
            execute format('grant create, connect, temporary on database %I to cloud_owner', current_database());
            execute format('grant connect on database %I to cloud_app, cloud_worker', current_database());
            create schema if not exists cloud authorization cloud_owner;
        end $$;
        """;

    private const string CreateHistory = """
        set role cloud_owner;
        create table if not exists cloud.schema_migrations (
            number     integer primary key,
            name       text not null,
            sha256     text not null,
            applied_at timestamptz not null default now()
        );
        reset role;
        """;

    [LoggerMessage(Level = LogLevel.Information, Message = "Schema is up to date: {Count} of {Total} migrations applied now")]
    private static partial void LogApplied(ILogger logger, int count, int total);
}
