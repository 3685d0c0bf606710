using System.Runtime.InteropServices;

namespace Cloud.Local.Processes;

/// <summary>Signals to processes and process groups. Source: kill(2).</summary>
public static partial class Signals
{
    public const int Interrupt = 2;
    public const int Quit = 3;
    public const int Kill = 9;
    public const int Terminate = 15;

    /// <summary>Sends a signal to the process if that very process still runs; a process that is gone is not an error.</summary>
    public static void Send(ProcessIdentity process, int signal)
    {
        if (process.IsAlive)
        {
            _ = KillNative(process.Pid, signal);
        }
    }

    /// <summary>Sends a signal to the process group that the process leads.</summary>
    public static void SendToGroup(ProcessIdentity leader, int signal)
    {
        if (leader.IsAlive)
        {
            _ = KillNative(-leader.Pid, signal);
        }
    }

    /// <summary>Ends a process group: the signal given, then SIGKILL when the limit has passed. Returns when the leader is gone.</summary>
    /// <returns>False when SIGKILL was needed.</returns>
    public static async Task<bool> EndGroupAsync(ProcessIdentity leader, int signal, TimeSpan limit, CancellationToken cancellationToken)
    {
        SendToGroup(leader, signal);
        if (await WaitForEndAsync(leader, limit, cancellationToken))
        {
            return true;
        }

        SendToGroup(leader, Kill);
        await WaitForEndAsync(leader, TimeSpan.FromSeconds(5), cancellationToken);
        return false;
    }

    /// <summary>Waits until the process is gone, at most as long as given.</summary>
    public static async Task<bool> WaitForEndAsync(ProcessIdentity process, TimeSpan limit, CancellationToken cancellationToken)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (process.IsAlive)
        {
            if (TimeProvider.System.GetElapsedTime(deadline) > limit)
            {
                return false;
            }

            await Task.Delay(20, cancellationToken);
        }

        return true;
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int KillNative(int pid, int signal);
}
