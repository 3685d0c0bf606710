namespace Cloud.Modules.Catalog.Public;

/// <summary>An amount of one quota.</summary>
/// <param name="Name">One of <see cref="Quotas.All"/>.</param>
internal sealed record QuotaAmount(string Name, long Amount);

/// <summary>What an organization may hold at once.</summary>
/// <param name="Unit">For people.</param>
/// <param name="DefaultLimit">For organizations without an override. Chosen here: room for a team's experiments on one host.</param>
internal sealed record QuotaDefinition(string Name, string Unit, long DefaultLimit, string Description);

/// <summary>The quotas of an organization.</summary>
internal static class Quotas
{
    public const string Clusters = "clusters";
    public const string Vcpu = "vcpu";
    public const string MemoryGiB = "memoryGiB";
    public const string StorageGiB = "storageGiB";

    public static IReadOnlyList<QuotaDefinition> All { get; } =
    [
        new(Clusters, "clusters", 20, "Clusters that are not deleted."),
        new(Vcpu, "vCPU", 128, "Cores of the instances of clusters that are not deleted."),
        new(MemoryGiB, "GiB", 256, "Memory of the instances of clusters that are not deleted."),
        new(StorageGiB, "GiB", 2_000, "Volumes of clusters whose data is not purged."),
    ];
}
