using System.Diagnostics.Metrics;
using Cloud.Modules.Platform.Data;
using Npgsql;

namespace Cloud.Modules.Metering;

/// <summary>
/// Tells operators of usage that is missing: windows of one life that do not abut although there was time for all of them to arrive.
/// Looks at what arrived since the last look; repeating a look only repeats a log line.
/// </summary>
internal sealed partial class GapWatch(
    CloudDataSources sources, SchemaState schema, TimeProvider time, ILogger<GapWatch> logger) : BackgroundService
{
    public static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    /// <summary>Agents repeat what was not accepted after 10 s; what is missing after this long is not merely late.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private const int GapsMax = 100;

    private const string Select = """
        select w.cluster_id, w.instance_id, w.incarnation, before.window_end, w.window_start
        from cloud.usage_windows w
        cross join lateral (
            select p.window_end from cloud.usage_windows p
            where p.instance_id = w.instance_id and p.incarnation = w.incarnation and p.window_start < w.window_start
            order by p.window_start desc limit 1) before
        where w.received_at > $1 and w.received_at <= $2 and before.window_end < w.window_start
        limit $3
        """;

    private static readonly Meter Meter = new("Cloud.Metering");
    private static readonly Counter<long> Gaps = Meter.CreateCounter<long>("cloud.metering.gaps");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await schema.WhenReadyAsync(stoppingToken);
        var since = time.GetUtcNow() - Patience;
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var until = time.GetUtcNow() - Patience;
            try
            {
                await LookAsync(since, until, stoppingToken);
                since = until;
            }
            catch (NpgsqlException unreachable)
            {
                LogUnreachable(logger, unreachable.Message);
            }
        }
    }

    /// <summary>Logs and counts the gaps before windows that were received in (since, until].</summary>
    /// <returns>How many there are, at most 100.</returns>
    public async Task<int> LookAsync(DateTimeOffset since, DateTimeOffset until, CancellationToken cancellationToken)
    {
        await using var command = sources.Worker.CreateCommand(Select);
        command.Parameters.Add(new NpgsqlParameter { Value = since.UtcDateTime });
        command.Parameters.Add(new NpgsqlParameter { Value = until.UtcDateTime });
        command.Parameters.Add(new NpgsqlParameter { Value = GapsMax });
        var count = 0;
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
        {
            count++;
            LogGap(
                logger,
                new Kernel.InstanceId(row.GetGuid(1)),
                new Kernel.ClusterId(row.GetGuid(0)),
                row.GetString(2),
                row.GetDateTime(3),
                row.GetDateTime(4));
        }

        Gaps.Add(count);
        return count;
    }

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Usage of {Instance} of {Cluster}, life {Incarnation}, is missing from {Start} to {End}; it is not billed")]
    private static partial void LogGap(
        ILogger logger, Kernel.InstanceId instance, Kernel.ClusterId cluster, string incarnation, DateTime start, DateTime end);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Gaps could not be looked for ({Reason}); the next look covers the time")]
    private static partial void LogUnreachable(ILogger logger, string reason);
}
