using Cloud.Modules.Platform.Data;
using Npgsql;

namespace Cloud.Modules.Platform.Messaging;

/// <summary>
/// Runs every <see cref="ISweep"/> at start and then every <see cref="Period"/>, in one process at a time. It makes lost hints
/// harmless, and it is what notices that time has passed.
/// </summary>
internal sealed partial class Sweeper(
    IServiceProvider services,
    CloudDataSources sources,
    SchemaState schema,
    TimeProvider time,
    ILogger<Sweeper> logger) : BackgroundService
{
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    /// <summary>How long a message id is remembered: far beyond the time in which a broker redelivers. Chosen here.</summary>
    private static readonly TimeSpan InboxKept = TimeSpan.FromHours(1);

    /// <summary>Chosen here: the ASCII bytes of "cldsweep".</summary>
    private const long LockKey = 0x636C647377656570;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await schema.WhenReadyAsync(stoppingToken);
        using var timer = new PeriodicTimer(Period, time);
        do
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(logger, failure);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>One sweep, unless another process is at it.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        await using var connection = await sources.Worker.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var take = new NpgsqlCommand($"select pg_try_advisory_xact_lock({LockKey})", connection))
        {
            if (await take.ExecuteScalarAsync(cancellationToken) is not true)
            {
                return;
            }
        }

        await using (var scope = services.CreateWorkerScope())
        {
            foreach (var sweep in scope.ServiceProvider.GetServices<ISweep>())
            {
                var found = await sweep.SweepAsync(scope.ServiceProvider, cancellationToken);
                if (found > 0)
                {
                    LogFound(logger, found, sweep.GetType().Name);
                }
            }
        }

        await using var forget = new NpgsqlCommand(
            "delete from cloud.inbox_messages where received_at < now() - @kept", connection);
        forget.Parameters.AddWithValue("kept", InboxKept);
        await forget.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Sweep} found {Count} things that need attention")]
    private static partial void LogFound(ILogger logger, int count, string sweep);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The sweep failed; the next one follows")]
    private static partial void LogFailed(ILogger logger, Exception failure);
}
