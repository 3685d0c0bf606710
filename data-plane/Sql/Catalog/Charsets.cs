using Cloud.Execution.Types;

namespace Cloud.Sql.Catalog;

/// <summary>Character sets and collations by the names clients use.</summary>
internal static class Charsets
{
    /// <summary>The collation of a character set and an optional collation, of which either may be null but not both.</summary>
    /// <exception cref="SqlException">1115, 1273 or 1253.</exception>
    public static Collation Resolve(string? charset, string? collation)
    {
        var name = Canonical(charset);
        if (collation is not null)
        {
            var chosen = RequireCollation(collation);
            return name is null || chosen.Charset == name ? chosen : throw Errors.CollationMismatch(collation, name);
        }

        return Collation.TryGetDefaultOf(name ?? "utf8mb4", out var found) ? found : throw Errors.UnknownCharset(charset ?? string.Empty);
    }

    public static Collation RequireCollation(string name) =>
        Collation.TryGet(name.ToLowerInvariant(), out var collation) ? collation
        : Collation.TryGet(name.ToLowerInvariant().Replace("utf8_", "utf8mb3_", StringComparison.Ordinal), out collation) ? collation
        : throw Errors.UnknownCollation(name);

    private static string? Canonical(string? charset) => charset?.ToLowerInvariant() switch
    {
        "utf8" => "utf8mb3",
        var other => other,
    };
}
