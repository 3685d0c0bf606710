using Cloud.Portal.Api;

namespace Cloud.Portal.Pages.Clusters;

/// <summary>How clusters are put in words.</summary>
internal static class ClusterText
{
    /// <summary>Whether a state is one that ends by itself, so that the page should look again soon.</summary>
    public static bool IsMoving(string state) =>
        state is "creating" or "updating" or "pausing" or "resuming" or "restoring" or "deleting";

    /// <summary>Whether a cluster in this state costs anything.</summary>
    public static bool Bills(string state) => state is not ("deleted" or "deleting");

    /// <summary>For example <c>2 × small SQL, 3 × medium storage</c>.</summary>
    public static string Size(Cluster cluster)
    {
        var parts = new List<string>();
        if (cluster.Sql is { Count: > 0 } sql)
        {
            parts.Add($"{sql.Count} × {sql.Size} SQL");
        }

        if (cluster.Storage is { Count: > 0 } storage)
        {
            parts.Add($"{storage.Count} × {storage.Size} storage");
        }

        return string.Join(", ", parts);
    }

    /// <summary>A step's or kind's name in words: <c>start-instances</c> becomes <c>Start instances</c>.</summary>
    public static string Words(string name)
    {
        if (name.Length == 0)
        {
            return name;
        }

        var spaced = string.Concat(name.Select((c, i) => c is '-' or '_' or '.' or ':' ? " " : i > 0 && char.IsUpper(c) ? $" {char.ToLowerInvariant(c)}" : $"{c}"));
        return char.ToUpperInvariant(spaced[0]) + spaced[1..];
    }

    /// <summary>The name of a role as people write it.</summary>
    public static string Role(string role) => role switch
    {
        "sql" => "SQL",
        "pd" => "Placement driver",
        "storage" => "Storage",
        "columnar" => "Columnar",
        _ => role,
    };
}
