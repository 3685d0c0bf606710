using Cloud.Kernel;
using Cloud.Modules.Platform.Secrets;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Cloud.Modules.Platform.Data;

/// <summary>Whether the schema is migrated, so that work may begin. Thread-safe.</summary>
internal sealed class SchemaState
{
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsReady => _ready.Task.IsCompletedSuccessfully;

    /// <summary>Completes when the schema is ready; hosted services wait here before they touch the database.</summary>
    public Task WhenReadyAsync(CancellationToken cancellationToken) => _ready.Task.WaitAsync(cancellationToken);

    internal void MarkReady() => _ready.TrySetResult();
}

/// <summary>
/// Migrates at start, in the background, so that the host answers health checks (and 503) while its database is still coming up.
/// A database that cannot be reached is tried again; a migration that fails stops the host, since waiting does not cure it.
/// </summary>
internal sealed partial class SchemaMigrator(
    MigrationRunner runner,
    SchemaState state,
    MasterKeys keys,
    IServiceScopeFactory scopes,
    IHostApplicationLifetime lifetime,
    ILogger<SchemaMigrator> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var migrations = Migration.Discover(typeof(SchemaMigrator).Assembly);
        var backoff = new Backoff(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(2), new SeededRandom((ulong)Environment.ProcessId));
        while (!state.IsReady && !stoppingToken.IsCancellationRequested)
        {
            try
            {
                await runner.RunAsync(migrations, stoppingToken);
                WarmUp();
                state.MarkReady();
            }
            catch (NpgsqlException unreachable) when (unreachable is not PostgresException { IsTransient: false })
            {
                var delay = backoff.Next();
                LogUnreachable(logger, unreachable.Message, delay);
                await Task.Delay(delay, stoppingToken);
            }
            catch (Exception failure) when (failure is InvalidOperationException or PostgresException)
            {
                LogFailed(logger, failure);
                Environment.ExitCode = 1;
                lifetime.StopApplication();
                return;
            }
        }
    }

    /// <summary>Makes the master key and builds the EF model now instead of within somebody's first request.</summary>
    private void WarmUp()
    {
        _ = keys.Newest;
        using var scope = scopes.CreateScope();
        _ = scope.ServiceProvider.GetRequiredService<CloudDbContext>().Model;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database cannot be reached ({Reason}); trying again in {Delay}")]
    private static partial void LogUnreachable(ILogger logger, string reason, TimeSpan delay);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The schema could not be migrated; the host stops")]
    private static partial void LogFailed(ILogger logger, Exception failure);
}
