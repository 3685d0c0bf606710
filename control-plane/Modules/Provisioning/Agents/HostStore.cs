using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Clusters.Public;
using Cloud.Modules.Platform;
using Cloud.Modules.Platform.Data;
using Npgsql;

namespace Cloud.Modules.Provisioning.Agents;

/// <summary>Who opens a stream: a host that joined before, or whoever holds the join token.</summary>
/// <param name="Host">Null for a join.</param>
internal sealed record AgentIdentity(HostId? Host);

/// <summary>A stream's right to speak for a host; a newer stream takes it away.</summary>
/// <param name="Credential">Given once after a join; null otherwise.</param>
internal sealed record HostSession(HostId Host, Guid SessionId, string? Credential);

/// <summary>What agents' streams read and write. Every method is one transaction. Thread-safe.</summary>
internal sealed class HostStore(CloudDataSources sources, CloudSettings settings, TimeProvider time)
{
    private const int TokenLengthMax = 512;

    /// <summary>Recognises a bearer token; null when it is nobody's.</summary>
    public async Task<AgentIdentity?> AuthenticateAsync(string token, CancellationToken cancellationToken)
    {
        if (token.Length is 0 or > TokenLengthMax)
        {
            return null;
        }

        var hash = Hash(token);
        await using var command = sources.Worker.CreateCommand("select id from cloud.hosts where credential_hash = @hash");
        command.Parameters.AddWithValue("hash", hash);
        if (await command.ExecuteScalarAsync(cancellationToken) is Guid host)
        {
            return new AgentIdentity(HostId.From(host));
        }

        return await IsJoinTokenAsync(hash, cancellationToken) ? new AgentIdentity(null) : null;
    }

    /// <summary>Makes the stream the one that speaks for its host; a join makes the host.</summary>
    public async Task<HostSession> OpenAsync(AgentIdentity identity, AgentHello hello, CancellationToken cancellationToken)
    {
        var joins = identity.Host is null;
        var host = identity.Host ?? TypedId.New<HostId>(time);
        var credential = joins ? Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)) : null;
        var session = new HostSession(host, Guid.NewGuid(), credential);
        await using var command = sources.Worker.CreateCommand(joins ? JoinSql : ReturnSql);
        command.Parameters.AddWithValue("id", host.Value);
        command.Parameters.AddWithValue("location", hello.Location);
        command.Parameters.AddWithValue("name", hello.HostName);
        command.Parameters.AddWithValue("version", hello.AgentVersion);
        command.Parameters.AddWithValue("protocol", hello.ProtocolVersion);
        command.Parameters.AddWithValue("boot", hello.BootId);
        command.Parameters.AddWithValue("session", session.SessionId);
        command.Parameters.AddWithValue("capacity", NpgsqlTypes.NpgsqlDbType.Jsonb, StoredJson.Write(hello.Capacity));
        command.Parameters.AddWithValue("versions", NpgsqlTypes.NpgsqlDbType.Jsonb, StoredJson.Write(hello.Versions));
        if (credential is not null)
        {
            command.Parameters.AddWithValue("credential", Hash(credential));
        }

        var rows = await command.ExecuteNonQueryAsync(cancellationToken);
        Invariant.Require(rows == 1, $"host {host} was found by its credential, so it has a row");
        return session;
    }

    /// <summary>A host is here and has reported: clusters that found no place before may find one now.</summary>
    public Task AnnounceAsync(CancellationToken cancellationToken) => ClusterHints.HintObstructedAsync(sources, cancellationToken);

    /// <summary>The stream has ended: nothing new is placed on its host before the next one. Harmless when a newer stream speaks for it.</summary>
    public async Task CloseAsync(HostSession session, CancellationToken cancellationToken)
    {
        await using var command = sources.Worker.CreateCommand(
            "update cloud.hosts set session_id = null where id = @id and session_id = @session");
        command.Parameters.AddWithValue("id", session.Host.Value);
        command.Parameters.AddWithValue("session", session.SessionId);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Everything that is wished for on a host, as of one instant.</summary>
    public async Task<DesiredState> LoadDesiredAsync(HostId host, CancellationToken cancellationToken)
    {
        await using var command = sources.Worker.CreateCommand(
            """
            select h.desired_revision, array(select i.spec::text from cloud.instances i where i.host_id = h.id order by i.id)
            from cloud.hosts h where h.id = @id
            """);
        command.Parameters.AddWithValue("id", host.Value);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        Invariant.Require(await rows.ReadAsync(cancellationToken), $"host {host} has a row");
        var specs = await rows.GetFieldValueAsync<string[]>(1, cancellationToken);
        return new DesiredState
        {
            Revision = rows.GetInt64(0),
            Instances = [.. specs.Select(StoredJson.Read<InstanceSpec>)],
        };
    }

    /// <summary>
    /// Stores what the agent sees, and hints at every cluster for which that may matter: an instance changed, or the agent took over
    /// a wish, or it was silent before.
    /// </summary>
    /// <param name="changed">The instances whose status differs from the last that was stored through this session.</param>
    /// <returns>False when a newer stream speaks for the host: this one must end.</returns>
    public async Task<bool> StoreObservedAsync(
        HostSession session, ObservedState observed, IReadOnlyList<InstanceStatus> changed, CancellationToken cancellationToken)
    {
        await using var command = sources.Worker.CreateCommand(ObservedSql);
        command.Parameters.AddWithValue("id", session.Host.Value);
        command.Parameters.AddWithValue("session", session.SessionId);
        command.Parameters.AddWithValue("revision", observed.Revision);
        command.Parameters.AddWithValue("capacity", NpgsqlTypes.NpgsqlDbType.Jsonb, StoredJson.Write(observed.Capacity));
        command.Parameters.AddWithValue("instances", changed.Select(status => status.Id.Value).ToArray());
        command.Parameters.AddWithValue("documents", changed.Select(StoredJson.Write).ToArray());
        command.Parameters.AddWithValue(
            "ready", changed.Select(status => status.State == ObservedInstanceState.Ready).ToArray());
        command.Parameters.AddWithValue("kind", ClusterHints.Kind);
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
    }

    private async Task<bool> IsJoinTokenAsync(byte[] hash, CancellationToken cancellationToken)
    {
        if (settings.AgentJoinTokenFile is not { } file || !File.Exists(file))
        {
            return false;
        }

        var token = (await File.ReadAllTextAsync(file, cancellationToken)).Trim();
        return token.Length > 0 && CryptographicOperations.FixedTimeEquals(Hash(token), hash);
    }

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    private const string JoinSql = """
        insert into cloud.hosts (id, location, name, state, agent_version, protocol_version, boot_id, session_id, credential_hash,
            capacity, versions, joined_at, last_seen_at)
        values (@id, @location, @name, 'active', @version, @protocol, @boot, @session, @credential, @capacity, @versions, now(), now())
        """;

    private const string ReturnSql = """
        update cloud.hosts set location = @location, name = @name, agent_version = @version, protocol_version = @protocol,
            boot_id = @boot, session_id = @session, capacity = @capacity, versions = @versions, last_seen_at = now()
        where id = @id
        """;

    // One statement, so that the host's revision and its instances' statuses are always of the same report.
    private const string ObservedSql = """
        with before as (
            select id, observed_revision, silent_since from cloud.hosts where id = @id and session_id = @session for update
        ), host as (
            update cloud.hosts set last_seen_at = now(), silent_since = null, observed_revision = @revision, capacity = @capacity
            from before where hosts.id = before.id returning hosts.id
        ), reported as (
            select * from unnest(@instances::uuid[], @documents::text[], @ready::boolean[]) as r (id, document, ready)
        ), stored as (
            update cloud.instances i set observed = r.document::jsonb, observed_at = now(),
                first_ready_at = coalesce(i.first_ready_at, case when r.ready then now() end)
            from reported r, host where i.id = r.id and i.host_id = host.id
            returning i.cluster_id
        ), concerned as (
            select cluster_id from stored
            union
            select i.cluster_id from cloud.instances i, before
            where i.host_id = before.id and (before.silent_since is not null
                or (i.desired_revision > before.observed_revision and i.desired_revision <= @revision))
        ), hinted as (
            insert into cloud.outbox_messages (id, kind, subject)
            select gen_random_uuid(), @kind, cluster_id from concerned
        )
        select id from host
        """;
}
