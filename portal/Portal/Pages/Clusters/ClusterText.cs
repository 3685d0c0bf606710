using Cloud.ApiClient;
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
    public static string Size(Cluster cluster) =>
        $"{cluster.Sql.Count} × {cluster.Sql.Size} SQL, {cluster.Storage.Count} × {cluster.Storage.Size} storage";

    /// <summary>For a month, in whole cents; a dash for what costs nothing any more.</summary>
    public static string MonthlyPrice(Cluster cluster) => Bills(cluster.State)
        ? MoneyText.Rounded(cluster.Price.Amount, cluster.Price.Currency)
        : "–";

    /// <summary>Whether people should be told of a condition.</summary>
    public static bool Matters(ClusterCondition condition) => !condition.Status && condition.Severity != "info";

    /// <summary>A name of the API in words: <c>cluster.create</c> becomes <c>Create cluster</c>, <c>start-sql</c> <c>Start SQL</c>.</summary>
    public static string Words(string name)
    {
        var parts = name.Split('.');
        var words = parts.Reverse().SelectMany(part => Hyphenated(part).Split('-', StringSplitOptions.RemoveEmptyEntries)).Select(Spelled);
        var text = string.Join(' ', words);
        return text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];
    }

    /// <summary><c>OneReplica</c> becomes <c>one-replica</c>.</summary>
    private static string Hyphenated(string part) =>
        string.Concat(part.Select((c, i) => char.IsUpper(c) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(c) : c.ToString()));

    private static string Spelled(string word) => word is "sql" or "pd" or "kv" ? word.ToUpperInvariant() : word;

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
