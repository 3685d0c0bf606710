using System.Diagnostics;
using Cloud.Kernel;

namespace Cloud.Agent.Processes;

/// <summary>The node software on this host: which versions there are, and where.</summary>
internal sealed class NodeReleases
{
    private const string BinaryName = "cloud-node";
    private static readonly TimeSpan VersionDeadline = TimeSpan.FromSeconds(20);

    private readonly string? _releases;
    private readonly string? _binary;
    private readonly string? _binaryVersion;

    private NodeReleases(string? releases, string? binary, string? binaryVersion)
    {
        _releases = releases;
        _binary = binary;
        _binaryVersion = binaryVersion;
    }

    /// <summary>Asks the single binary for its version, where one is given.</summary>
    public static async Task<Outcome<NodeReleases>> OpenAsync(
        string? binary, string? releases, CancellationToken cancellationToken)
    {
        if (binary is null)
        {
            return new NodeReleases(releases, null, null);
        }

        if (!File.Exists(binary))
        {
            return new Failure("wrong-usage", $"--node-binary: there is no file {binary}.");
        }

        var version = ManagedVersion(binary) ?? await ReportedVersionAsync(binary, cancellationToken);
        return version is null
            ? new Failure("wrong-usage", $"--node-binary: '{binary} --version' did not print a version.")
            : new NodeReleases(releases, binary, version);
    }

    /// <summary>All versions at this moment, ordinal order.</summary>
    public IReadOnlyList<string> Versions()
    {
        var versions = new SortedSet<string>(StringComparer.Ordinal);
        if (_binaryVersion is not null)
        {
            versions.Add(_binaryVersion);
        }

        if (_releases is not null && Directory.Exists(_releases))
        {
            versions.UnionWith(Directory.EnumerateDirectories(_releases)
                .Where(folder => File.Exists(Path.Combine(folder, BinaryName)))
                .Select(folder => Path.GetFileName(folder)!)); // a listed folder has a name
        }

        return [.. versions];
    }

    /// <summary>The executable of a version; null when the host does not have it. A release wins over the single binary.</summary>
    public string? Find(string version)
    {
        // A version names a folder, so it must not lead elsewhere.
        if (_releases is not null && version.Length is > 0 and <= 64 && !version.Contains('/') && version is not ("." or ".."))
        {
            var candidate = Path.Combine(_releases, version, BinaryName);
            if (File.Exists(candidate))
            {
                return candidate;
            }
        }

        return version == _binaryVersion ? _binary : null;
    }

    /// <summary>The version of the assembly beside a .NET executable, which spares starting it.</summary>
    private static string? ManagedVersion(string binary)
    {
        var assembly = binary + ".dll";
        return File.Exists(assembly) ? FileVersionInfo.GetVersionInfo(assembly).ProductVersion : null;
    }

    private static async Task<string?> ReportedVersionAsync(string binary, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(VersionDeadline);
        using var process = Process.Start(
            new ProcessStartInfo(binary, "--version") { RedirectStandardOutput = true, UseShellExecute = false });
        if (process is null)
        {
            return null;
        }

        var output = (await process.StandardOutput.ReadToEndAsync(deadline.Token)).Trim();
        await process.WaitForExitAsync(deadline.Token);
        return process.ExitCode == 0 && output.Length is > 0 and <= 64 && !output.Contains('\n') ? output : null;
    }
}
