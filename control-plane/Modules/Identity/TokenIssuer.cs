using Cloud.Modules.Identity.Data;
using Cloud.Modules.Identity.Public;
using Cloud.Modules.Platform.Access;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Secrets;
using Npgsql;

namespace Cloud.Modules.Identity;

/// <summary>What a sign-in or refresh gives; the tokens are in no other place in this form.</summary>
internal sealed record IssuedTokens(string AccessToken, string? RefreshToken, TimeSpan ExpiresIn);

/// <summary>
/// Issues, refreshes and revokes opaque tokens inside the open transaction. 256 random bits each; stored as SHA-256.
/// Source: RFC 9700, section 4.14.2: refresh tokens rotate, and the second use of one ends its session, whoever used it first.
/// </summary>
internal sealed class TokenIssuer(CloudDbContext db, TenantTransaction transaction, TimeProvider time)
{
    public static readonly TimeSpan AccessTokenLife = TimeSpan.FromMinutes(15);

    /// <summary>Programs with an API key can ask again at any time; an hour spares them the asking.</summary>
    public static readonly TimeSpan ApiKeyTokenLife = TimeSpan.FromHours(1);

    public static readonly TimeSpan SessionLife = TimeSpan.FromDays(30);

    /// <summary>Begins a session of the person.</summary>
    public async Task<IssuedTokens> BeginSessionAsync(UserId user, HttpContext http, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var session = new Session
        {
            Id = Kernel.TypedId.New<SessionId>(time),
            UserId = user,
            CreatedAt = now,
            LastUsedAt = now,
            ExpiresAt = now + SessionLife,
            Address = http.Connection.RemoteIpAddress?.ToString(),
            UserAgent = Cut(http.Request.Headers.UserAgent.ToString(), 200),
        };
        db.Add(session);
        await db.SaveChangesAsync(cancellationToken);
        return await IssueForSessionAsync(session.Id, user, session.ExpiresAt, cancellationToken);
    }

    public async Task<IssuedTokens> IssueForApiKeyAsync(Guid apiKey, CancellationToken cancellationToken)
    {
        var access = SecretTokens.New("cat");
        await StoreAccessTokenAsync(access, "apiKey", apiKey, null, ApiKeyTokenLife, cancellationToken);
        return new IssuedTokens(access, null, ApiKeyTokenLife);
    }

    /// <summary>Uses a refresh token up.</summary>
    /// <returns>Null when it is unknown, expired, or was used before; in the last case its session has ended.</returns>
    public async Task<IssuedTokens?> RefreshAsync(string refreshToken, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var command = Command("""
            with found as (
                select r.hash, r.used_at, s.id as session_id, s.user_id, s.expires_at
                from cloud.refresh_tokens r join cloud.sessions s on s.id = r.session_id
                where r.hash = $1 and r.expires_at > $2 and s.revoked_at is null and s.expires_at > $2
                for update of r, s),
            used as (update cloud.refresh_tokens r set used_at = $2 from found where r.hash = found.hash and found.used_at is null),
            seen as (update cloud.sessions s set last_used_at = $2 from found where s.id = found.session_id and found.used_at is null)
            select used_at, session_id, user_id, expires_at from found
            """, Admission.HashToken(refreshToken), now);
        SessionId session;
        UserId user;
        DateTimeOffset expiresAt;
        bool wasUsed;
        await using (var row = await command.ExecuteReaderAsync(cancellationToken))
        {
            if (!await row.ReadAsync(cancellationToken))
            {
                return null;
            }

            wasUsed = !await row.IsDBNullAsync(0, cancellationToken);
            session = new SessionId(row.GetGuid(1));
            user = new UserId(row.GetGuid(2));
            expiresAt = await row.GetFieldValueAsync<DateTimeOffset>(3, cancellationToken);
        }

        if (wasUsed)
        {
            await RevokeSessionsAsync(user, session, null, cancellationToken);
            return null;
        }

        return await IssueForSessionAsync(session, user, expiresAt, cancellationToken);
    }

    /// <summary>Ends one session of a person, or all but one, or all; their access tokens stop working with the commit.</summary>
    /// <returns>How many sessions ended now.</returns>
    public async Task<int> RevokeSessionsAsync(UserId user, SessionId? only, SessionId? except, CancellationToken cancellationToken)
    {
        await using var command = Command(
            """
            update cloud.sessions set revoked_at = $2
            where user_id = $1 and revoked_at is null and ($3::uuid is null or id = $3) and ($4::uuid is null or id <> $4)
            """,
            user.Value,
            time.GetUtcNow(),
            (object?)only?.Value ?? DBNull.Value,
            (object?)except?.Value ?? DBNull.Value);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Revokes whichever token it is; unknown ones are no error. Source: RFC 7009, section 2.2.</summary>
    public async Task RevokeAsync(string token, CancellationToken cancellationToken)
    {
        await using var command = Command("""
            with access as (delete from cloud.access_tokens where hash = $1 and session_id is null)
            update cloud.sessions set revoked_at = $2
            where revoked_at is null and id in (
                select session_id from cloud.refresh_tokens where hash = $1
                union all select session_id from cloud.access_tokens where hash = $1 and session_id is not null)
            """, Admission.HashToken(token), time.GetUtcNow());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<IssuedTokens> IssueForSessionAsync(
        SessionId session,
        UserId user,
        DateTimeOffset sessionExpiresAt,
        CancellationToken cancellationToken)
    {
        var access = SecretTokens.New("cat");
        var refresh = SecretTokens.New("crt");
        var now = time.GetUtcNow();
        await StoreAccessTokenAsync(access, "user", user.Value, session, AccessTokenLife, cancellationToken);
        await using var command = Command(
            "insert into cloud.refresh_tokens (hash, session_id, created_at, expires_at) values ($1, $2, $3, $4)",
            Admission.HashToken(refresh),
            session.Value,
            now,
            sessionExpiresAt);
        await command.ExecuteNonQueryAsync(cancellationToken);
        return new IssuedTokens(access, refresh, AccessTokenLife);
    }

    private async Task StoreAccessTokenAsync(
        string token,
        string kind,
        Guid principal,
        SessionId? session,
        TimeSpan life,
        CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var command = Command(
            """
            insert into cloud.access_tokens (hash, principal_kind, principal_id, session_id, created_at, expires_at)
            values ($1, $2, $3, $4::uuid, $5, $6)
            """,
            Admission.HashToken(token),
            kind,
            principal,
            (object?)session?.Value ?? DBNull.Value,
            now,
            now + life);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private NpgsqlCommand Command(string sql, params object[] values)
    {
        var command = transaction.Connection.CreateCommand();
        command.CommandText = sql;
        foreach (var value in values)
        {
            command.Parameters.Add(value is DBNull
                ? new NpgsqlParameter { Value = value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid }
                : new NpgsqlParameter { Value = value });
        }

        return command;
    }

    private static string? Cut(string text, int lengthMax) => text.Length == 0 ? null : text[..Math.Min(text.Length, lengthMax)];
}
