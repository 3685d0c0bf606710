using Cloud.Kernel;
using Cloud.Modules.Organizations.Public;

namespace Cloud.Modules.Clusters.Public;

/// <summary>What other modules may know of a cluster.</summary>
/// <param name="State">As the API shows it.</param>
internal sealed record ClusterEntry(
    ClusterId Id, OrganizationId OrganizationId, ProjectId ProjectId, string Name, string State);

/// <summary>Finds clusters for other modules; deleted and purged ones too, since usage outlives them. Scoped.</summary>
internal interface IClusterDirectory
{
    /// <summary>Those that exist, by id; in a request only those of its organization.</summary>
    Task<IReadOnlyDictionary<ClusterId, ClusterEntry>> FindAsync(
        IReadOnlyCollection<ClusterId> clusters, CancellationToken cancellationToken);
}
