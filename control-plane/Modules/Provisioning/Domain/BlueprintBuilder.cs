using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Provisioning.Public;

namespace Cloud.Modules.Provisioning.Domain;

/// <summary>Where a new instance goes.</summary>
internal sealed record Place(HostId HostId, string BindAddress, string AdvertisedAddress, int ClientPort, int StatusPort);

/// <summary>Makes blueprints from layouts. Pure: places, ports and ids are given.</summary>
internal static class BlueprintBuilder
{
    /// <summary>Ports that an instance of any role takes: one for clients, one for status.</summary>
    public const int PortsPerInstance = 2;

    /// <summary>The first blueprint of a cluster.</summary>
    /// <param name="places">One per instance, in the order of the groups and their ordinals.</param>
    /// <param name="newId">Mints instance ids.</param>
    public static Blueprint First(Layout layout, ulong pdClusterId, IReadOnlyList<Place> places, Func<InstanceId> newId)
    {
        Invariant.Require(pdClusterId != 0, "PD's cluster id is not 0");
        Invariant.Require(
            places.Count == layout.Groups.Sum(group => group.Count), $"{places.Count} places for the instances of {layout.ClusterId}");
        var instances = new List<BlueprintInstance>();
        foreach (var group in layout.Groups)
        {
            for (var ordinal = 0; ordinal < group.Count; ordinal++)
            {
                var place = places[instances.Count];
                instances.Add(new BlueprintInstance
                {
                    Id = newId(),
                    Role = group.Role,
                    Ordinal = ordinal,
                    Size = group.Size,
                    VolumeGiB = group.VolumeGiB,
                    HostId = place.HostId,
                    BindAddress = place.BindAddress,
                    AdvertisedAddress = place.AdvertisedAddress,
                    ClientPort = place.ClientPort,
                    StatusPort = place.StatusPort,
                    Limits = group.Limits,
                });
            }
        }

        return new Blueprint
        {
            ClusterId = layout.ClusterId,
            Number = 1,
            PdClusterId = pdClusterId,
            Version = layout.Version,
            State = layout.State,
            AllowList = layout.AllowList,
            SqlUsers = layout.SqlUsers,
            Instances = instances,
        };
    }

    /// <summary>
    /// The blueprint after <paramref name="previous"/> for a changed layout; null when the layout asks for nothing new. Instances keep
    /// their ids, hosts and ports; a layout with other groups is not supported and violates an invariant.
    /// </summary>
    public static Blueprint? Next(Blueprint previous, Layout layout)
    {
        Invariant.Require(previous.ClusterId == layout.ClusterId, "a blueprint follows one of its own cluster");
        RequireSameShape(previous, layout);
        return Matches(previous, layout)
            ? null
            : previous with
            {
                Number = previous.Number + 1,
                Version = layout.Version,
                State = layout.State,
                AllowList = layout.AllowList,
                SqlUsers = layout.SqlUsers,
            };
    }

    /// <summary>As <paramref name="previous"/>, with new ports for the instances given; all instances learn the new PD addresses.</summary>
    public static Blueprint WithPorts(
        Blueprint previous, IReadOnlyDictionary<InstanceId, (int ClientPort, int StatusPort)> ports) => previous with
        {
            Number = previous.Number + 1,
            Instances =
            [
                .. previous.Instances.Select(instance => ports.TryGetValue(instance.Id, out var moved)
                    ? instance with { ClientPort = moved.ClientPort, StatusPort = moved.StatusPort }
                    : instance),
            ],
        };

    /// <summary>Whether the blueprint already says what the layout asks for.</summary>
    public static bool Matches(Blueprint blueprint, Layout layout) =>
        blueprint.State == layout.State
        && blueprint.Version == layout.Version
        && blueprint.AllowList.SequenceEqual(layout.AllowList, StringComparer.Ordinal)
        && blueprint.SqlUsers.SequenceEqual(layout.SqlUsers);

    private static void RequireSameShape(Blueprint previous, Layout layout)
    {
        foreach (var group in layout.Groups)
        {
            var present = previous.Instances.Count(instance => instance.Role == group.Role && instance.Size == group.Size);
            Invariant.Require(present == group.Count, $"{layout.ClusterId} has {present} {group.Role} {group.Size}, not {group.Count}");
        }
    }
}
