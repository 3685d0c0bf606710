using Cloud.Local.Processes;

namespace Cloud.Local.Postgres;

/// <summary>
/// The operating system account that PostgreSQL runs under. PostgreSQL refuses root, so root hands over to the account
/// <c>postgres</c> that every distribution's package makes; anyone else runs it as themselves.
/// </summary>
/// <param name="Name">Null: our own account.</param>
public sealed record ServiceAccount(string? Name)
{
    private const string PackageAccount = "postgres";

    public static ServiceAccount ForThisUser()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return new ServiceAccount((string?)null);
        }

        return File.ReadLines("/etc/passwd").Any(line => line.StartsWith(PackageAccount + ":", StringComparison.Ordinal))
            ? new ServiceAccount(PackageAccount)
            : throw new LocalException(
                $"PostgreSQL refuses to run as root and there is no account '{PackageAccount}' to run it under. "
                + $"Remedy: useradd --system {PackageAccount}, or run as an ordinary user.");
    }

    /// <summary>Puts the hand-over in front of a command. The programs exec, so the process id stays the same.</summary>
    public (string File, IReadOnlyList<string> Arguments) Wrap(string file, IEnumerable<string> arguments) => Name is null
        ? (file, [.. arguments])
        : ("setpriv", [$"--reuid={Name}", $"--regid={Name}", "--init-groups", file, .. arguments]);

    /// <summary>Whether the account can traverse to a folder: every folder above must let others through.</summary>
    public bool CanReach(string folder)
    {
        if (Name is null)
        {
            return true;
        }

        for (var parent = Path.GetDirectoryName(folder); parent is not null; parent = Path.GetDirectoryName(parent))
        {
            if (Directory.Exists(parent) && !File.GetUnixFileMode(parent).HasFlag(UnixFileMode.OtherExecute))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Makes a folder that only the account can enter.</summary>
    public async Task CreateFolderAsync(string folder, CancellationToken cancellationToken)
    {
        string[] owner = Name is null ? [] : ["-o", Name, "-g", Name];
        var result = await Shell.RunAsync("install", ["-d", "-m", "0700", .. owner, folder], cancellationToken);
        if (!result.Succeeded)
        {
            throw new LocalException($"Cannot create {folder}: {result.Tail()}");
        }
    }
}
