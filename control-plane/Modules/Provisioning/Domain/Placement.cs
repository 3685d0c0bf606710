using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Provisioning.Public;

namespace Cloud.Modules.Provisioning.Domain;

/// <summary>A host as placement sees it.</summary>
/// <param name="Connected">Whether its agent was heard lately.</param>
/// <param name="Draining">Whether it takes no new instances.</param>
/// <param name="ReservedBytes">Memory limits of the instances that are wished for there.</param>
internal sealed record PlacementHost(
    HostId Id, string Location, bool Connected, bool Draining, HostCapacity Capacity, IReadOnlyList<string> Versions, long ReservedBytes);

/// <summary>
/// Chooses a host for every instance of a layout: instances of one role go to as many hosts as there are, each time to the host with
/// the fewest of that role, then with the least of its memory promised. Limits are upper bounds and not reservations, so a host may be
/// promised more than it has; the agent admits by what is really free. Pure; the same input gives the same answer.
/// </summary>
internal static class Placement
{
    /// <summary>One host per instance, in the order of the groups and their ordinals.</summary>
    public static Outcome<IReadOnlyList<HostId>> Choose(Layout layout, IReadOnlyList<PlacementHost> hosts)
    {
        var usable = hosts.Where(host => host.Location == layout.Location && host.Connected && !host.Draining).ToList();
        if (usable.Count == 0)
        {
            return new Failure(
                ProvisioningErrorCodes.NoHost,
                $"Location {layout.Location} has no connected host: start an agent there, or wait for it to come back.");
        }

        usable = [.. usable.Where(host => host.Versions.Contains(layout.Version))];
        if (usable.Count == 0)
        {
            return new Failure(
                ProvisioningErrorCodes.NoHost,
                $"No host of location {layout.Location} has version {layout.Version}: install it there, or choose another version.");
        }

        var promised = usable.ToDictionary(host => host.Id, host => host.ReservedBytes);
        var chosen = new List<HostId>();
        foreach (var group in layout.Groups)
        {
            var ofRole = usable.ToDictionary(host => host.Id, _ => 0);
            for (var ordinal = 0; ordinal < group.Count; ordinal++)
            {
                var host = usable
                    .OrderBy(candidate => ofRole[candidate.Id])
                    .ThenBy(candidate => (double)promised[candidate.Id] / Math.Max(1, candidate.Capacity.MemoryBytes))
                    .ThenBy(candidate => candidate.Id.Value)
                    .First();
                ofRole[host.Id]++;
                promised[host.Id] += group.Limits.MemoryBytes;
                chosen.Add(host.Id);
            }
        }

        return chosen;
    }
}
