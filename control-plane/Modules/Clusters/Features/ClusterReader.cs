using System.Text.Json;
using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Clusters.Data;
using Cloud.Modules.Clusters.Domain;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Provisioning.Public;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Clusters.Features;

/// <summary>Composes clusters for replies: the wish, the facts, the instances and the price. Scoped.</summary>
internal sealed class ClusterReader(CloudDbContext database, Provisioner provisioner, ClusterPricing pricing)
{
    /// <summary>The cluster that the request's route names; it was found when the caller was admitted.</summary>
    public Task<Cluster?> FindAsync(ClusterId id, CancellationToken cancellationToken) =>
        database.Set<Cluster>().SingleOrDefaultAsync(cluster => cluster.Id == id, cancellationToken);

    public async Task<ClusterReply> ComposeAsync(Cluster cluster, CancellationToken cancellationToken) =>
        (await ComposeAsync([cluster], cancellationToken))[0];

    /// <summary>A cluster that the request has just made: nothing of it is laid out.</summary>
    public async Task<ClusterReply> ComposeNewAsync(Cluster cluster, ClusterStatus status, CancellationToken cancellationToken) =>
        Compose(cluster, status, null, await pricing.MonthlyAsync(cluster.Spec, cancellationToken));

    /// <summary>In the order given; three queries however many there are.</summary>
    public async Task<IReadOnlyList<ClusterReply>> ComposeAsync(
        IReadOnlyList<Cluster> clusters, CancellationToken cancellationToken)
    {
        var ids = clusters.Select(cluster => cluster.Id).ToList();
        var statuses = await database.Set<ClusterStatus>().Where(status => ids.Contains(status.ClusterId))
            .ToDictionaryAsync(status => status.ClusterId, cancellationToken);
        var deployments = await provisioner.LoadAsync(ids, cancellationToken);
        var replies = new List<ClusterReply>(clusters.Count);
        foreach (var cluster in clusters)
        {
            var price = await pricing.MonthlyAsync(cluster.Spec, cancellationToken);
            replies.Add(Compose(cluster, statuses[cluster.Id], deployments.GetValueOrDefault(cluster.Id), price));
        }

        return replies;
    }

    private static ClusterReply Compose(Cluster cluster, ClusterStatus status, Deployment? deployment, MonthlyPriceReply price)
    {
        var spec = cluster.Spec;
        return new ClusterReply
        {
            Id = cluster.Id,
            Name = cluster.Name,
            OrganizationId = cluster.OrganizationId,
            ProjectId = cluster.ProjectId,
            Tier = spec.Tier,
            Location = spec.Location,
            Version = spec.Version,
            Sql = new RoleGroupReply(spec.Sql.Count, spec.Sql.Size),
            Pd = new CountReply(spec.Pd.Count),
            Storage = new StorageReply(spec.Storage.Count, spec.Storage.Size, spec.Storage.VolumeGiB),
            Columnar = new CountReply(spec.Columnar.Count),
            AllowList = spec.AllowList,
            DeletionProtection = spec.DeletionProtection,
            Labels = spec.Labels,
            State = status.PhaseFor(cluster),
            Conditions = status.Conditions,
            Generation = cluster.Generation,
            ObservedGeneration = status.ObservedGeneration,
            Endpoints = cluster.DeletedAt is null && deployment is not null ? EndpointsOf(deployment.Blueprint) : null,
            Instances = [.. (deployment?.Instances ?? []).Select(instance => InstanceOf(instance, spec.Version))],
            Price = price,
            CreatedAt = cluster.CreatedAt,
            UpdatedAt = cluster.UpdatedAt,
            DeletedAt = cluster.DeletedAt,
            PurgeTime = cluster.PurgeTime,
            PurgedAt = status.PurgedAt,
        };
    }

    private static EndpointsReply EndpointsOf(Blueprint blueprint)
    {
        var sql = blueprint.Instances.First(instance => instance.Role == InstanceRole.Sql);
        return new EndpointsReply(
            new MysqlEndpointReply(sql.AdvertisedAddress, sql.ClientPort, Tls: true),
            new KvEndpointReply(blueprint.PdEndpoints, Tls: false));
    }

    private static InstanceReply InstanceOf(DeployedInstance deployed, string version)
    {
        var (instance, observed) = (deployed.Instance, deployed.Observed);
        return new InstanceReply(
            instance.Id,
            instance.Role,
            observed is null ? "pending" : JsonNamingPolicy.CamelCase.ConvertName(observed.State.ToString()),
            observed?.Version ?? version,
            instance.Size,
            instance.HostId,
            observed?.Pid,
            [
                $"{instance.AdvertisedAddress}:{instance.ClientPort}",
                $"{instance.AdvertisedAddress}:{instance.StatusPort}",
            ],
            observed?.StartedAt,
            observed?.LastError);
    }
}
