using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Metering.Public;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;
using Cloud.Modules.Platform.Paging;
using Microsoft.AspNetCore.Mvc;
using Npgsql;

namespace Cloud.Modules.Metering.Features;

/// <summary>One raw window.</summary>
/// <param name="Incarnation">One life of the process; its windows abut.</param>
/// <param name="RequestUnits">Exact decimal text.</param>
/// <param name="Billed">False when it came after its month was closed.</param>
internal sealed record UsageWindowReply(
    string Id,
    InstanceId InstanceId,
    string Incarnation,
    DateTimeOffset Start,
    DateTimeOffset End,
    UsageCounters Counters,
    string RequestUnits,
    bool Billed);

/// <summary>
/// <c>GET /v1/clusters/{cluster}/usage/windows</c>: the raw windows behind a line of the bill, by start. By default those of the last hour.
/// </summary>
internal static class ListUsageWindows
{
    private static readonly TimeSpan RangeDefault = TimeSpan.FromHours(1);
    private static readonly TimeSpan RangeMax = TimeSpan.FromDays(31);

    private const string Select = """
        select id, instance_id, incarnation, window_start, window_end, read_batches, read_requests, read_bytes,
               write_batches, write_requests, written_bytes, sql_cpu_ms, egress_bytes, stored_bytes, billed
        from cloud.usage_windows
        where cluster_id = $1 and window_start >= $2 and window_start < $3 and received_at <= $4 and (window_start, id) > ($5, $6)
        order by window_start, id limit $7
        """;

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/clusters/{cluster}/usage/windows", HandleAsync)
        .Query(Permissions.UsageRead);

    private static async Task<Reply<Page<UsageWindowReply>>> HandleAsync(
        ClusterId cluster,
        [FromQuery] DateTimeOffset? from,
        [FromQuery] DateTimeOffset? to,
        [AsParameters] ListQuery query,
        TenantTransaction transaction,
        PageTokens tokens,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (query.PageSize is < 1 or > ListQuery.PageSizeMax)
        {
            return new Failure(
                PlatformErrors.MalformedRequest, $"pageSize is {query.PageSize}, but must be 1 to {ListQuery.PageSizeMax}.", "pageSize");
        }

        if (query is not { Filter: null, OrderBy: null })
        {
            return new Failure(PlatformErrors.InvalidFilter, "Windows come by their start; choose them by 'from' and 'to'.", "filter");
        }

        var list = $"usage windows/{cluster}/{from:O}/{to:O}";
        var position = query.PageToken is null ? null : tokens.Read(query.PageToken, list);
        if (query.PageToken is not null && position is null)
        {
            return new Failure(
                PlatformErrors.InvalidPageToken, "The page token belongs to another list, or was changed.", "pageToken");
        }

        var cutOff = position?.CutOff ?? time.GetUtcNow();
        var end = to ?? cutOff;
        var start = from ?? end - RangeDefault;
        if (end <= start || end - start > RangeMax)
        {
            return new Failure(
                PlatformErrors.MalformedRequest, $"'from' must be before 'to' and at most {RangeMax.TotalDays:0} days away.", "from");
        }

        var size = query.PageSize ?? ListQuery.PageSizeDefault;
        var after = Position.Parse(position?.Key);
        await using var command = transaction.Connection.CreateCommand();
        command.CommandText = Select;
        object[] values =
            [cluster.Value, start.UtcDateTime, end.UtcDateTime, cutOff.UtcDateTime, after.Start.UtcDateTime, after.Id, size + 1];
        command.Parameters.AddRange(Array.ConvertAll(values, value => new NpgsqlParameter { Value = value }));
        var windows = new List<UsageWindowReply>();
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
        {
            windows.Add(Read(row));
        }

        var next = windows.Count > size
            ? tokens.Write(new PagePosition(new Position(windows[size - 1].Start, windows[size - 1].Id).ToString(), Guid.Empty, cutOff), list)
            : null;
        return Reply.Ok(new Page<UsageWindowReply>([.. windows.Take(size)], next));
    }

    private static UsageWindowReply Read(NpgsqlDataReader row)
    {
        var counters = new UsageCounters
        {
            ReadBatches = row.GetInt64(5),
            ReadRequests = row.GetInt64(6),
            ReadBytes = row.GetInt64(7),
            WriteBatches = row.GetInt64(8),
            WriteRequests = row.GetInt64(9),
            WrittenBytes = row.GetInt64(10),
            SqlCpuMs = row.GetInt64(11),
            EgressBytes = row.GetInt64(12),
            StoredBytes = row.GetInt64(13),
        };
        return new UsageWindowReply(
            row.GetString(0),
            new InstanceId(row.GetGuid(1)),
            row.GetString(2),
            new DateTimeOffset(row.GetDateTime(3)),
            new DateTimeOffset(row.GetDateTime(4)),
            counters,
            Billing.Public.Money.Format(RequestUnits.Of(counters)),
            row.GetBoolean(14));
    }

    /// <summary>The last row of a page.</summary>
    private sealed record Position(DateTimeOffset Start, string Id)
    {
        public override string ToString() => $"{Start.UtcTicks}/{Id}";

        public static Position Parse(string? text)
        {
            if (text is null)
            {
                return new Position(DateTimeOffset.UnixEpoch, string.Empty);
            }

            var slash = text.IndexOf('/');
            return new Position(new DateTimeOffset(long.Parse(text.AsSpan(0, slash)), TimeSpan.Zero), text[(slash + 1)..]);
        }
    }
}
