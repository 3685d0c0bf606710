using Cloud.Contracts;
using Cloud.Modules.Clusters.Public;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Messaging;

namespace Cloud.Modules.Provisioning.Agents;

/// <summary>
/// Notices hosts whose agent has not been heard, and hints at the clusters on them. An agent is given its whole patience after this
/// process started, since nobody could hear it before.
/// </summary>
internal sealed class SilenceSweep(TimeProvider time) : ISweep
{
    /// <summary>A third above what the protocol allows a stream, so that a reconnect is no silence.</summary>
    private static readonly TimeSpan Patience = AgentProtocol.SilenceMax * 4 / 3;

    private readonly long _started = time.GetTimestamp();

    private const string Sql = """
        with silent as (
            update cloud.hosts set silent_since = now()
            where silent_since is null and last_seen_at < now() - @patience
            returning id
        )
        insert into cloud.outbox_messages (id, kind, subject)
        select gen_random_uuid(), @kind, cluster_id from (
            select distinct i.cluster_id from cloud.instances i join silent on i.host_id = silent.id) as concerned
        """;

    public async Task<int> SweepAsync(IServiceProvider services, CancellationToken cancellationToken) =>
        time.GetElapsedTime(_started) < Patience
            ? 0
            : await services.GetRequiredService<CloudDbContext>().ExecuteSqlAsync(
                Sql, cancellationToken, ("patience", Patience), ("kind", ClusterHints.Kind));
}
