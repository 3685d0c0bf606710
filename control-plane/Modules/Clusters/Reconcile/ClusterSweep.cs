using Cloud.Modules.Clusters.Public;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Messaging;

namespace Cloud.Modules.Clusters.Reconcile;

/// <summary>
/// Hints at every cluster that needs attention although nobody said so: never looked at; woken but not handled (its worker died or
/// failed); drifted from its wish for a while; with instances of which something new was seen; with data whose time to go has come;
/// or with an operation that is late, due for another try, or has not moved for a while.
/// </summary>
internal sealed class ClusterSweep : ISweep
{
    private const string Sql = """
        insert into cloud.outbox_messages (id, kind, subject)
        select gen_random_uuid(), @kind, found.id from (
            select c.id
            from cloud.clusters c
            join cloud.cluster_statuses s on s.cluster_id = c.id
            left join cloud.work_items w on w.kind = @kind and w.id = c.id
            where s.purged_at is null
              and (w.id is null
                or (w.handled_count < w.wake_count and w.not_before <= now())
                or (w.last_run_at < now() - interval '10 seconds'
                    and (s.observed_generation < c.generation
                        or (c.deleted_at is not null and c.purge_time <= now())
                        or exists (select 1 from cloud.instances i
                            where i.cluster_id = c.id and i.observed_at > w.last_run_at))))
              and (w.lease_until is null or w.lease_until < now())
            union
            select o.cluster_id
            from cloud.operations o
            left join cloud.work_items w on w.kind = @kind and w.id = o.cluster_id
            where o.ended_at is null and o.cluster_id is not null
              and ((o.deadline < now() and o.deadline_missed_at is null)
                or o.retry_at < now()
                or w.last_run_at < now() - interval '30 seconds')
              and (w.lease_until is null or w.lease_until < now())
            limit 5000
        ) as found
        where not exists (select 1 from cloud.outbox_messages m where m.kind = @kind and m.subject = found.id)
        """;

    public Task<int> SweepAsync(IServiceProvider services, CancellationToken cancellationToken) =>
        services.GetRequiredService<CloudDbContext>().ExecuteSqlAsync(Sql, cancellationToken, ("kind", ClusterHints.Kind));
}
