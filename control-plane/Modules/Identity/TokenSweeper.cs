using Cloud.Modules.Platform.Data;
using Npgsql;

namespace Cloud.Modules.Identity;

/// <summary>Removes tokens and sessions that have ended, and failures that are forgotten, a day later.</summary>
internal sealed partial class TokenSweeper(CloudDataSources sources, SchemaState schema, TimeProvider time, ILogger<TokenSweeper> logger)
    : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(15);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await schema.WhenReadyAsync(stoppingToken);
        using var timer = new PeriodicTimer(Period, time);
        do
        {
            try
            {
                await using var command = sources.Worker.CreateCommand("""
                    delete from cloud.access_tokens where expires_at < now() - interval '1 day';
                    delete from cloud.sessions where coalesce(revoked_at, expires_at) < now() - interval '1 day';
                    delete from cloud.sign_in_failures where last_at < now() - interval '1 day';
                    """);
                await command.ExecuteNonQueryAsync(stoppingToken);
            }
            catch (NpgsqlException unreachable)
            {
                LogSkipped(logger, unreachable.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Ended tokens stay until the next sweep: {Reason}")]
    private static partial void LogSkipped(ILogger logger, string reason);
}
