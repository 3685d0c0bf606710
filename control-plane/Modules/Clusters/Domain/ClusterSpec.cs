namespace Cloud.Modules.Clusters.Domain;

/// <summary>How a cluster is offered.</summary>
internal enum ClusterTier
{
    /// <summary>The smallest: one instance of each role.</summary>
    Starter,

    /// <summary>Replicated storage and more than one SQL instance.</summary>
    Dedicated,
}

/// <summary>How many instances of a role, of which size.</summary>
/// <param name="Size">Id of a size of the role; empty only where <paramref name="Count"/> is 0.</param>
/// <param name="VolumeGiB">Per instance; 0 for stateless roles.</param>
internal sealed record RoleSpec(int Count, string Size, int VolumeGiB = 0);

/// <summary>
/// What a user wishes of a cluster. Values are valid by construction: <see cref="ClusterSpecRules"/> is the only maker outside tests,
/// and defaults are filled in.
/// </summary>
internal sealed record ClusterSpec
{
    public required ClusterTier Tier { get; init; }

    public required string Location { get; init; }

    /// <summary>Software version of all instances.</summary>
    public required string Version { get; init; }

    public required RoleSpec Sql { get; init; }

    public required RoleSpec Pd { get; init; }

    public required RoleSpec Storage { get; init; }

    public required RoleSpec Columnar { get; init; }

    /// <summary>CIDR blocks in canonical form, distinct, in the order given; empty admits everyone.</summary>
    public required IReadOnlyList<string> AllowList { get; init; }

    public required bool DeletionProtection { get; init; }

    public required IReadOnlyDictionary<string, string> Labels { get; init; }
}
