using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Cloud.Modules.Platform.Data;

/// <summary>One SQL file <c>&lt;Module&gt;/Data/Migrations/&lt;4 digits&gt;_&lt;name&gt;.sql</c>.</summary>
internal sealed record Migration(int Number, string Name, string Sql)
{
    /// <summary>Lower-case hex of the text's SHA-256; recorded, so that an applied migration cannot change unnoticed.</summary>
    public string Sha256 { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql)));

    /// <summary>All migrations embedded in an assembly, by ascending number.</summary>
    /// <exception cref="InvalidOperationException">Two share a number, or a file name has another form.</exception>
    public static IReadOnlyList<Migration> Discover(Assembly assembly)
    {
        var migrations = assembly.GetManifestResourceNames()
            .Where(name => name.EndsWith(".sql", StringComparison.Ordinal) && name.Contains("Data/Migrations/", StringComparison.Ordinal))
            .Select(name => Read(assembly, name))
            .OrderBy(migration => migration.Number)
            .ToList();
        var doubled = migrations.GroupBy(migration => migration.Number).FirstOrDefault(group => group.Count() > 1);
        return doubled is null
            ? migrations
            : throw new InvalidOperationException(
                $"Migrations share the number {doubled.Key}: {string.Join(", ", doubled.Select(migration => migration.Name))}.");
    }

    private static Migration Read(Assembly assembly, string resource)
    {
        var file = Path.GetFileNameWithoutExtension(resource);
        if (file.Length < 6
            || file[4] != '_'
            || !int.TryParse(file.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            throw new InvalidOperationException($"Migration '{resource}' must be named <4 digits>_<name>.sql.");
        }

        using var stream = assembly.GetManifestResourceStream(resource)!; // the name comes from the assembly itself
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return new Migration(number, file, reader.ReadToEnd());
    }
}
