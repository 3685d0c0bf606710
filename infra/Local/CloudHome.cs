using System.Security.Cryptography;
using System.Text.Json;
using Cloud.Local.Postgres;

namespace Cloud.Local;

/// <summary>What a cloud decides once, at its first start; kept in <c>CLOUD_HOME/cloud.json</c>.</summary>
/// <param name="SchemaVersion">Version of this file.</param>
/// <param name="InstanceId">Ten random characters: names the cloud in cookies and folders.</param>
/// <param name="PostgresFolder">Absolute; holds PostgreSQL's data.</param>
/// <param name="PostgresPort">Loopback port of the private PostgreSQL.</param>
/// <param name="AgentStatusPort">Loopback port of the agent's own health.</param>
/// <param name="NodePortFirst">First port of the cloud's own block for database nodes.</param>
/// <param name="NodePortLast">Last port of the block; below 32768, where outgoing connections begin.</param>
public sealed record CloudIdentity(
    int SchemaVersion, string InstanceId, string PostgresFolder, int PostgresPort, int AgentStatusPort, int NodePortFirst, int NodePortLast);

/// <summary>Makes and reads <c>CLOUD_HOME</c>. Crash points: <c>cloud.json</c> appears whole, by rename, after the folders exist.</summary>
public static class CloudHome
{
    public const int SchemaVersion = 1;

    private const int NodePortBlocks = 20;
    private const int NodePortsPerBlock = 1000;
    private const int NodePortBase = 12000;
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Opens the home, making it if it is new.</summary>
    /// <exception cref="LocalException">It was made by a newer version, or cannot be written.</exception>
    public static CloudIdentity Open(CloudSettings settings, ServiceAccount account)
    {
        try
        {
            Directory.CreateDirectory(settings.Home);
            CreatePrivate(settings.RunFolder);
            CreatePrivate(settings.LogFolder);
            CreatePrivate(settings.SecretFolder);
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException)
        {
            throw new LocalException($"Cannot write {settings.Home}: {exception.Message} Remedy: set CLOUD_HOME to a folder of yours.");
        }

        var file = Path.Combine(settings.Home, "cloud.json");
        return Read(file) ?? Create(settings, account, file);
    }

    /// <summary>The identity of an existing home; null when there is none.</summary>
    public static CloudIdentity? TryRead(CloudSettings settings) => Read(Path.Combine(settings.Home, "cloud.json"));

    /// <summary>A secret of the cloud, minted at first use; the file has mode 0600.</summary>
    public static string Secret(CloudSettings settings, string name)
    {
        var file = SecretFile(settings, name);
        if (!File.Exists(file))
        {
            WritePrivate(file, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)));
        }

        return File.ReadAllText(file).Trim();
    }

    /// <summary>Where <see cref="Secret"/> keeps it.</summary>
    public static string SecretFile(CloudSettings settings, string name) => Path.Combine(settings.SecretFolder, name);

    /// <summary>Writes a file that appears whole or not at all and that only we can read.</summary>
    public static void WritePrivate(string file, string text)
    {
        var temporary = $"{file}.{Environment.ProcessId}.tmp";
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using (var stream = new FileStream(temporary, options))
        {
            stream.Write(System.Text.Encoding.UTF8.GetBytes(text));
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, file, overwrite: true);
    }

    private static CloudIdentity? Read(string file)
    {
        if (!File.Exists(file))
        {
            return null;
        }

        var identity = JsonSerializer.Deserialize<CloudIdentity>(File.ReadAllText(file), Json)
            ?? throw new LocalException($"{file} is empty. Remedy: restore it, or start afresh with ./cloud up --fresh.");
        return identity.SchemaVersion == SchemaVersion
            ? identity
            : throw new LocalException(
                $"{file} has schema version {identity.SchemaVersion}; this build reads version {SchemaVersion}. "
                + "Remedy: use the build that made it, or start afresh with ./cloud up --fresh (which deletes its data).");
    }

    private static CloudIdentity Create(CloudSettings settings, ServiceAccount account, string file)
    {
        var id = RandomNumberGenerator.GetString(Alphabet, 10);
        var inHome = Path.Combine(settings.Home, "postgres");
        var folder = account.CanReach(inHome) ? inHome : Path.Combine("/var/lib/cloud", id);
        var block = settings.ApiPort / 10 % NodePortBlocks;
        var first = NodePortBase + (block * NodePortsPerBlock);
        var postgres = Ports.FreeAbove(settings.AgentPort);
        var identity = new CloudIdentity(
            SchemaVersion, id, folder, postgres, Ports.FreeAbove(postgres), first, first + NodePortsPerBlock - 1);
        WritePrivate(file, JsonSerializer.Serialize(identity, Json));
        return identity;
    }

    private static void CreatePrivate(string folder) =>
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
}
