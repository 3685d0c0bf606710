using Cloud.Kernel;

namespace Cloud.Agent.Host;

/// <summary>
/// The folder an agent owns. Layout: <c>agent.lock</c>, <c>agent.json</c> (host id), <c>credential</c> (0600), <c>desired.json</c>,
/// <c>instances/&lt;id&gt;/</c>, <c>usage/&lt;id&gt;.json</c> (windows that were not accepted yet), <c>trash/</c> (folders being deleted).
/// </summary>
internal sealed class AgentHome
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Creates what is missing, private to the user.</summary>
    public AgentHome(string path)
    {
        Path = System.IO.Path.GetFullPath(path);
        foreach (var folder in new[] { Path, Instances, Usage, Trash })
        {
            Directory.CreateDirectory(folder, Private);
        }
    }

    public string Path { get; }

    public string AgentFile => Join("agent.json");

    public string CredentialFile => Join("credential");

    public string DesiredFile => Join("desired.json");

    public string Instances => Join("instances");

    public string Usage => Join("usage");

    public string Trash => Join("trash");

    public string UsageFile(InstanceId id) => System.IO.Path.Combine(Usage, id + ".json");

    public string InstanceFolder(InstanceId id) => System.IO.Path.Combine(Instances, id.ToString());

    /// <summary>A text with paths in this home made relative to it: what leaves the host does not tell where the home is.</summary>
    public string RelativeTo(string text) =>
        text.Replace(Path + System.IO.Path.DirectorySeparatorChar, string.Empty, StringComparison.Ordinal);

    /// <summary>Takes the home for this process; null when another process has it. Dispose gives it back, as does the end of the process.</summary>
    public FileStream? TryLock()
    {
        try
        {
            // FileShare.None is an exclusive flock(2) here, which the kernel drops when the process ends.
            return new FileStream(Join("agent.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception) when (exception is not (DirectoryNotFoundException or FileNotFoundException))
        {
            return null;
        }
    }

    private string Join(string name) => System.IO.Path.Combine(Path, name);
}
