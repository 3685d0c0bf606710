using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Metering.Data;
using Cloud.Modules.Metering.Public;
using Cloud.Modules.Platform.Data;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;

namespace Cloud.Modules.Metering;

/// <summary>Reads spans and hourly sums. Scoped.</summary>
internal sealed class MeterReader(CloudDbContext database, TenantTransaction transaction) : IMeterReadings
{
    private const string Consumed = """
        select cluster_id, min(hour),
               sum(read_batches)::bigint, sum(read_requests)::bigint, sum(read_bytes)::bigint,
               sum(write_batches)::bigint, sum(write_requests)::bigint, sum(written_bytes)::bigint,
               sum(sql_cpu_ms)::bigint, sum(egress_bytes)::bigint
        from cloud.usage_hours
        where organization_id = $1 and hour >= $2 and hour < $3
        group by cluster_id, date_trunc('day', hour, 'UTC'), width_bucket(hour, $4)
        """;

    private const string Lag = """
        select max($2 - greatest(held.since, seen.until))
        from (select cluster_id, max(lower(span)) as since from cloud.allocation_spans
              where organization_id = $1 and upper_inf(span) group by cluster_id) held
        left join lateral (
            select max(last_window_end) as until from cloud.usage_hours
            where usage_hours.cluster_id = held.cluster_id and hour >= $2 - interval '31 days') seen on true
        """;

    public async Task<MeterReadings> ReadAsync(
        OrganizationId organization,
        DateTimeOffset from,
        DateTimeOffset to,
        IReadOnlyList<DateTimeOffset> cuts,
        CancellationToken cancellationToken)
    {
        var range = new NpgsqlRange<DateTime>(from.UtcDateTime, true, to.UtcDateTime, false);
        var spans = await database.Set<AllocationSpan>().AsNoTracking()
            .Where(span => span.OrganizationId == organization && span.Span.Overlaps(range))
            .ToListAsync(cancellationToken);
        var allocations = spans.ConvertAll(span => new AllocationReading(
            span.ClusterId,
            span.Sku,
            span.Quantity,
            Later(new DateTimeOffset(span.Span.LowerBound), from),
            span.IsOpen ? null : Earlier(new DateTimeOffset(span.Span.UpperBound), to)));
        return new MeterReadings(allocations, await ConsumptionAsync(organization, from, to, cuts, cancellationToken));
    }

    public async Task<DateTimeOffset?> FirstAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using var command = Command("select min(lower(span)) from cloud.allocation_spans where organization_id = $1");
        command.Parameters.Add(new NpgsqlParameter { Value = organization.Value });
        return await command.ExecuteScalarAsync(cancellationToken) is DateTime first ? new DateTimeOffset(first) : null;
    }

    public async Task<TimeSpan> LagAsync(OrganizationId organization, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = Command(Lag);
        command.Parameters.Add(new NpgsqlParameter { Value = organization.Value });
        command.Parameters.Add(new NpgsqlParameter { Value = now.UtcDateTime });
        return await command.ExecuteScalarAsync(cancellationToken) is TimeSpan lag && lag > TimeSpan.Zero ? lag : TimeSpan.Zero;
    }

    private async Task<List<ConsumptionReading>> ConsumptionAsync(
        OrganizationId organization,
        DateTimeOffset from,
        DateTimeOffset to,
        IReadOnlyList<DateTimeOffset> cuts,
        CancellationToken cancellationToken)
    {
        await using var command = Command(Consumed);
        command.Parameters.Add(new NpgsqlParameter { Value = organization.Value });
        command.Parameters.Add(new NpgsqlParameter { Value = from.UtcDateTime });
        command.Parameters.Add(new NpgsqlParameter { Value = to.UtcDateTime });
        // width_bucket refuses an empty array, and a cut before everything changes nothing.
        DateTime[] thresholds = [DateTime.UnixEpoch, .. cuts.Select(cut => cut.UtcDateTime).Order()];
        command.Parameters.Add(new NpgsqlParameter { Value = thresholds });
        var readings = new List<ConsumptionReading>();
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
        {
            readings.Add(new ConsumptionReading(
                new ClusterId(row.GetGuid(0)),
                new DateTimeOffset(row.GetDateTime(1)),
                new UsageCounters
                {
                    ReadBatches = row.GetInt64(2),
                    ReadRequests = row.GetInt64(3),
                    ReadBytes = row.GetInt64(4),
                    WriteBatches = row.GetInt64(5),
                    WriteRequests = row.GetInt64(6),
                    WrittenBytes = row.GetInt64(7),
                    SqlCpuMs = row.GetInt64(8),
                    EgressBytes = row.GetInt64(9),
                }));
        }

        return readings;
    }

    private NpgsqlCommand Command(string text)
    {
        Invariant.Require(transaction.IsOpen, "readings belong to the unit of work that asks");
        var command = transaction.Connection.CreateCommand();
        command.CommandText = text;
        return command;
    }

    private static DateTimeOffset Later(DateTimeOffset left, DateTimeOffset right) => left > right ? left : right;

    private static DateTimeOffset Earlier(DateTimeOffset left, DateTimeOffset right) => left < right ? left : right;
}
