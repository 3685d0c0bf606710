using System.Globalization;
using Cloud.Local.Processes;

namespace Cloud.TestKit;

/// <summary>A process and its descendants at one moment. PostgreSQL's backends lead sessions of their own, so a group is not enough.</summary>
public sealed class ProcessTree(IReadOnlyList<ProcessIdentity> processes)
{
    public const int Continue = 18;
    public const int Stop = 19;

    public static ProcessTree Of(ProcessIdentity root)
    {
        var parents = Directory.GetDirectories("/proc")
            .Select(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var pid) ? pid : 0)
            .Where(pid => pid > 0)
            .Select(pid => (Pid: pid, Parent: ParentOf(pid)))
            .ToLookup(process => process.Parent, process => process.Pid);
        var found = new List<ProcessIdentity>();
        var open = new Queue<int>([root.Pid]);
        while (open.TryDequeue(out var pid))
        {
            if (ProcessIdentity.Of(pid) is { } identity)
            {
                found.Add(identity);
            }

            foreach (var child in parents[pid])
            {
                open.Enqueue(child);
            }
        }

        return new ProcessTree(found);
    }

    public void SendToAll(int signal)
    {
        foreach (var process in processes)
        {
            Signals.Send(process, signal);
        }
    }

    /// <summary>Field 4 of proc(5)'s stat; 0 when the process is gone.</summary>
    private static int ParentOf(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
