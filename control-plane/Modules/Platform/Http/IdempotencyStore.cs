using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cloud.Kernel;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Secrets;
using Npgsql;
using NpgsqlTypes;

namespace Cloud.Modules.Platform.Http;

/// <summary>A reply as it was sent, to be sent again byte for byte.</summary>
internal sealed record StoredReply(int Status, IReadOnlyDictionary<string, string> Headers, ReadOnlyMemory<byte> Body);

/// <summary>
/// Remembers the 2xx reply to each idempotency key for 24 hours.
/// </summary>
/// <remarks>
/// Invariants. The reply is stored in the transaction of the mutation: either both are there or neither, whatever crashes.
/// Requests with one key exclude each other by an advisory lock that the transaction holds to its end, so a second request finds
/// either the lock taken (409) or the outcome committed; the lock is taken in a statement of its own, so that the look-up after it
/// has a snapshot that includes what the previous holder committed. The lock's key is 64 bits of SHA-256: a collision of two
/// callers costs one of them a needless 409.
/// Source: draft-ietf-httpapi-idempotency-key-header, with replies for failures left out.
/// </remarks>
internal sealed class IdempotencyStore(TenantTransaction transaction, ISecretSealer sealer)
{
    public const string Header = "Idempotency-Key";
    public const int KeyLengthMax = 255;
    private const string SealPurpose = "idempotent-reply";
    private static readonly string[] KeptHeaders = ["Content-Type", "Location", "Operation-Location", "ETag", "Cache-Control"];

    /// <summary>What identifies a request: method, path with query, body.</summary>
    public static byte[] Fingerprint(HttpRequest request, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method}\n{request.Path}\n{request.QueryString}\n"));
        hash.AppendData(body);
        return hash.GetHashAndReset();
    }

    /// <summary>Takes the key for this transaction, or gives the stored reply, or says why neither.</summary>
    /// <returns>Null inside when the request is the first and may go on.</returns>
    public async Task<Outcome<StoredReply?>> ClaimAsync(
        Guid principal,
        string key,
        byte[] fingerprint,
        CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(transaction.Connection);
        var claim = new NpgsqlBatchCommand("select pg_try_advisory_xact_lock($1)");
        claim.Parameters.Add(new NpgsqlParameter { Value = LockKey(principal, key), NpgsqlDbType = NpgsqlDbType.Bigint });
        batch.BatchCommands.Add(claim);
        batch.BatchCommands.Add(LookUp(principal, key));
        await using var rows = await batch.ExecuteReaderAsync(cancellationToken);
        await rows.ReadAsync(cancellationToken);
        if (!rows.GetBoolean(0))
        {
            return new Failure(
                PlatformErrors.IdempotencyKeyInUse,
                $"The first request with {Header} '{key}' is still running. Wait for it, then repeat this one.",
                Header);
        }

        await rows.NextResultAsync(cancellationToken);
        return await ReadAsync(rows, key, fingerprint, cancellationToken);
    }

    /// <summary>As <see cref="ClaimAsync"/>, without taking the key.</summary>
    public async Task<Outcome<StoredReply?>> FindAsync(
        Guid principal,
        string key,
        byte[] fingerprint,
        CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(transaction.Connection);
        batch.BatchCommands.Add(LookUp(principal, key));
        await using var rows = await batch.ExecuteReaderAsync(cancellationToken);
        return await ReadAsync(rows, key, fingerprint, cancellationToken);
    }

    /// <summary>Stores the reply in the open transaction; sealed when it carries a secret.</summary>
    public async Task StoreAsync(
        Guid principal,
        string key,
        byte[] fingerprint,
        HttpResponse response,
        ReadOnlyMemory<byte> body,
        bool isSecret,
        CancellationToken cancellationToken)
    {
        var headers = KeptHeaders
            .Where(response.Headers.ContainsKey)
            .ToDictionary(name => name, name => response.Headers[name].ToString(), StringComparer.Ordinal);
        await using var command = transaction.Connection.CreateCommand();
        command.CommandText = """
            insert into cloud.idempotency_keys (principal_id, key, fingerprint, status, headers, body, is_sealed)
            values ($1, $2, $3, $4, $5, $6, $7)
            on conflict (principal_id, key) do update set fingerprint = excluded.fingerprint, status = excluded.status,
                headers = excluded.headers, body = excluded.body, is_sealed = excluded.is_sealed, created_at = now()
            """;
        command.Parameters.AddWithValue(principal);
        command.Parameters.AddWithValue(key);
        command.Parameters.AddWithValue(fingerprint);
        command.Parameters.AddWithValue((short)response.StatusCode);
        command.Parameters.Add(new NpgsqlParameter { Value = JsonSerializer.Serialize(headers), NpgsqlDbType = NpgsqlDbType.Jsonb });
        command.Parameters.AddWithValue(isSecret ? sealer.Seal(SealPurpose, body.Span) : body.ToArray());
        command.Parameters.AddWithValue(isSecret);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlBatchCommand LookUp(Guid principal, string key)
    {
        var command = new NpgsqlBatchCommand("""
            select fingerprint, status, headers, body, is_sealed from cloud.idempotency_keys
            where principal_id = $1 and key = $2 and created_at > now() - interval '24 hours'
            """);
        command.Parameters.AddWithValue(principal);
        command.Parameters.AddWithValue(key);
        return command;
    }

    private async Task<Outcome<StoredReply?>> ReadAsync(
        NpgsqlDataReader rows,
        string key,
        byte[] fingerprint,
        CancellationToken cancellationToken)
    {
        if (!await rows.ReadAsync(cancellationToken))
        {
            return (StoredReply?)null;
        }

        var known = await rows.GetFieldValueAsync<byte[]>(0, cancellationToken);
        if (!known.AsSpan().SequenceEqual(fingerprint))
        {
            return new Failure(
                PlatformErrors.IdempotencyKeyReuse,
                $"{Header} '{key}' belongs to another request. Use a new key for a new request.",
                Header);
        }

        var headers = JsonSerializer.Deserialize<Dictionary<string, string>>(rows.GetString(2)) ?? [];
        var body = await rows.GetFieldValueAsync<byte[]>(3, cancellationToken);
        return new StoredReply(rows.GetInt16(1), headers, rows.GetBoolean(4) ? sealer.Open(SealPurpose, body) : body);
    }

    private static long LockKey(Guid principal, string key)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"idempotency:{principal:N}:{key}"));
        return System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(hash);
    }
}
