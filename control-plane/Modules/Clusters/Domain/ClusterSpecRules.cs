using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Catalog.Public;
using Cloud.Modules.Clusters.Public;

namespace Cloud.Modules.Clusters.Domain;

/// <summary>What a create may choose from at the moment of the request.</summary>
/// <param name="Locations">Ids of all locations.</param>
/// <param name="Versions">Software versions that hosts can run, newest first; not empty.</param>
internal sealed record ClusterChoices(IReadOnlyList<string> Locations, IReadOnlyList<string> Versions);

/// <summary>The fields of a create or a change as the caller gave them; null where left out.</summary>
internal sealed record ClusterDraft
{
    public string? Name { get; init; }

    public string? Tier { get; init; }

    public string? Location { get; init; }

    public string? Version { get; init; }

    public RoleDraft? Sql { get; init; }

    public RoleDraft? Pd { get; init; }

    public RoleDraft? Storage { get; init; }

    public RoleDraft? Columnar { get; init; }

    public IReadOnlyList<string?>? AllowList { get; init; }

    public bool? DeletionProtection { get; init; }

    public IReadOnlyDictionary<string, string?>? Labels { get; init; }
}

/// <summary>One role of a <see cref="ClusterDraft"/>.</summary>
internal sealed record RoleDraft(int? Count, string? Size, int? VolumeGiB);

/// <summary>A draft that passed: its name and the complete spec.</summary>
internal sealed record ValidCluster(string Name, ClusterSpec Spec);

/// <summary>
/// Turns a draft into a spec: fills in the tier's defaults and reports every field that is wrong, not only the first. What the data
/// plane cannot do is refused with <see cref="ClusterErrorCodes.NotAvailable"/> and never silently reduced.
/// </summary>
internal static class ClusterSpecRules
{
    public const string DefaultLocation = "local";
    public const int DefaultVolumeGiB = 10;
    public const int VolumeGiBMax = 16_384;

    private const int CountMax = 100;

    /// <summary>Checks the whole draft.</summary>
    /// <param name="failures">Empty exactly when the result is not null; each carries the pointer of its field.</param>
    public static ValidCluster? Check(ClusterDraft draft, ClusterChoices choices, out IReadOnlyList<Failure> failures)
    {
        var found = new List<Failure>();
        var name = Take(FieldRules.Name(draft.Name, "/name"), found);
        var tier = Take(Tier(draft.Tier), found);
        var location = Take(Location(draft.Location, choices), found);
        var version = Take(Version(draft.Version, choices), found);
        var sql = Take(Stateless(InstanceRole.Sql, draft.Sql, "/sql"), found);
        var pd = Take(Pd(draft.Pd), found);
        var storage = Take(Storage(draft.Storage), found);
        var columnar = Take(Columnar(draft.Columnar), found);
        var allowList = Take(FieldRules.AllowList(draft.AllowList ?? [], "/allowList"), found);
        var labels = Take(
            FieldRules.Labels(draft.Labels ?? new Dictionary<string, string?>(StringComparer.Ordinal), "/labels"), found);

        failures = found;
        return found.Count > 0
            ? null
            : new ValidCluster(name!, new ClusterSpec // every Take gave a value, as nothing was found
            {
                Tier = tier,
                Location = location!,
                Version = version!,
                Sql = sql!,
                Pd = pd!,
                Storage = storage!,
                Columnar = columnar!,
                AllowList = allowList!,
                DeletionProtection = draft.DeletionProtection ?? false,
                Labels = labels!,
            });
    }

    private static T? Take<T>(Outcome<T> outcome, List<Failure> failures)
    {
        if (outcome.TryGet(out var value, out var failure))
        {
            return value;
        }

        failures.Add(failure);
        return default;
    }

    private static Outcome<ClusterTier> Tier(string? tier) => tier switch
    {
        null or "starter" => ClusterTier.Starter,
        "dedicated" => NotAvailable(
            "A dedicated cluster keeps three replicas, and storage does not replicate: choose tier starter.", "/tier"),
        _ => new Failure(ClusterErrorCodes.InvalidField, $"There is no tier '{tier}': choose starter or dedicated.", "/tier"),
    };

    private static Outcome<string> Location(string? location, ClusterChoices choices)
    {
        var id = location ?? DefaultLocation;
        return choices.Locations.Contains(id)
            ? id
            : new Failure(
                ClusterErrorCodes.InvalidField,
                $"There is no location '{id}': choose one of {string.Join(", ", choices.Locations)}.",
                "/location");
    }

    private static Outcome<string> Version(string? version, ClusterChoices choices)
    {
        var id = version ?? choices.Versions[0];
        return choices.Versions.Contains(id)
            ? id
            : new Failure(
                ClusterErrorCodes.InvalidField,
                $"There is no version '{id}': choose one of {string.Join(", ", choices.Versions)}.",
                "/version");
    }

    private static Outcome<RoleSpec> Stateless(InstanceRole role, RoleDraft? draft, string pointer)
    {
        var count = draft?.Count ?? 1;
        if (count is < 1 or > CountMax)
        {
            return FieldRules.InRange(count, 1, CountMax, "The count", $"{pointer}/count").Failure!; // out of range
        }

        if (count > 1)
        {
            return NotAvailable(
                "Several SQL instances need schema leases, which the SQL service does not have: choose count 1.",
                $"{pointer}/count");
        }

        return Size(role, draft?.Size, $"{pointer}/size").Select(size => new RoleSpec(count, size));
    }

    private static Outcome<RoleSpec> Pd(RoleDraft? draft)
    {
        var count = draft?.Count ?? 1;
        return count switch
        {
            1 => new RoleSpec(1, InstanceSizes.SmallestOf(InstanceRole.Pd).Id),
            3 => NotAvailable("PD runs as one member: choose count 1.", "/pd/count"),
            _ => new Failure(ClusterErrorCodes.InvalidField, $"The count must be 1 or 3, not {count}.", "/pd/count"),
        };
    }

    private static Outcome<RoleSpec> Storage(RoleDraft? draft)
    {
        var count = draft?.Count ?? 1;
        if (count is < 1 or > CountMax)
        {
            return FieldRules.InRange(count, 1, CountMax, "The count", "/storage/count").Failure!; // out of range
        }

        if (count > 1)
        {
            return NotAvailable("Storage keeps one replica: choose count 1.", "/storage/count");
        }

        if (!FieldRules.InRange(
                draft?.VolumeGiB ?? DefaultVolumeGiB, 1, VolumeGiBMax, "The volume in GiB", "/storage/volumeGiB")
            .TryGet(out var volume, out var failure))
        {
            return failure;
        }

        return Size(InstanceRole.Storage, draft?.Size, "/storage/size").Select(size => new RoleSpec(count, size, volume));
    }

    private static Outcome<RoleSpec> Columnar(RoleDraft? draft) => (draft?.Count ?? 0) switch
    {
        0 => new RoleSpec(0, string.Empty),
        < 0 or > CountMax => new Failure(
            ClusterErrorCodes.InvalidField, $"The count must be 0 to {CountMax}, not {draft!.Count}.", "/columnar/count"), // a count was given
        _ => NotAvailable("There are no columnar replicas: choose count 0.", "/columnar/count"),
    };

    private static Outcome<string> Size(InstanceRole role, string? size, string pointer)
    {
        var id = size ?? InstanceSizes.SmallestOf(role).Id;
        return InstanceSizes.Find(role, id) is not null
            ? id
            : new Failure(
                ClusterErrorCodes.InvalidField,
                $"There is no size '{id}' for role {role.Word()}: choose one of {InstanceSizes.IdsOf(role)}.",
                pointer);
    }

    private static Failure NotAvailable(string detail, string pointer) =>
        new(ClusterErrorCodes.NotAvailable, detail, pointer);
}
