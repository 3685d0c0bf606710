using System.Security.Cryptography;
using Cloud.Kernel;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Provisioning.Data;
using Cloud.Modules.Provisioning.Domain;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Provisioning.Public;

/// <summary>
/// Lays clusters out over hosts. Every method works inside the caller's transaction and leaves <c>SaveChanges</c> to the caller, so
/// that a blueprint, the wishes it gives to hosts and the caller's own status become true together. Scoped; not thread-safe.
/// </summary>
/// <remarks>
/// Nothing outside the database is touched: agents read their host's wishes when its revision grows. The intent is thus always
/// written before anything is created, and a crash leaves either the whole step or nothing of it. A host's row is locked while its
/// wishes change; several hosts are locked in the order of their ids.
/// </remarks>
internal sealed class Provisioner(CloudDbContext database, TimeProvider time)
{
    /// <summary>Where nodes listen: agents are admitted from this machine alone, as long as node traffic has no TLS.</summary>
    private const string Loopback = "127.0.0.1";

    private readonly HostPorts _ports = new(database);

    /// <summary>The newest blueprint and its instances; null when there is none.</summary>
    public async Task<Deployment?> LoadAsync(ClusterId cluster, CancellationToken cancellationToken)
    {
        var deployments = await LoadAsync([cluster], cancellationToken);
        return deployments.GetValueOrDefault(cluster);
    }

    /// <summary>As above for several clusters; those without a blueprint are left out.</summary>
    public async Task<IReadOnlyDictionary<ClusterId, Deployment>> LoadAsync(
        IReadOnlyList<ClusterId> clusters, CancellationToken cancellationToken)
    {
        var blueprints = await database.Set<BlueprintRow>().AsNoTracking()
            .Where(row => clusters.Contains(row.ClusterId)
                && row.Number == database.Set<BlueprintRow>()
                    .Where(other => other.ClusterId == row.ClusterId).Max(other => other.Number))
            .ToListAsync(cancellationToken);
        var rows = await (
            from instance in database.Set<InstanceRow>().AsNoTracking()
            join host in database.Set<HostRow>().AsNoTracking() on instance.HostId equals host.Id
            where clusters.Contains(instance.ClusterId)
            select new { instance, host.ObservedRevision, host.SilentSince }).ToListAsync(cancellationToken);
        var byId = rows.ToDictionary(row => row.instance.Id);
        return blueprints.ToDictionary(
            row => row.ClusterId,
            row => new Deployment(row.Document, [.. row.Document.Instances.Select(instance =>
            {
                var fact = byId[instance.Id];
                var observed = fact.instance.Observed;
                var current = observed is not null
                    && fact.ObservedRevision >= fact.instance.DesiredRevision
                    && observed.Blueprint >= row.Number;
                return new DeployedInstance(
                    instance, observed, current, fact.instance.FirstReadyAt, fact.SilentSince is not null);
            })]));
    }

    /// <summary>Writes the first blueprint: chooses hosts, reserves ports, mints PD's cluster id.</summary>
    /// <returns>A failure of <see cref="ProvisioningErrorCodes"/> when the layout finds no place; nothing is changed then.</returns>
    public async Task<Outcome<Nothing>> ProvisionAsync(Layout layout, CancellationToken cancellationToken)
    {
        var hosts = await LoadHostsAsync(layout.Location, cancellationToken);
        if (!Placement.Choose(layout, hosts).TryGet(out var chosen, out var failure))
        {
            return failure;
        }

        var revisions = await RaiseRevisionsAsync(chosen.Distinct(), cancellationToken);
        var allocated = new Dictionary<HostId, Queue<int>>();
        foreach (var host in revisions.Keys)
        {
            var count = chosen.Count(id => id == host) * BlueprintBuilder.PortsPerInstance;
            var ports = await _ports.TakeAsync(host, count, cancellationToken);
            if (!ports.TryGet(out var taken, out var full))
            {
                return full;
            }

            allocated[host] = new Queue<int>(taken);
        }

        var places = chosen
            .Select(host => new Place(host, Loopback, Loopback, allocated[host].Dequeue(), allocated[host].Dequeue()))
            .ToList();
        var pdClusterId = await MintPdClusterIdAsync(layout.ClusterId, cancellationToken);
        var blueprint = BlueprintBuilder.First(layout, pdClusterId, places, () => TypedId.New<InstanceId>(time));
        AddBlueprint(blueprint, layout.OrganizationId);
        foreach (var instance in blueprint.Instances)
        {
            database.Add(new InstanceRow
            {
                Id = instance.Id,
                ClusterId = layout.ClusterId,
                OrganizationId = layout.OrganizationId,
                HostId = instance.HostId,
                Role = instance.Role,
                Ordinal = instance.Ordinal,
                Size = instance.Size,
                MemoryBytes = instance.Limits.MemoryBytes,
                Spec = blueprint.SpecOf(instance),
                DesiredRevision = revisions[instance.HostId],
            });
            await _ports.ReserveAsync(instance, cancellationToken);
        }

        return Nothing.Value;
    }

    /// <summary>Whether the newest blueprint says all that the layout asks for.</summary>
    public static bool Matches(Deployment deployment, Layout layout) => BlueprintBuilder.Matches(deployment.Blueprint, layout);

    /// <summary>Writes the next blueprint for a changed layout; nothing when it asks for nothing new.</summary>
    public async Task ReshapeAsync(Deployment deployment, Layout layout, CancellationToken cancellationToken)
    {
        var next = BlueprintBuilder.Next(deployment.Blueprint, layout);
        if (next is not null)
        {
            await ApplyAsync(next, layout.OrganizationId, cancellationToken);
        }
    }

    /// <summary>Gives other ports to instances that cannot have theirs, and tells all instances of the cluster.</summary>
    /// <returns>A failure of <see cref="ProvisioningErrorCodes"/> when a host has no ports left; nothing is changed then.</returns>
    public async Task<Outcome<Nothing>> MovePortsAsync(
        Deployment deployment, Layout layout, IReadOnlyList<InstanceId> instances, CancellationToken cancellationToken)
    {
        var moved = new Dictionary<InstanceId, (int, int)>();
        var concerned = deployment.Blueprint.Instances.Where(instance => instances.Contains(instance.Id)).ToList();
        await RaiseRevisionsAsync(deployment.Blueprint.Instances.Select(instance => instance.HostId).Distinct(), cancellationToken);
        foreach (var instance in concerned)
        {
            var ports = await _ports.TakeAsync(instance.HostId, BlueprintBuilder.PortsPerInstance, cancellationToken);
            if (!ports.TryGet(out var taken, out var full))
            {
                return full;
            }

            moved[instance.Id] = (taken[0], taken[1]);
            await _ports.FreeAsync(instance.Id, cancellationToken);
        }

        var next = BlueprintBuilder.WithPorts(deployment.Blueprint, moved);
        foreach (var instance in next.Instances.Where(instance => moved.ContainsKey(instance.Id)))
        {
            await _ports.ReserveAsync(instance, cancellationToken);
        }

        await ApplyAsync(next, layout.OrganizationId, cancellationToken);
        return Nothing.Value;
    }

    /// <summary>Forgets instances, ports and blueprints of a cluster whose instances are all removed. Repeatable.</summary>
    public async Task ReleaseAsync(ClusterId cluster, CancellationToken cancellationToken)
    {
        var hosts = await database.Set<InstanceRow>().Where(row => row.ClusterId == cluster).Select(row => row.HostId)
            .Distinct().ToListAsync(cancellationToken);
        await RaiseRevisionsAsync(hosts, cancellationToken);
        await database.ExecuteSqlAsync(
            """
            delete from cloud.host_ports where instance_id in (select id from cloud.instances where cluster_id = @cluster);
            delete from cloud.instances where cluster_id = @cluster;
            delete from cloud.blueprints where cluster_id = @cluster;
            """,
            cancellationToken,
            ("cluster", cluster.Value));
    }

    private async Task ApplyAsync(Blueprint next, OrganizationId organization, CancellationToken cancellationToken)
    {
        var revisions = await RaiseRevisionsAsync(next.Instances.Select(instance => instance.HostId).Distinct(), cancellationToken);
        AddBlueprint(next, organization);
        var rows = await database.Set<InstanceRow>()
            .Where(row => row.ClusterId == next.ClusterId).ToDictionaryAsync(row => row.Id, cancellationToken);
        foreach (var instance in next.Instances)
        {
            rows[instance.Id].Spec = next.SpecOf(instance);
            rows[instance.Id].DesiredRevision = revisions[instance.HostId];
        }
    }

    private void AddBlueprint(Blueprint blueprint, OrganizationId organization) => database.Add(new BlueprintRow
    {
        ClusterId = blueprint.ClusterId,
        Number = blueprint.Number,
        OrganizationId = organization,
        Document = blueprint,
        CreatedAt = time.GetUtcNow(),
    });

    private async Task<IReadOnlyList<PlacementHost>> LoadHostsAsync(string location, CancellationToken cancellationToken)
    {
        var hosts = await database.Set<HostRow>().AsNoTracking()
            .Where(host => host.Location == location).ToListAsync(cancellationToken);
        var promised = await database.Set<InstanceRow>()
            .GroupBy(row => row.HostId)
            .Select(group => new { group.Key, Bytes = group.Sum(row => row.MemoryBytes) })
            .ToDictionaryAsync(group => group.Key, group => group.Bytes, cancellationToken);
        return
        [
            .. hosts.Select(host => new PlacementHost(
                host.Id,
                host.Location,
                host.SessionId is not null && host.SilentSince is null,
                host.State == HostState.Draining,
                host.Capacity,
                host.Versions,
                promised.GetValueOrDefault(host.Id))),
        ];
    }

    /// <summary>Locks the hosts' rows and raises their revisions, of which their agents are told after the commit.</summary>
    private async Task<IReadOnlyDictionary<HostId, long>> RaiseRevisionsAsync(
        IEnumerable<HostId> hosts, CancellationToken cancellationToken)
    {
        await using var command = database.Sql(
            """
            update cloud.hosts set desired_revision = desired_revision + 1
            from (select id from cloud.hosts where id = any(@hosts) order by id for update) as locked
            where hosts.id = locked.id
            returning hosts.id, hosts.desired_revision
            """,
            ("hosts", hosts.Select(host => host.Value).ToArray()));
        var revisions = new Dictionary<HostId, long>();
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            revisions.Add(HostId.From(rows.GetGuid(0)), rows.GetInt64(1));
        }

        return revisions;
    }

    private async Task<ulong> MintPdClusterIdAsync(ClusterId cluster, CancellationToken cancellationToken)
    {
        const int AttemptsMax = 8; // Two of 2^63 random numbers are practically never the same.
        for (var attempt = 0; attempt < AttemptsMax; attempt++)
        {
            var candidate = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long))) & long.MaxValue;
            await using var command = database.Sql(
                """
                insert into cloud.pd_cluster_ids (pd_cluster_id, cluster_id) values (@candidate, @cluster)
                on conflict do nothing returning pd_cluster_id
                """,
                ("candidate", Math.Max(1, candidate)),
                ("cluster", cluster.Value));
            if (await command.ExecuteScalarAsync(cancellationToken) is long minted)
            {
                return (ulong)minted;
            }
        }

        throw new InvariantViolatedException($"no PD cluster id could be minted for {cluster}: it has one already");
    }
}
