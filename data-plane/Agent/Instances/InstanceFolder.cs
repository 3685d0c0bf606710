using Cloud.Agent.Host;
using Cloud.Contracts;
using Cloud.Kernel;

namespace Cloud.Agent.Instances;

/// <summary>
/// Everything that an instance has on disk: <c>node.json</c> (its configuration), <c>process.json</c> (<see cref="ProcessRecord"/>),
/// <c>lock</c>, <c>log/node.log</c>, <c>data/</c>. Removal renames the folder into the trash before deleting, so that a crash leaves
/// the whole folder or none of it under the instance's name.
/// </summary>
internal sealed class InstanceFolder(AgentHome home, InstanceId id)
{
    public string Path { get; } = home.InstanceFolder(id);

    public string ConfigFile => Join("node.json");

    public string LockFile => Join("lock");

    public string LogFile => System.IO.Path.Combine(Join("log"), "node.log");

    /// <summary>The log as the control plane's users are told of it: relative to the agent's home, whose place is the host's own business.</summary>
    public string LogName => $"{home.RelativeTo(LogFile)} on the host";

    public string DataDirectory => Join("data");

    public bool Exists => Directory.Exists(Path);

    private string RecordFile => Join("process.json");

    public void Create()
    {
        Directory.CreateDirectory(Join("log"));
        Directory.CreateDirectory(DataDirectory);
    }

    /// <summary>Writes the configuration with the data folder filled in.</summary>
    public void WriteConfig(NodeConfig config) => AtomicFile.WriteJson(
        ConfigFile, config with { DataDirectory = config.DataDirectory ?? DataDirectory }, isDurable: false);

    /// <summary>
    /// Null when nothing was started, or nobody knows any more. Neither this file nor the configuration need outlive a crash of the
    /// machine, which ends every process they speak of; so starts do not wait for the disk.
    /// </summary>
    public ProcessRecord? ReadRecord()
    {
        try
        {
            return AtomicFile.ReadJson<ProcessRecord>(RecordFile);
        }
        catch (InvalidDataException)
        {
            return null; // Left by a crash of the machine.
        }
    }

    public void WriteRecord(ProcessRecord record) => AtomicFile.WriteJson(RecordFile, record, isDurable: false);

    /// <summary>Deletes everything; repeating it is harmless.</summary>
    public void Delete()
    {
        Invariant.Require(
            System.IO.Path.GetDirectoryName(Path) == home.Instances && System.IO.Path.GetFullPath(Path) == Path,
            $"only a folder directly under {home.Instances} may be deleted, not {Path}");
        if (Exists)
        {
            var doomed = System.IO.Path.Combine(home.Trash, System.IO.Path.GetRandomFileName());
            Directory.Move(Path, doomed);
            Native.SyncFolder(home.Instances);
        }

        EmptyTrash(home);
    }

    /// <summary>Finishes what an earlier removal began.</summary>
    public static void EmptyTrash(AgentHome home)
    {
        foreach (var folder in Directory.EnumerateDirectories(home.Trash))
        {
            try
            {
                Directory.Delete(folder, recursive: true);
            }
            catch (DirectoryNotFoundException)
            {
                // Another removal emptied it at the same time.
            }
        }
    }

    private string Join(string name) => System.IO.Path.Combine(Path, name);
}

/// <summary>
/// What was started for an instance; written before the start without an identity (the intent) and after it with one.
/// </summary>
internal sealed record ProcessRecord
{
    public const int CurrentSchemaVersion = 1;

    public int SchemaVersion { get; init; } = CurrentSchemaVersion;

    /// <summary>The spec as it was when the process was started.</summary>
    public required InstanceSpec Spec { get; init; }

    /// <summary>Null between the intent and the start.</summary>
    public Processes.ProcessIdentity? Identity { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Unexpected ends so far.</summary>
    public int Crashes { get; init; }
}
