using System.Diagnostics;
using System.Globalization;
using Cloud.Agent.Host;
using Microsoft.Win32.SafeHandles;

namespace Cloud.Agent.Processes;

/// <summary>
/// One running node process, held by a process descriptor. It may be a child of this agent or one that an earlier agent started.
/// Disposing lets go of the process, which runs on.
/// </summary>
internal sealed class NodeProcess : IDisposable
{
    private readonly SafeFileHandle _descriptor;
    private readonly Process? _child;

    private NodeProcess(ProcessIdentity identity, SafeFileHandle descriptor, Process? child)
    {
        Identity = identity;
        _descriptor = descriptor;
        _child = child;
    }

    public ProcessIdentity Identity { get; }

    public bool HasEnded => Native.HasEnded(_descriptor);

    /// <summary>
    /// Takes hold of the process with this number, whatever it is; null when it has ended. The caller checks by
    /// <see cref="Identity"/> and command line that it is the one meant; from then on the descriptor stands for just that process.
    /// </summary>
    /// <param name="child">The handle of the process where this agent started it; tells the exit code later. Owned from now on.</param>
    public static NodeProcess? Open(int pid, Process? child = null)
    {
        var descriptor = Native.OpenProcess(pid);
        var identity = descriptor is null ? null : ProcessTable.IdentityOf(pid);
        if (descriptor is not null && identity is not null && !Native.HasEnded(descriptor))
        {
            return new NodeProcess(identity, descriptor, child);
        }

        descriptor?.Dispose();
        return null;
    }

    /// <summary>Asks to drain; false when the process has ended.</summary>
    public bool Terminate() => Native.SendSignal(_descriptor, Native.Sigterm);

    /// <summary>Ends it at once; false when the process has ended.</summary>
    public bool Kill() => Native.SendSignal(_descriptor, Native.Sigkill);

    /// <summary>The exit code of a child that has ended (128 + n after signal n); null for a process that another agent started.</summary>
    public int? ExitCode()
    {
        if (_child is null)
        {
            return null;
        }

        _child.WaitForExit(); // It has ended; this only waits for the base library's reaper.
        return _child.ExitCode;
    }

    public void Dispose()
    {
        _descriptor.Dispose();
        _child?.Dispose();
    }
}

/// <summary>What tells one process from all others, also across a reboot.</summary>
/// <param name="StartTicks">Clock ticks from boot to its start.</param>
/// <param name="BootId">Random per boot of the machine.</param>
internal sealed record ProcessIdentity(int Pid, long StartTicks, string BootId);

/// <summary>
/// Reads <c>/proc</c>. Source: Linux man-pages proc_pid_stat(5) (field 22 is starttime; the command in field 2 may contain spaces and
/// parentheses), proc_pid_cmdline(5).
/// </summary>
internal static class ProcessTable
{
    private static readonly Lazy<string> Boot = new(() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim());

    /// <summary>Null when there is no such process.</summary>
    public static ProcessIdentity? IdentityOf(int pid)
    {
        var stat = ReadOrNull($"/proc/{pid}/stat");
        if (stat is null)
        {
            return null;
        }

        var afterCommand = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        const int StartTimeAfterCommand = 19; // field 22, counted from field 3
        var ticks = long.Parse(afterCommand[StartTimeAfterCommand], NumberStyles.None, CultureInfo.InvariantCulture);
        return new ProcessIdentity(pid, ticks, Boot.Value);
    }

    /// <summary>The arguments, program first; empty for a process that has ended.</summary>
    public static string[] ArgumentsOf(int pid) =>
        ReadOrNull($"/proc/{pid}/cmdline")?.TrimEnd('\0').Split('\0') ?? [];

    /// <summary>
    /// Processes of this user whose arguments say that they run with the configuration file given. The path lies within the agent's
    /// home, which makes it a name that no other program carries.
    /// </summary>
    public static IEnumerable<int> WithConfig(string configFile)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && RunsWith(pid, configFile))
            {
                yield return pid;
            }
        }
    }

    /// <summary>Whether the process runs as this user with <c>--config &lt;file&gt;</c>.</summary>
    public static bool RunsWith(int pid, string configFile)
    {
        var arguments = ArgumentsOf(pid);
        var option = Array.IndexOf(arguments, "--config");
        return option >= 0
            && option + 1 < arguments.Length
            && string.Equals(arguments[option + 1], configFile, StringComparison.Ordinal)
            && UserOf(pid) == UserOf(Environment.ProcessId);
    }

    private static string? UserOf(int pid) =>
        ReadOrNull($"/proc/{pid}/status")?.Split('\n').FirstOrDefault(line => line.StartsWith("Uid:", StringComparison.Ordinal));

    private static string? ReadOrNull(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null; // The process has ended, or is not ours to look at.
        }
    }
}
