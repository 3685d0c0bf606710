using Cloud.Kernel;
using Cloud.Modules.Platform.Data;
using MassTransit;
using Npgsql;

namespace Cloud.Modules.Platform.Messaging;

/// <summary>
/// Moves outbox rows to the bus: woken by a notification, and by a timer for rows whose time has come. Any number of dispatchers may
/// run; rows are taken with SKIP LOCKED.
/// </summary>
/// <remarks>
/// A batch is deleted, published, and committed, in that order. A crash before the commit publishes it again, which the inbox absorbs;
/// a crash after it can lose what an in-memory bus had not delivered, which the sweep makes good.
/// </remarks>
internal sealed partial class OutboxDispatcher(
    CloudDataSources sources,
    SchemaState schema,
    PostgresNotifications notifications,
    IBus bus,
    TimeProvider time,
    ILogger<OutboxDispatcher> logger) : BackgroundService
{
    private const int BatchMax = 200;

    private static readonly TimeSpan LookAtLeast = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await schema.WhenReadyAsync(stoppingToken);
        var wake = new WakeSignal();
        using var subscription = notifications.Subscribe(Channels.Outbox, _ => wake.Set());
        var backoff = new Backoff(
            TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5), new SeededRandom((ulong)Environment.ProcessId));
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = LookAtLeast;
            try
            {
                while (await DispatchBatchAsync(stoppingToken) == BatchMax)
                {
                }

                backoff.Reset();
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                // Whatever it is, the rows are still there, and a dispatcher that ended would stop everything.
                pause = backoff.Next();
                LogFailed(logger, failure, pause);
            }

            await wake.WaitAsync(pause, time, stoppingToken);
        }
    }

    private async Task<int> DispatchBatchAsync(CancellationToken cancellationToken)
    {
        await using var connection = await sources.Worker.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var hints = await TakeAsync(connection, cancellationToken);
        foreach (var hint in hints)
        {
            await bus.Publish(hint, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return hints.Count;
    }

    private static async Task<List<Hint>> TakeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            delete from cloud.outbox_messages where id in (
                select id from cloud.outbox_messages where not_before <= now() order by not_before, id limit @batch
                for update skip locked)
            returning id, kind, subject, schema_version
            """,
            connection);
        command.Parameters.AddWithValue("batch", BatchMax);
        var hints = new List<Hint>();
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            hints.Add(new Hint(rows.GetGuid(0), rows.GetString(1), rows.GetGuid(2), rows.GetInt16(3)));
        }

        return hints;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Outbox messages could not be sent; trying again in {Delay}")]
    private static partial void LogFailed(ILogger logger, Exception failure, TimeSpan delay);
}
