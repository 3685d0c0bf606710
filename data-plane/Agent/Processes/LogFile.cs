namespace Cloud.Agent.Processes;

/// <summary>
/// A node's log: the process appends to it, the agent keeps it within bounds. A full file is copied to <c>.1</c> and emptied in place,
/// because the process holds it open (O_APPEND goes on at the new end); lines written during the copy may be lost.
/// </summary>
internal static class LogFile
{
    public const long BytesMax = 16 * 1024 * 1024;

    /// <summary>Older files that are kept, <c>.1</c> the newest.</summary>
    public const int Kept = 3;

    /// <summary>Rotates when the file is larger than the limit.</summary>
    public static void RotateIfFull(string path, long bytesMax = BytesMax)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.Length <= bytesMax)
        {
            return;
        }

        for (var i = Kept - 1; i >= 1; i--)
        {
            if (File.Exists($"{path}.{i}"))
            {
                File.Move($"{path}.{i}", $"{path}.{i + 1}", overwrite: true);
            }
        }

        File.Copy(path, path + ".1", overwrite: true);
        using var live = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        live.SetLength(0);
    }

    /// <summary>The last line that says something, cut to 300 characters; null when there is none. For error reports.</summary>
    public static string? LastLine(string path)
    {
        const int TailBytes = 4096;
        const int CharactersMax = 300;
        if (!File.Exists(path))
        {
            return null;
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.Seek(-Math.Min(file.Length, TailBytes), SeekOrigin.End);
        using var reader = new StreamReader(file);
        var line = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault();
        return line is { Length: > CharactersMax } ? line[..CharactersMax] : line;
    }
}
