using System.Globalization;

namespace Cloud.Local.Processes;

/// <summary>
/// Names one life of a process: a pid alone may be reused by a stranger, a pid with its start time may not.
/// Source: proc(5), field 22 (starttime) of <c>/proc/[pid]/stat</c>, in clock ticks since boot.
/// </summary>
public sealed record ProcessIdentity(int Pid, ulong StartTicks)
{
    /// <summary>The identity of a running process; null when there is none or it is a zombie.</summary>
    public static ProcessIdentity? Of(int pid)
    {
        string stat;
        try
        {
            stat = File.ReadAllText($"/proc/{pid}/stat");
        }
        catch (IOException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }

        // The command name, field 2, is in parentheses and may hold spaces and parentheses itself.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return fields[0] is "Z" or "X"
            ? null
            : new ProcessIdentity(pid, ulong.Parse(fields[19], CultureInfo.InvariantCulture));
    }

    /// <summary>Whether this very process still runs.</summary>
    public bool IsAlive => Of(Pid) == this;
}
