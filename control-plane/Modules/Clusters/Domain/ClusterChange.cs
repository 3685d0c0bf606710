using Cloud.Kernel;
using Cloud.Modules.Clusters.Public;

namespace Cloud.Modules.Clusters.Domain;

/// <summary>A change that passed.</summary>
/// <param name="NeedsWork">Whether instances must learn of it.</param>
/// <param name="IsChange">False when all is as it was.</param>
internal sealed record ValidChange(string Name, ClusterSpec Spec, bool NeedsWork, bool IsChange);

/// <summary>Applies a change to a spec. Fields that cannot be changed may be given with the value they have. Pure.</summary>
internal static class ClusterChange
{
    /// <param name="edit">Null fields stay as they are.</param>
    /// <param name="failures">Empty exactly when the result is not null.</param>
    public static ValidChange? Check(string name, ClusterSpec spec, ClusterDraft edit, out IReadOnlyList<Failure> failures)
    {
        var found = new List<Failure>();
        var newName = edit.Name is null ? name : Take(FieldRules.Name(edit.Name, "/name"), found);
        var allowList = edit.AllowList is null ? spec.AllowList : Take(FieldRules.AllowList(edit.AllowList, "/allowList"), found);
        var labels = edit.Labels is null ? spec.Labels : Take(FieldRules.Labels(edit.Labels, "/labels"), found);
        RequireSame(edit, spec, found);
        failures = found;
        if (found.Count > 0)
        {
            return null;
        }

        var next = spec with
        {
            AllowList = allowList!, // nothing was found, so every Take gave a value
            Labels = labels!,
            DeletionProtection = edit.DeletionProtection ?? spec.DeletionProtection,
        };
        var needsWork = !next.AllowList.SequenceEqual(spec.AllowList, StringComparer.Ordinal);
        var isChange = needsWork
            || newName != name
            || next.DeletionProtection != spec.DeletionProtection
            || next.Labels.Count != spec.Labels.Count
            || next.Labels.Any(label => !spec.Labels.TryGetValue(label.Key, out var old) || old != label.Value);
        return new ValidChange(newName!, next, needsWork, isChange);
    }

    private static void RequireSame(ClusterDraft edit, ClusterSpec spec, List<Failure> found)
    {
        Same(edit.Tier, spec.Tier.ToString().ToLowerInvariant(), "/tier", "The tier of a cluster does not change", found);
        Same(edit.Location, spec.Location, "/location", "Clusters do not move between locations", found);
        Same(edit.Version, spec.Version, "/version", "Clusters cannot be upgraded in place", found);
        Same(edit.Sql, spec.Sql, "/sql", "SQL instances cannot be scaled in place", found);
        Same(edit.Pd, spec.Pd, "/pd", "PD cannot be scaled", found);
        Same(edit.Storage, spec.Storage, "/storage", "Storage cannot be scaled in place", found);
        Same(edit.Columnar, spec.Columnar, "/columnar", "There are no columnar replicas", found);
    }

    private static void Same(RoleDraft? wanted, RoleSpec present, string pointer, string why, List<Failure> found)
    {
        Same(wanted?.Count, present.Count, $"{pointer}/count", why, found);
        Same(wanted?.Size, present.Size, $"{pointer}/size", why, found);
        Same(wanted?.VolumeGiB, present.VolumeGiB, $"{pointer}/volumeGiB", why, found);
    }

    private static void Same<T>(T? wanted, T present, string pointer, string why, List<Failure> found)
    {
        if (wanted is not null && !wanted.Equals(present))
        {
            found.Add(new Failure(
                ClusterErrorCodes.NotAvailable, $"{why}: leave it at {present}, or create another cluster and copy the data.", pointer));
        }
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
}
