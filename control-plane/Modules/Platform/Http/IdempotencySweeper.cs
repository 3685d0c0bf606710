using Cloud.Modules.Platform.Data;
using Npgsql;

namespace Cloud.Modules.Platform.Http;

/// <summary>Removes stored replies that no request can ask for any more.</summary>
internal sealed partial class IdempotencySweeper(
    CloudDataSources sources,
    SchemaState schema,
    TimeProvider time,
    ILogger<IdempotencySweeper> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(10);

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
            catch (NpgsqlException unreachable)
            {
                LogSkipped(logger, unreachable.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        await using var command = sources.Worker.CreateCommand(
            "delete from cloud.idempotency_keys where created_at < now() - interval '24 hours'");
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old idempotency keys stay until the next sweep: {Reason}")]
    private static partial void LogSkipped(ILogger logger, string reason);
}
