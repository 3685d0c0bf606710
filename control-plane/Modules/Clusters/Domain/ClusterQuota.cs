using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Catalog.Public;

namespace Cloud.Modules.Clusters.Domain;

/// <summary>What a spec draws from its organization's quotas.</summary>
internal static class ClusterQuota
{
    /// <summary>Held while the cluster has, or may have, processes.</summary>
    public static IReadOnlyList<QuotaAmount> Compute(ClusterSpec spec) =>
    [
        new(Quotas.Clusters, 1),
        new(Quotas.Vcpu, Sum(spec, size => size.Vcpu)),
        new(Quotas.MemoryGiB, Sum(spec, size => size.MemoryGiB)),
    ];

    /// <summary>Held until the data is purged.</summary>
    public static IReadOnlyList<QuotaAmount> Volume(ClusterSpec spec) =>
        [new(Quotas.StorageGiB, spec.Storage.Count * spec.Storage.VolumeGiB)];

    private static int Sum(ClusterSpec spec, Func<InstanceSize, int> amount) =>
        Roles(spec).Sum(role => role.Spec.Count * amount(Known(role.Role, role.Spec.Size)));

    /// <summary>The roles that have instances, in start order.</summary>
    public static IEnumerable<(InstanceRole Role, RoleSpec Spec)> Roles(ClusterSpec spec) =>
        new[]
        {
            (InstanceRole.Pd, spec.Pd),
            (InstanceRole.Storage, spec.Storage),
            (InstanceRole.Sql, spec.Sql),
            (InstanceRole.Columnar, spec.Columnar),
        }.Where(role => role.Item2.Count > 0);

    /// <summary>A size that a stored spec names.</summary>
    public static InstanceSize Known(InstanceRole role, string id)
    {
        var size = InstanceSizes.Find(role, id);
        Invariant.Require(size is not null, $"there is no size {id} of role {role}; sizes are never removed");
        return size;
    }
}
