using System.Text.Json;
using Cloud.Local.Processes;

namespace Cloud.Local.Supervision;

/// <summary>Remembers which processes are ours across a crash of the supervisor: <c>run/&lt;name&gt;.pid</c>.</summary>
public static class PidFile
{
    public const string Supervisor = "supervisor";

    public static void Write(CloudSettings settings, string name, ProcessIdentity? process)
    {
        if (process is not null)
        {
            CloudHome.WritePrivate(PathOf(settings, name), JsonSerializer.Serialize(process));
        }
    }

    public static void Delete(CloudSettings settings, string name) => File.Delete(PathOf(settings, name));

    /// <summary>The process if it still runs; null when there is none, or its file is damaged.</summary>
    public static ProcessIdentity? FindAlive(CloudSettings settings, string name)
    {
        var file = PathOf(settings, name);
        if (!File.Exists(file))
        {
            return null;
        }

        try
        {
            var process = JsonSerializer.Deserialize<ProcessIdentity>(File.ReadAllText(file));
            return process is { IsAlive: true } ? process : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string PathOf(CloudSettings settings, string name) => Path.Combine(settings.RunFolder, name + ".pid");
}
