using Cloud.Contracts;
using Cloud.Kernel;

namespace Cloud.Modules.Provisioning.Public;

/// <summary>
/// How a cluster's wish is laid out over hosts: every instance with its place, ports, limits and configuration. Immutable and numbered
/// per cluster; a change makes the next number.
/// </summary>
internal sealed record Blueprint
{
    public required ClusterId ClusterId { get; init; }

    /// <summary>Counts from 1 within the cluster.</summary>
    public required long Number { get; init; }

    /// <summary>PD's 64-bit cluster id: minted with the first blueprint, kept in all later ones, never used for another cluster.</summary>
    public required ulong PdClusterId { get; init; }

    public required string Version { get; init; }

    /// <summary>What is wished for all instances alike.</summary>
    public required DesiredInstanceState State { get; init; }

    public required IReadOnlyList<string> AllowList { get; init; }

    public required IReadOnlyList<SqlUserSpec> SqlUsers { get; init; }

    /// <summary>In start order (pd, storage, sql), then by ordinal; ids are unique.</summary>
    public required IReadOnlyList<BlueprintInstance> Instances { get; init; }

    /// <summary>What the agent is told about one of <see cref="Instances"/>.</summary>
    public InstanceSpec SpecOf(BlueprintInstance instance) => new()
    {
        Id = instance.Id,
        ClusterId = ClusterId,
        Role = instance.Role,
        Version = Version,
        Blueprint = Number,
        State = State,
        Limits = instance.Limits,
        RestartGeneration = instance.RestartGeneration,
        Config = new NodeConfig
        {
            InstanceId = instance.Id,
            ClusterId = ClusterId,
            PdClusterId = PdClusterId,
            Role = instance.Role,
            BindAddress = instance.BindAddress,
            AdvertisedAddress = instance.AdvertisedAddress,
            ClientPort = instance.ClientPort,
            StatusPort = instance.StatusPort,
            PdEndpoints = PdEndpoints,
            SqlUsers = instance.Role == InstanceRole.Sql ? SqlUsers : [],
            AllowList = instance.Role == InstanceRole.Sql ? AllowList : [],
        },
    };

    /// <summary>Client addresses of all PD members, by ordinal.</summary>
    public IReadOnlyList<string> PdEndpoints =>
    [
        .. Instances
            .Where(instance => instance.Role == InstanceRole.Pd)
            .Select(instance => $"{instance.AdvertisedAddress}:{instance.ClientPort}"),
    ];
}

/// <summary>One instance of a <see cref="Blueprint"/>.</summary>
internal sealed record BlueprintInstance
{
    public required InstanceId Id { get; init; }

    public required InstanceRole Role { get; init; }

    /// <summary>Counts from 0 within the role.</summary>
    public required int Ordinal { get; init; }

    public required string Size { get; init; }

    public required int VolumeGiB { get; init; }

    public required HostId HostId { get; init; }

    public required string BindAddress { get; init; }

    public required string AdvertisedAddress { get; init; }

    public required int ClientPort { get; init; }

    public required int StatusPort { get; init; }

    public required ResourceLimits Limits { get; init; }

    public long RestartGeneration { get; init; }
}

/// <summary>What a cluster's owner wants laid out; the input of a blueprint.</summary>
internal sealed record Layout
{
    public required ClusterId ClusterId { get; init; }

    public required OrganizationId OrganizationId { get; init; }

    public required string Location { get; init; }

    public required string Version { get; init; }

    public required DesiredInstanceState State { get; init; }

    /// <summary>One entry per role with instances, in start order.</summary>
    public required IReadOnlyList<LayoutGroup> Groups { get; init; }

    public required IReadOnlyList<string> AllowList { get; init; }

    public required IReadOnlyList<SqlUserSpec> SqlUsers { get; init; }
}

/// <summary>The instances of one role.</summary>
internal sealed record LayoutGroup(InstanceRole Role, int Count, string Size, int VolumeGiB, ResourceLimits Limits);
