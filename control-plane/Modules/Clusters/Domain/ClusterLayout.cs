using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Provisioning.Public;

namespace Cloud.Modules.Clusters.Domain;

/// <summary>Translates a cluster's wish into what provisioning lays out. Pure.</summary>
internal static class ClusterLayout
{
    public static Layout Of(
        ClusterId cluster,
        OrganizationId organization,
        ClusterSpec spec,
        ClusterWish wish,
        IReadOnlyList<SqlUserSpec> sqlUsers) => new()
        {
            ClusterId = cluster,
            OrganizationId = organization,
            Location = spec.Location,
            Version = spec.Version,
            State = wish switch
            {
                ClusterWish.Running => DesiredInstanceState.Running,
                ClusterWish.Deleted => DesiredInstanceState.Stopped,
                _ => DesiredInstanceState.Removed,
            },
            Groups =
            [
                .. ClusterQuota.Roles(spec).Select(role => new LayoutGroup(
                    role.Role,
                    role.Spec.Count,
                    role.Spec.Size,
                    role.Spec.VolumeGiB,
                    ClusterQuota.Known(role.Role, role.Spec.Size).Limits(role.Spec.VolumeGiB))),
            ],
            AllowList = spec.AllowList,
            SqlUsers = sqlUsers,
        };
}
