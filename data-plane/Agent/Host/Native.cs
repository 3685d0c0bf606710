using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cloud.Agent.Host;

/// <summary>
/// The few calls of the Linux kernel that the base library does not offer. Process descriptors (pidfd) name one process for good, so a
/// signal can never reach another one that got the same number later.
/// Source: Linux man-pages, pidfd_open(2), pidfd_send_signal(2), poll(2), fsync(2); the call numbers are the same on all architectures
/// (Linux <c>include/uapi/asm-generic/unistd.h</c>).
/// </summary>
internal static partial class Native
{
    public const int Sigterm = 15;

    public const int Sigkill = 9;

    private const nint PidfdSendSignal = 424;
    private const nint PidfdOpen = 434;
    private const short PollIn = 1;
    private const int OpenDirectoryReadOnly = 0x80000; // O_RDONLY | O_CLOEXEC
    private const int NoSuchProcess = 3; // ESRCH

    /// <summary>A descriptor of the process, or null when there is none with this number.</summary>
    public static SafeFileHandle? OpenProcess(int pid)
    {
        var descriptor = Syscall(PidfdOpen, pid, 0, 0, 0);
        if (descriptor >= 0)
        {
            return new SafeFileHandle(descriptor, ownsHandle: true);
        }

        var error = Marshal.GetLastPInvokeError();
        return error == NoSuchProcess ? null : throw new IOException($"pidfd_open({pid}) failed with errno {error}.");
    }

    /// <summary>Sends a signal; false when the process has ended.</summary>
    public static bool SendSignal(SafeFileHandle process, int signal)
    {
        if (Syscall(PidfdSendSignal, process.DangerousGetHandle(), signal, 0, 0) == 0)
        {
            return true;
        }

        var error = Marshal.GetLastPInvokeError();
        return error == NoSuchProcess
            ? false
            : throw new IOException($"pidfd_send_signal({signal}) failed with errno {error}.");
    }

    /// <summary>Whether the process has ended, reaped or not.</summary>
    public static bool HasEnded(SafeFileHandle process)
    {
        var request = new PollRequest { Descriptor = (int)process.DangerousGetHandle(), Events = PollIn };
        return Poll(ref request, 1, 0) > 0 && (request.Results & PollIn) != 0;
    }

    /// <summary>Makes renames within the folder durable.</summary>
    public static void SyncFolder(string path)
    {
        var descriptor = Open(path, OpenDirectoryReadOnly);
        if (descriptor < 0)
        {
            throw new IOException($"Cannot open folder {path}: errno {Marshal.GetLastPInvokeError()}.");
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (Fsync(descriptor) != 0)
        {
            throw new IOException($"Cannot sync folder {path}: errno {Marshal.GetLastPInvokeError()}.");
        }
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Syscall(nint number, nint first, nint second, nint third, nint fourth);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollRequest request, nuint count, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollRequest
    {
        public int Descriptor;
        public short Events;
        public short Results;
    }
}
