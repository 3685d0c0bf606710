using Cloud.Modules.Identity.Domain;
using Cloud.Modules.Platform.Data;
using Npgsql;
using NpgsqlTypes;

namespace Cloud.Modules.Identity;

/// <summary>
/// Counts failed sign-ins per address. Each change is its own transaction on its own connection, so that the count survives the
/// rollback of the request that failed. Thread-safe.
/// </summary>
internal sealed class SignInFailures(CloudDataSources sources, TimeProvider time)
{
    /// <summary>How long the address is locked from now; null when it is not.</summary>
    public async Task<TimeSpan?> LockedForAsync(EmailAddress email, CancellationToken cancellationToken)
    {
        await using var connection = await sources.App.OpenConnectionAsync(cancellationToken);
        return (await ReadAsync(connection, email, string.Empty, cancellationToken)).RemainingAt(time.GetUtcNow());
    }

    public async Task RecordFailureAsync(EmailAddress email, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var connection = await sources.App.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(
            connection,
            "insert into cloud.sign_in_failures (email_hash, failures, last_at) values ($1, 0, $2) on conflict do nothing",
            cancellationToken,
            email.Hash,
            now);
        var next = (await ReadAsync(connection, email, "for update", cancellationToken)).AfterFailure(now);
        await ExecuteAsync(
            connection,
            "update cloud.sign_in_failures set failures = $2, last_at = $3, locked_until = $4 where email_hash = $1",
            cancellationToken,
            email.Hash,
            next.Failures,
            next.LastAt,
            next.LockedUntil);
        await transaction.CommitAsync(cancellationToken);
    }

    public async Task ForgetAsync(EmailAddress email, CancellationToken cancellationToken)
    {
        await using var connection = await sources.App.OpenConnectionAsync(cancellationToken);
        await ExecuteAsync(connection, "delete from cloud.sign_in_failures where email_hash = $1", cancellationToken, email.Hash);
    }

    private static async Task<SignInLock> ReadAsync(
        NpgsqlConnection connection,
        EmailAddress email,
        string locking,
        CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            "select failures, last_at, locked_until from cloud.sign_in_failures where email_hash = $1 " + locking, connection);
        command.Parameters.AddWithValue(email.Hash);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        if (!await row.ReadAsync(cancellationToken))
        {
            return SignInLock.None;
        }

        var lockedUntil = await row.IsDBNullAsync(2, cancellationToken)
            ? (DateTimeOffset?)null
            : await row.GetFieldValueAsync<DateTimeOffset>(2, cancellationToken);
        return new SignInLock(row.GetInt32(0), await row.GetFieldValueAsync<DateTimeOffset>(1, cancellationToken), lockedUntil);
    }

    private static async Task ExecuteAsync(
        NpgsqlConnection connection,
        string sql,
        CancellationToken cancellationToken,
        params object?[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
        {
            var parameter = value is null
                ? new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz }
                : new NpgsqlParameter { Value = value };
            command.Parameters.Add(parameter);
        }

        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
