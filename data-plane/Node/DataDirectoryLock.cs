using System.Globalization;

namespace Cloud.Node;

/// <summary>
/// Holds a data directory for one process: an exclusive lock on its file <c>LOCK</c>, which the kernel gives up with
/// the process,
/// however it ends. The file holds the process id, for people.
/// </summary>
internal sealed class DataDirectoryLock : IDisposable
{
    private readonly FileStream _file;

    private DataDirectoryLock(FileStream file) => _file = file;

    /// <summary>Makes the directory where it is missing, and locks it.</summary>
    /// <exception cref="NodeExitException">Another process has it, or it cannot be written.</exception>
    public static DataDirectoryLock Take(string directory)
    {
        var path = Path.Combine(directory, "LOCK");
        try
        {
            Directory.CreateDirectory(directory);
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            file.SetLength(0);
            file.Write(System.Text.Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
            file.Flush();
            return new DataDirectoryLock(file);
        }
        catch (IOException error)
        {
            throw new NodeExitException(
                ExitCodes.DataInUse,
                $"The data directory {directory} is in use by another process (its id may be in {path}), or cannot be locked: {error.Message}",
                error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new NodeExitException(ExitCodes.Failed, $"The data directory {directory} cannot be written: {error.Message}", error);
        }
    }

    public void Dispose() => _file.Dispose();
}
