using System.Diagnostics;
using Cloud.Contracts;

namespace Cloud.Agent.Processes;

/// <summary>
/// Starts node processes so that they outlive the agent: in a session of their own, with output straight into the log file.
/// At most one process per instance can exist: each holds an exclusive lock on a file of its folder from before its first instruction
/// until its end, because the shell that takes the lock becomes the node (exec keeps descriptor and process id). An agent that is
/// killed at any point therefore leaves no process or one, and the next agent finds it by its configuration file's path.
/// </summary>
internal static class NodeLauncher
{
    /// <summary>Exit code of the shell when another process of the instance lives. Source: sysexits.h, EX_TEMPFAIL.</summary>
    public const int AlreadyRunning = 75;

    private const string Script = """
        umask 077
        exec 9>"$1" >>"$2" 2>&1 </dev/null
        flock -n 9 || exit 75
        shift 2
        while [ "$1" != -- ]; do echo $$ > "$1" || echo "cloud-agent: cannot join cgroup $1"; shift; done
        shift
        exec setsid "$@"
        """;

    /// <summary>Starts the process; it may end at once.</summary>
    /// <returns>The handle of the child, whose process id is the node's.</returns>
    /// <exception cref="System.ComponentModel.Win32Exception">The shell cannot be started.</exception>
    public static Process Start(LaunchRequest request)
    {
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = request.Folder, UseShellExecute = false };
        IEnumerable<string> arguments =
        [
            "-c", Script, "cloud-agent", request.LockFile, request.LogFile, .. request.CgroupFiles, "--",
            request.Binary, request.Role.Word(), "--instance", request.Instance, "--config", request.ConfigFile,
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in request.Environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start) ?? throw new InvalidOperationException("No process was started.");
    }
}

/// <param name="CgroupFiles">The <c>cgroup.procs</c> files the process joins before it runs.</param>
internal sealed record LaunchRequest(
    string Binary,
    InstanceRole Role,
    string Instance,
    string Folder,
    string ConfigFile,
    string LockFile,
    string LogFile,
    IReadOnlyList<string> CgroupFiles,
    IReadOnlyDictionary<string, string> Environment);
