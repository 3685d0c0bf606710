using System.Globalization;
using Cloud.Local.Processes;

namespace Cloud.Local.Postgres;

/// <summary>The folder of PostgreSQL's own programs, which distributions keep off the PATH.</summary>
/// <param name="Folder">Holds <c>initdb</c> and <c>postgres</c>.</param>
/// <param name="Major">Major version, at least <see cref="MajorMin"/>.</param>
public sealed record PostgresBinaries(string Folder, int Major)
{
    public const int MajorMin = 15;

    private const string DebianRoot = "/usr/lib/postgresql";

    /// <summary>The newest installed version that is new enough; null when there is none.</summary>
    public static PostgresBinaries? Find()
    {
        var debian = Directory.Exists(DebianRoot) ? Directory.GetDirectories(DebianRoot) : [];
        var newest = debian
            .Select(folder => (Folder: Path.Combine(folder, "bin"), Version: Path.GetFileName(folder)))
            .Where(candidate => int.TryParse(candidate.Version, CultureInfo.InvariantCulture, out var major)
                && major >= MajorMin && File.Exists(Path.Combine(candidate.Folder, "initdb")))
            .OrderByDescending(candidate => int.Parse(candidate.Version, CultureInfo.InvariantCulture))
            .FirstOrDefault();
        if (newest.Folder is not null)
        {
            return new PostgresBinaries(newest.Folder, int.Parse(newest.Version, CultureInfo.InvariantCulture));
        }

        var onPath = Shell.Find("initdb");
        return onPath is null ? null : FromPath(onPath);
    }

    public string Program(string name) => Path.Combine(Folder, name);

    private static PostgresBinaries? FromPath(string initdb)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(initdb))!; // a file always has a folder
        using var process = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo(initdb, "--version") { RedirectStandardOutput = true })!; // as Find saw it
        var words = process.StandardOutput.ReadToEnd().Split(' ', '.');
        process.WaitForExit();
        var major = words.Select(word => int.TryParse(word, CultureInfo.InvariantCulture, out var number) ? number : 0)
            .FirstOrDefault(number => number > 0);
        return major >= MajorMin ? new PostgresBinaries(folder, major) : null;
    }
}
