namespace Cloud.TestKit;

/// <summary>A folder that is deleted with its contents when the test ends; other accounts can pass through it.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder()
    {
        Path = System.IO.Path.Combine("/var/tmp", $"cloud-test-{Guid.NewGuid():N}"[..24]);
        Directory.CreateDirectory(Path);
        File.SetUnixFileMode(
            Path,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
    }

    public string Path { get; }

    public void Dispose()
    {
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
