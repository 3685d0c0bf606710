using System.Runtime.CompilerServices;
using System.Xml.Linq;

namespace Cloud.Architecture.Tests;

/// <summary>A project as its file declares it.</summary>
/// <param name="Name">Folder name.</param>
/// <param name="Folder">Relative to the root, with forward slashes.</param>
public sealed record ProjectFile(string Name, string Folder, bool IsExecutable, IReadOnlyList<string> References, IReadOnlyList<string> Packages)
{
    public bool IsTest => Folder.StartsWith("tests/", StringComparison.Ordinal);
}

/// <summary>A source file; <paramref name="Path"/> is relative to the root, with forward slashes.</summary>
public sealed record SourceFile(string Path, IReadOnlyList<string> Lines);

/// <summary>The checkout that the tests were built from, as data: rules are functions of it, so a planted violation can be fed to them.</summary>
public static class Repository
{
    public static string Root { get; } = FindRoot();

    public static IReadOnlyList<ProjectFile> Projects { get; } =
        [.. Files(".csproj").Select(file => Parse(file, XDocument.Load(Path.Combine(Root, file)))).OrderBy(project => project.Folder, StringComparer.Ordinal)];

    public static IReadOnlyList<SourceFile> Sources { get; } =
        [.. Files(".cs").Select(file => new SourceFile(file, File.ReadAllLines(Path.Combine(Root, file)))).OrderBy(source => source.Path, StringComparer.Ordinal)];

    /// <summary>Production code written by hand.</summary>
    public static IEnumerable<SourceFile> ProductSources => Sources.Where(source =>
        !source.Path.StartsWith("tests/", StringComparison.Ordinal) && !source.Path.EndsWith(".g.cs", StringComparison.Ordinal));

    /// <summary>Paths of files below the root, without what builds leave behind.</summary>
    public static IEnumerable<string> Files(string ending) => Walk(new DirectoryInfo(Root))
        .Where(file => file.Name.EndsWith(ending, StringComparison.Ordinal))
        .Select(file => Path.GetRelativePath(Root, file.FullName).Replace('\\', '/'));

    private static IEnumerable<FileInfo> Walk(DirectoryInfo folder) => folder.EnumerateFiles().Concat(
        folder.EnumerateDirectories()
            .Where(child => child.Name is not ("bin" or "obj" or "artifacts" or "node_modules") && !child.Name.StartsWith('.'))
            .SelectMany(Walk));

    private static ProjectFile Parse(string file, XDocument project)
    {
        var references = project.Descendants("ProjectReference").Select(Include).Select(path => Path.GetFileNameWithoutExtension(path));
        return new ProjectFile(
            Path.GetFileNameWithoutExtension(file),
            Path.GetDirectoryName(file)!.Replace('\\', '/'), // every project has a folder
            project.Descendants("OutputType").Any(type => type.Value == "Exe") || project.Root?.Attribute("Sdk")?.Value == "Microsoft.NET.Sdk.Web",
            [.. references],
            [.. project.Descendants("PackageReference").Select(Include)]);
    }

    private static string Include(XElement element) => element.Attribute("Include")?.Value ?? string.Empty;

    private static string FindRoot([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..")); // the compiler fills in an absolute path
}
