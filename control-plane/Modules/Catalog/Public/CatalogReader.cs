using Cloud.Modules.Provisioning.Public;

namespace Cloud.Modules.Catalog.Public;

/// <summary>A place where hosts are.</summary>
/// <param name="Hosts">Hosts whose agent is heard.</param>
internal sealed record Location(string Id, string Name, int Hosts);

/// <summary>A software version that clusters can run.</summary>
/// <param name="Locations">Where hosts have it.</param>
internal sealed record SoftwareVersion(string Id, bool IsDefault, IReadOnlyList<string> Locations);

/// <summary>What there is to choose from, as hosts report it. Scoped.</summary>
internal sealed class CatalogReader(HostDirectory hosts)
{
    /// <summary>The location of the machine that runs the control plane; it exists before its agent has joined.</summary>
    public const string Local = "local";

    /// <summary>Sorted by id; <see cref="Local"/> is always among them.</summary>
    public async Task<IReadOnlyList<Location>> LocationsAsync(CancellationToken cancellationToken)
    {
        var known = await hosts.ListAsync(cancellationToken);
        return
        [
            .. known.Select(host => host.Location).Append(Local).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
                .Select(id => new Location(
                    id,
                    id == Local ? "This machine" : id,
                    known.Count(host => host.Location == id && host.Connected))),
        ];
    }

    /// <summary>Newest first, never empty: before any host has joined, the version of this build. The newest is the default.</summary>
    public async Task<IReadOnlyList<SoftwareVersion>> VersionsAsync(CancellationToken cancellationToken)
    {
        var known = await hosts.ListAsync(cancellationToken);
        var ids = known.SelectMany(host => host.Versions).Distinct(StringComparer.Ordinal)
            .OrderByDescending(id => Version.TryParse(id, out var parsed) ? parsed : new Version(0, 0))
            .ThenByDescending(id => id, StringComparer.Ordinal)
            .ToList();
        if (ids.Count == 0)
        {
            ids.Add(typeof(CatalogReader).Assembly.GetName().Version!.ToString(3)); // every build has a version
        }

        return
        [
            .. ids.Select((id, index) => new SoftwareVersion(
                id,
                index == 0,
                [
                    .. known.Where(host => host.Versions.Contains(id)).Select(host => host.Location)
                        .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
                ])),
        ];
    }
}
