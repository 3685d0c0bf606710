using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cloud.Engine.Log;

/// <summary>The files of a log: <c>00000000000000000001.log</c> and so on, ids without gaps.</summary>
internal static partial class LogFiles
{
    private const string Extension = ".log";

    internal static string PathOf(string directory, ulong segment) =>
        Path.Combine(directory, segment.ToString("D20", CultureInfo.InvariantCulture) + Extension);

    /// <summary>Ids in ascending order.</summary>
    internal static List<ulong> List(string directory)
    {
        var segments = new List<ulong>();
        foreach (var path in Directory.EnumerateFiles(directory, "*" + Extension))
        {
            if (ulong.TryParse(
                Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            {
                segments.Add(id);
            }
        }

        segments.Sort();
        return segments;
    }

    /// <summary>Creates a file with its header; when this returns, a crash does not lose the file.</summary>
    internal static SafeFileHandle Create(string directory, ulong segment, ulong firstSequence)
    {
        var handle = File.OpenHandle(PathOf(directory, segment), FileMode.Create, FileAccess.ReadWrite, FileShare.Read);
        Span<byte> header = stackalloc byte[LogFormat.SegmentHeaderBytes];
        LogFormat.WriteSegmentHeader(header, segment, firstSequence);
        RandomAccess.Write(handle, header, 0);
        RandomAccess.FlushToDisk(handle);
        DurableFiles.SyncDirectory(directory);
        return handle;
    }

    /// <summary>Makes written bytes (and a file's length) durable; on Linux without the times of the file.</summary>
    internal static void SyncData(SafeFileHandle handle)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(handle);
            return;
        }

        if (FileDataSync(handle) != 0)
        {
            throw new IOException($"fdatasync failed: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FileDataSync(SafeFileHandle handle);
}
