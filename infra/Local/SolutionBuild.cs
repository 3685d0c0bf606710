using Cloud.Local.Processes;

namespace Cloud.Local;

/// <summary>Builds the checkout, and only when a source is newer than the last successful build.</summary>
public sealed class SolutionBuild(CloudSettings settings, Action<string> report)
{
    private static readonly string[] SourceFolders = ["control-plane", "data-plane", "portal", "infra", "tests"];
    private static readonly string[] RootFiles = ["Directory.Build.props", "Directory.Packages.props", "global.json", ".editorconfig", "Cloud.sln"];
    private static readonly string[] Extensions =
        [".cs", ".csproj", ".props", ".targets", ".proto", ".razor", ".css", ".js", ".sql", ".json", ".resx", ".svg"];

    /// <summary>What <c>./cloud up</c> runs.</summary>
    public const string Product = "Cloud.Product.slnf";

    /// <summary>Everything, tests included.</summary>
    public const string Everything = "Cloud.sln";

    /// <exception cref="LocalException">It does not compile; the first errors are in the message.</exception>
    public async Task EnsureAsync(string solution, CancellationToken cancellationToken)
    {
        var stamp = Path.Combine(settings.Root, "artifacts", solution + ".stamp");
        var newest = NewestSource();
        if (File.Exists(stamp) && File.GetLastWriteTimeUtc(stamp) >= newest)
        {
            return;
        }

        report($"Building {solution} …");
        var build = await Shell.RunAsync(
            "dotnet",
            ["build", Path.Combine(settings.Root, solution), "-c", "Release", "-nologo", "-v", "quiet", "-clp:ErrorsOnly;NoSummary"],
            cancellationToken);
        if (!build.Succeeded)
        {
            var errors = build.Output.Split('\n').Where(line => line.Contains("error", StringComparison.Ordinal)).Distinct(StringComparer.Ordinal).Take(20);
            throw new LocalException($"The build failed. Remedy: mend these, or check the network if packages are missing:\n{string.Join('\n', errors)}\n{build.Error}");
        }

        Directory.CreateDirectory(Path.GetDirectoryName(stamp)!); // artifacts/ under the root
        await File.WriteAllTextAsync(stamp, string.Empty, cancellationToken);
        File.SetLastWriteTimeUtc(stamp, newest);
    }

    private DateTime NewestSource()
    {
        var files = RootFiles.Select(name => new FileInfo(Path.Combine(settings.Root, name))).Where(file => file.Exists);
        return files.Concat(SourceFolders.SelectMany(folder => Sources(new DirectoryInfo(Path.Combine(settings.Root, folder)))))
            .Max(file => file.LastWriteTimeUtc);
    }

    private static IEnumerable<FileInfo> Sources(DirectoryInfo folder)
    {
        if (!folder.Exists)
        {
            yield break;
        }

        foreach (var file in folder.EnumerateFiles().Where(file => Extensions.Contains(file.Extension, StringComparer.Ordinal)))
        {
            yield return file;
        }

        foreach (var file in folder.EnumerateDirectories().Where(child => child.Name is not ("bin" or "obj")).SelectMany(Sources))
        {
            yield return file;
        }
    }
}
