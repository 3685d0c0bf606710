using Cloud.Local.Processes;

namespace Cloud.Local.Prerequisites;

/// <summary>
/// Installs what is missing through apt, as root or with sudo. No service is started by it: a policy-rc.d of ours forbids that while
/// packages are set up, and PostgreSQL is told not to make a cluster of its own.
/// </summary>
public sealed class PackageInstaller(Action<string> report)
{
    private const string PolicyFile = "/usr/sbin/policy-rc.d";
    private const string PolicyMark = "# Written by ./cloud while it installs packages; safe to delete.";
    private const string CreateClusterFolder = "/etc/postgresql-common/createcluster.d";

    /// <summary>Makes sure that all requirements are met.</summary>
    /// <exception cref="LocalException">Something is missing and cannot be installed here; names exactly what to install.</exception>
    public async Task EnsureAsync(IReadOnlyList<Requirement> requirements, CancellationToken cancellationToken)
    {
        var missing = requirements.Where(requirement => !requirement.IsMet()).ToList();
        if (missing.Count == 0)
        {
            return;
        }

        var names = string.Join(", ", missing.Select(requirement => requirement.Name));
        var prefix = Privilege();
        if (Shell.Find("apt-get") is null || prefix is null)
        {
            var packages = string.Join(' ', missing.SelectMany(requirement => requirement.Packages));
            throw new LocalException(
                $"Missing: {names}. Remedy: install them; on Debian and Ubuntu: sudo apt-get install {packages} (* stands for the newest version).");
        }

        report($"Installing {names} …");
        await RunAsync(prefix, ["apt-get", "update", "-qq"], cancellationToken);
        var madePolicy = await ForbidServiceStartsAsync(prefix, cancellationToken);
        try
        {
            await InstallAsync(prefix, missing, cancellationToken);
        }
        finally
        {
            if (madePolicy)
            {
                await Shell.RunAsync(prefix.File, [.. prefix.Arguments, "rm", "-f", PolicyFile], CancellationToken.None);
            }
        }

        var still = missing.Where(requirement => !requirement.IsMet()).Select(requirement => requirement.Name).ToList();
        if (still.Count > 0)
        {
            throw new LocalException($"apt-get installed its packages, but {string.Join(", ", still)} cannot be found. Remedy: install it by hand.");
        }
    }

    private async Task InstallAsync(Privileged prefix, List<Requirement> missing, CancellationToken cancellationToken)
    {
        var packages = new List<string>();
        foreach (var name in missing.SelectMany(requirement => requirement.Packages).Distinct(StringComparer.Ordinal))
        {
            packages.Add(name.EndsWith('*') ? await NewestAsync(name[..^1], cancellationToken) : name);
        }

        if (packages.Contains("postgresql", StringComparer.Ordinal))
        {
            await RunAsync(prefix, [.. Install, "postgresql-common"], cancellationToken);
            await RunAsync(
                prefix,
                ["sh", "-c", $"mkdir -p {CreateClusterFolder} && echo 'create_main_cluster = false' > {CreateClusterFolder}/no-main-cluster.conf"],
                cancellationToken);
        }

        await RunAsync(prefix, [.. Install, .. packages], cancellationToken);
    }

    private static readonly string[] Install =
    [
        "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq", "--no-install-recommends",
        "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Options::=--force-confold",
    ];

    /// <summary>The newest package whose name is the stem and a version, for example librocksdb7.8.</summary>
    private static async Task<string> NewestAsync(string stem, CancellationToken cancellationToken)
    {
        var result = await Shell.RunAsync("apt-cache", ["search", "--names-only", $"^{stem}[0-9.-]+(t64)?$"], cancellationToken);
        var names = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]);
        return names.OrderBy(VersionOf).LastOrDefault()
            ?? throw new LocalException($"apt knows no package {stem}<version>. Remedy: enable the distribution's main (Ubuntu: universe) archive.");

        Version VersionOf(string name) =>
            Version.TryParse(name[stem.Length..].Replace("t64", string.Empty, StringComparison.Ordinal).TrimStart('-'), out var version)
                ? version
                : new Version(0, 0);
    }

    /// <summary>Source: invoke-rc.d(8): exit code 101 of policy-rc.d forbids the action.</summary>
    private static async Task<bool> ForbidServiceStartsAsync(Privileged prefix, CancellationToken cancellationToken)
    {
        if (File.Exists(PolicyFile) && !(await File.ReadAllTextAsync(PolicyFile, cancellationToken)).Contains(PolicyMark, StringComparison.Ordinal))
        {
            return false;
        }

        var script = $"printf '#!/bin/sh\\n{PolicyMark}\\nexit 101\\n' > {PolicyFile} && chmod 755 {PolicyFile}";
        await RunAsync(prefix, ["sh", "-c", script], cancellationToken);
        return true;
    }

    private static async Task RunAsync(Privileged prefix, IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        var result = await Shell.RunAsync(prefix.File, [.. prefix.Arguments, .. command], cancellationToken);
        if (!result.Succeeded)
        {
            throw new LocalException($"'{string.Join(' ', command)}' failed with exit code {result.ExitCode}: {result.Tail()}");
        }
    }

    private static Privileged? Privilege()
    {
        if (Environment.IsPrivilegedProcess)
        {
            return new Privileged("env", []);
        }

        return Shell.Find("sudo") is { } sudo ? new Privileged(sudo, ["-n"]) : null;
    }

    private sealed record Privileged(string File, IReadOnlyList<string> Arguments);
}
