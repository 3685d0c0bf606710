using Cloud.Modules.Platform.Data;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Cloud.Modules.Platform.Messaging;

/// <summary>
/// The right to reconcile one thing, for a time measured by the database's clock.
/// </summary>
/// <remarks>
/// Invariants. (1) At most one token is newest per work item, and only its holder's transactions commit: each begins with
/// <see cref="FenceAsync"/>, which locks the work item's row and compares tokens, so that nobody can take the lease between the check
/// and the commit. (2) No wake-up is lost: a knock counts wake_count up and takes the lease in one statement; a release succeeds only
/// while wake_count is what the holder last saw, so that a knock during a pass leads to another pass. (3) A holder that dies leaves
/// handled_count behind wake_count, which the sweep finds once the lease has run out.
/// </remarks>
/// <param name="Token">Grows with every change of the holder.</param>
/// <param name="Seen">The wake_count that the next pass answers for.</param>
internal sealed record WorkLease(string Kind, Guid Id, long Token, long Seen)
{
    /// <summary>Above <see cref="PassMax"/>; a dead holder delays its work by this and one sweep. Chosen here.</summary>
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(10);

    /// <summary>A pass that takes longer is stopped before its lease runs out.</summary>
    public static readonly TimeSpan PassMax = TimeSpan.FromSeconds(8);

    private const string KnockSql = """
        with fresh as (
            insert into cloud.inbox_messages (consumer, message_id) select @kind, @message
            on conflict do nothing returning 1
        )
        insert into cloud.work_items as w (kind, id, wake_count, lease_token, lease_owner, lease_until)
        select @kind, @id, 1, 1, @owner, now() + @duration from fresh
        on conflict (kind, id) do update set
            wake_count = w.wake_count + 1,
            lease_token = case when w.lease_until is null or w.lease_until < now() then w.lease_token + 1 else w.lease_token end,
            lease_owner = case when w.lease_until is null or w.lease_until < now() then @owner else w.lease_owner end,
            lease_until = case when w.lease_until is null or w.lease_until < now() then now() + @duration else w.lease_until end
        returning lease_token, wake_count, lease_owner = @owner
        """;

    private const string FenceSql = """
        select 1 from cloud.work_items
        where kind = @kind and id = @id and lease_token = @token and lease_owner is not null
        for update
        """;

    private const string ReleaseSql = """
        update cloud.work_items set
            handled_count = @seen, last_run_at = now(), failures = 0, last_error = null,
            lease_until = case when wake_count = @seen then null else now() + @duration end,
            lease_owner = case when wake_count = @seen then null else lease_owner end
        where kind = @kind and id = @id and lease_token = @token
        returning wake_count
        """;

    private const string RenewSql = """
        update cloud.work_items set lease_until = now() + @duration
        where kind = @kind and id = @id and lease_token = @token and lease_owner is not null
        returning wake_count
        """;

    private const string AbandonSql = """
        update cloud.work_items set
            failures = failures + 1, last_error = left(@error, 2000), last_run_at = now(), lease_until = null, lease_owner = null,
            not_before = now() + @delay
        where kind = @kind and id = @id and lease_token = @token
        """;

    /// <summary>Notes that the thing needs attention, and takes the lease if it is free.</summary>
    /// <param name="message">The hint's id: the same one knocks once.</param>
    /// <param name="owner">Unique to this attempt, so that two attempts of one process are two owners.</param>
    /// <returns>Null when another worker holds the lease (it will look again) or the message was taken over before.</returns>
    public static async Task<WorkLease?> KnockAsync(
        NpgsqlDataSource worker, string kind, Guid id, Guid message, string owner, CancellationToken cancellationToken)
    {
        await using var command = worker.CreateCommand(KnockSql);
        command.Parameters.AddWithValue("kind", kind);
        command.Parameters.AddWithValue("id", id);
        command.Parameters.AddWithValue("message", message);
        command.Parameters.AddWithValue("owner", owner);
        command.Parameters.AddWithValue("duration", Duration);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        return await rows.ReadAsync(cancellationToken) && rows.GetBoolean(2)
            ? new WorkLease(kind, id, rows.GetInt64(0), rows.GetInt64(1))
            : null;
    }

    /// <summary>First statement of every transaction of a pass: from here to its end nobody else can hold the lease.</summary>
    /// <exception cref="LeaseLostException">Somebody else does.</exception>
    public async Task FenceAsync(CloudDbContext database, CancellationToken cancellationToken)
    {
        var connection = (NpgsqlConnection)database.Database.GetDbConnection();
        await using var command = new NpgsqlCommand(FenceSql, connection);
        Identify(command);
        if (await command.ExecuteScalarAsync(cancellationToken) is null)
        {
            throw new LeaseLostException(Kind, Id);
        }
    }

    /// <summary>Gives the lease back, unless somebody knocked since the pass began.</summary>
    /// <returns>The lease for another pass; null when it was given back or is lost.</returns>
    public async Task<WorkLease?> ReleaseAsync(NpgsqlDataSource worker, CancellationToken cancellationToken)
    {
        await using var command = worker.CreateCommand(ReleaseSql);
        Identify(command);
        command.Parameters.AddWithValue("seen", Seen);
        command.Parameters.AddWithValue("duration", Duration);
        return await command.ExecuteScalarAsync(cancellationToken) is long wakeCount && wakeCount != Seen
            ? this with { Seen = wakeCount }
            : null;
    }

    /// <summary>Starts the lease's time anew for another pass.</summary>
    /// <returns>The lease, which now answers for every knock so far; null when it is lost.</returns>
    public async Task<WorkLease?> RenewAsync(NpgsqlDataSource worker, CancellationToken cancellationToken)
    {
        await using var command = worker.CreateCommand(RenewSql);
        Identify(command);
        command.Parameters.AddWithValue("duration", Duration);
        return await command.ExecuteScalarAsync(cancellationToken) is long wakeCount ? this with { Seen = wakeCount } : null;
    }

    /// <summary>Gives the lease back after a failed pass; the sweep knocks again once <paramref name="delay"/> is over.</summary>
    public async Task AbandonAsync(NpgsqlDataSource worker, string error, TimeSpan delay, CancellationToken cancellationToken)
    {
        await using var command = worker.CreateCommand(AbandonSql);
        Identify(command);
        command.Parameters.AddWithValue("error", error);
        command.Parameters.AddWithValue("delay", delay);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private void Identify(NpgsqlCommand command)
    {
        command.Parameters.AddWithValue("kind", Kind);
        command.Parameters.AddWithValue("id", Id);
        command.Parameters.AddWithValue("token", Token);
    }
}
