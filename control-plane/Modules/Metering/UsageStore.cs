using System.Text.Json;
using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Metering.Domain;
using Cloud.Modules.Metering.Public;
using Cloud.Modules.Platform.Data;
using Npgsql;
using NpgsqlTypes;

namespace Cloud.Modules.Metering;

/// <summary>
/// Stores windows and adds them to the hourly sums in one statement: a window counts exactly when its row is new. Thread-safe.
/// </summary>
/// <remarks>
/// Invariant: <c>usage_hours</c> is the sum of the billed rows of <c>usage_windows</c> at every commit. A window whose month is closed
/// for billing is stored but not added. Whose window it is follows from the allocation of its instance, never from the report, so
/// an agent cannot put usage on an organization that holds nothing on it.
/// </remarks>
internal sealed partial class UsageStore(CloudDataSources sources, TimeProvider time, ILogger<UsageStore> logger) : IUsageStore
{
    private const int WindowsMax = 1000;

    /// <summary>An instance's allocation is opened when its cluster becomes available, after its process starts; its usage waits this long.</summary>
    private static readonly TimeSpan AllocationDelayMax = TimeSpan.FromHours(1);

    private const string Store = """
        with incoming as (
            select w.*, held.organization_id
            from jsonb_to_recordset($1) as w(
                id text, cluster_id uuid, instance_id uuid, resource text, incarnation text,
                window_start timestamptz, window_end timestamptz,
                read_batches bigint, read_requests bigint, read_bytes bigint,
                write_batches bigint, write_requests bigint, written_bytes bigint,
                sql_cpu_ms bigint, egress_bytes bigint, stored_bytes bigint)
            join lateral (
                select s.organization_id from cloud.allocation_spans s
                where s.cluster_id = w.cluster_id and s.resource = w.resource limit 1) held on true
        ), stored as (
            insert into cloud.usage_windows (
                id, organization_id, cluster_id, instance_id, host_id, incarnation, window_start, window_end,
                read_batches, read_requests, read_bytes, write_batches, write_requests, written_bytes,
                sql_cpu_ms, egress_bytes, stored_bytes, received_at, billed)
            select id, organization_id, cluster_id, instance_id, $2, incarnation, window_start, window_end,
                read_batches, read_requests, read_bytes, write_batches, write_requests, written_bytes,
                sql_cpu_ms, egress_bytes, stored_bytes, $3, window_start >= $4
            from incoming order by id
            on conflict (id) do nothing
            returning *
        ), rolled as (
            insert into cloud.usage_hours as hours (
                organization_id, cluster_id, hour, read_batches, read_requests, read_bytes,
                write_batches, write_requests, written_bytes, sql_cpu_ms, egress_bytes, windows, last_window_end)
            select organization_id, cluster_id, date_trunc('hour', window_start, 'UTC'),
                sum(read_batches), sum(read_requests), sum(read_bytes),
                sum(write_batches), sum(write_requests), sum(written_bytes),
                sum(sql_cpu_ms), sum(egress_bytes), count(*), max(window_end)
            from stored where billed
            group by 1, 2, 3 order by 2, 3
            on conflict (cluster_id, hour) do update set
                read_batches = hours.read_batches + excluded.read_batches,
                read_requests = hours.read_requests + excluded.read_requests,
                read_bytes = hours.read_bytes + excluded.read_bytes,
                write_batches = hours.write_batches + excluded.write_batches,
                write_requests = hours.write_requests + excluded.write_requests,
                written_bytes = hours.written_bytes + excluded.written_bytes,
                sql_cpu_ms = hours.sql_cpu_ms + excluded.sql_cpu_ms,
                egress_bytes = hours.egress_bytes + excluded.egress_bytes,
                windows = hours.windows + excluded.windows,
                last_window_end = greatest(hours.last_window_end, excluded.last_window_end)
        )
        select id from incoming
        """;

    public async Task<IReadOnlyList<string>> StoreAsync(
        HostId host, IReadOnlyList<UsageWindow> windows, CancellationToken cancellationToken)
    {
        Invariant.Require(windows.Count <= WindowsMax, $"a report has at most {WindowsMax} windows, not {windows.Count}");
        var now = time.GetUtcNow();
        var settled = new HashSet<string>(StringComparer.Ordinal);
        var possible = new List<UsageWindow>(windows.Count);
        foreach (var window in windows)
        {
            if (WindowCheck.Problem(window, now) is { } problem)
            {
                LogRefused(logger, window.Id, host, problem);
                settled.Add(window.Id);
            }
            else
            {
                possible.Add(window);
            }
        }

        if (possible.Count > 0)
        {
            settled.UnionWith(await InsertAsync(host, possible, now, cancellationToken));
        }

        foreach (var window in possible.Where(window => window.End < now - AllocationDelayMax && !settled.Contains(window.Id)))
        {
            LogRefused(logger, window.Id, host, $"nothing is allocated for {window.InstanceId} of {window.ClusterId}");
            settled.Add(window.Id);
        }

        return [.. settled];
    }

    private async Task<List<string>> InsertAsync(
        HostId host, List<UsageWindow> windows, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = sources.Worker.CreateCommand(Store);
        command.Parameters.Add(new NpgsqlParameter
        {
            Value = JsonSerializer.Serialize(windows.ConvertAll(StoredWindow.Of), StoredWindow.Json), NpgsqlDbType = NpgsqlDbType.Jsonb,
        });
        command.Parameters.Add(new NpgsqlParameter { Value = host.Value });
        command.Parameters.Add(new NpgsqlParameter { Value = now.UtcDateTime });
        command.Parameters.Add(new NpgsqlParameter { Value = BillingMonth.OpenSince(now).UtcDateTime });
        var ids = new List<string>(windows.Count);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
        {
            ids.Add(row.GetString(0));
        }

        return ids;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Usage window {Window} of host {Host} is refused for good: {Reason}.")]
    private static partial void LogRefused(ILogger logger, string window, HostId host, string reason);

    /// <summary>A window as the statement reads it.</summary>
    private sealed record StoredWindow(
        string Id,
        Guid ClusterId,
        Guid InstanceId,
        string Resource,
        string Incarnation,
        DateTimeOffset WindowStart,
        DateTimeOffset WindowEnd,
        long ReadBatches,
        long ReadRequests,
        long ReadBytes,
        long WriteBatches,
        long WriteRequests,
        long WrittenBytes,
        long SqlCpuMs,
        long EgressBytes,
        long StoredBytes)
    {
        public static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

        public static StoredWindow Of(UsageWindow window) => new(
            window.Id,
            window.ClusterId.Value,
            window.InstanceId.Value,
            window.InstanceId.ToString(),
            window.Incarnation,
            window.Start,
            window.End,
            window.Counters.ReadBatches,
            window.Counters.ReadRequests,
            window.Counters.ReadBytes,
            window.Counters.WriteBatches,
            window.Counters.WriteRequests,
            window.Counters.WrittenBytes,
            window.Counters.SqlCpuMs,
            window.Counters.EgressBytes,
            window.Counters.StoredBytes);
    }
}
