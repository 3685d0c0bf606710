using Cloud.ApiClient;
using Cloud.Portal.Api;

namespace Cloud.Portal.Pages.Clusters;

/// <summary>What the create form holds while it is filled in.</summary>
public sealed class ClusterDraft
{
    private const string Dedicated = "dedicated";

    private string _tier = "starter";

    public string Name { get; set; } = "";

    /// <summary>Choosing a tier sets the counts that the API would take by default.</summary>
    public string Tier
    {
        get => _tier;
        set
        {
            _tier = value;
            SqlCount = value == Dedicated ? 2 : 1;
            StorageCount = value == Dedicated ? 3 : 1;
        }
    }

    public string Location { get; set; } = "local";

    public string? Version { get; set; }

    public int SqlCount { get; set; } = 1;

    public string SqlSize { get; set; } = "";

    public int PdCount { get; set; } = 1;

    public int StorageCount { get; set; } = 1;

    public string StorageSize { get; set; } = "";

    public int StorageVolumeGiB { get; set; } = 10;

    /// <summary>CIDR blocks, one in each line; empty allows every address that reaches the port.</summary>
    public string AllowList { get; set; } = "";

    public bool DeletionProtection { get; set; }

    /// <summary>Takes the first of what can be chosen where nothing is chosen yet.</summary>
    public void Settle(Choices choices)
    {
        if (!choices.Locations.Any(location => location.Id == Location))
        {
            Location = choices.Locations.Count > 0 ? choices.Locations[0].Id : Location;
        }

        Version ??= choices.Versions.FirstOrDefault(version => version.IsDefault)?.Id ?? choices.Versions.FirstOrDefault()?.Id;
        SqlSize = SqlSize.Length > 0 ? SqlSize : choices.Of("sql").FirstOrDefault()?.Id ?? "";
        StorageSize = StorageSize.Length > 0 ? StorageSize : choices.Of("storage").FirstOrDefault()?.Id ?? "";
    }

    /// <summary>The body that the API takes.</summary>
    public CreateClusterRequest ToRequest() => new()
    {
        Name = Name.Trim(),
        Tier = Tier,
        Location = Location,
        Version = Version,
        Sql = new RoleRequest { Count = SqlCount, Size = SqlSize },
        Pd = new CountRequest { Count = PdCount },
        Storage = new StorageRequest { Count = StorageCount, Size = StorageSize, VolumeGiB = StorageVolumeGiB },
        AllowList = AllowList.Split(['\n', ',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
        DeletionProtection = DeletionProtection,
    };
}
