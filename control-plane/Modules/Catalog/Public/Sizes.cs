using Cloud.Contracts;
using Cloud.Kernel;

namespace Cloud.Modules.Catalog.Public;

/// <summary>How large one instance of a role may be.</summary>
/// <param name="Id">Unique among the sizes of its role, for example <c>small</c>.</param>
/// <param name="Vcpu">Cores it may use; an upper bound, not a reservation.</param>
/// <param name="MemoryGiB">Resident memory it may use; an upper bound.</param>
internal sealed record InstanceSize(string Id, InstanceRole Role, int Vcpu, int MemoryGiB)
{
    /// <summary>What the agent enforces for an instance of this size.</summary>
    /// <param name="volumeGiB">0 for stateless roles.</param>
    public ResourceLimits Limits(int volumeGiB) => new(
        Vcpu * 1000,
        ByteSize.FromGiB(MemoryGiB).Bytes,
        ByteSize.FromGiB(volumeGiB).Bytes);
}

/// <summary>
/// The sizes that are sold, smallest first within a role. A size keeps its meaning for ever: clusters and price lists refer to it by
/// id, so a different shape gets a new id.
/// </summary>
internal static class InstanceSizes
{
    private static readonly IReadOnlyList<InstanceSize> Table =
    [
        new("small", InstanceRole.Sql, 1, 1),
        new("medium", InstanceRole.Sql, 2, 4),
        new("large", InstanceRole.Sql, 4, 8),
        new("xlarge", InstanceRole.Sql, 8, 16),
        new("small", InstanceRole.Storage, 1, 1),
        new("medium", InstanceRole.Storage, 2, 4),
        new("large", InstanceRole.Storage, 4, 8),
        new("xlarge", InstanceRole.Storage, 8, 16),
        new("small", InstanceRole.Pd, 1, 1),
    ];

    /// <summary>All sizes, grouped by role; never empty.</summary>
    public static IReadOnlyList<InstanceSize> All => Table;

    /// <summary>The size of a role by its id; null when there is none.</summary>
    public static InstanceSize? Find(InstanceRole role, string id) =>
        Table.FirstOrDefault(size => size.Role == role && string.Equals(size.Id, id, StringComparison.Ordinal));

    /// <summary>The smallest size of a role that is for sale.</summary>
    /// <exception cref="InvariantViolatedException">The role has no sizes.</exception>
    public static InstanceSize SmallestOf(InstanceRole role)
    {
        var size = Table.FirstOrDefault(candidate => candidate.Role == role);
        Invariant.Require(size is not null, $"role {role} has no sizes");
        return size;
    }

    /// <summary>The ids a role has, for messages: <c>small, medium</c>.</summary>
    public static string IdsOf(InstanceRole role) =>
        string.Join(", ", Table.Where(size => size.Role == role).Select(size => size.Id));
}
