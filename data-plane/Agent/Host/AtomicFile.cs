using System.Text.Json;
using Cloud.Contracts;

namespace Cloud.Agent.Host;

/// <summary>
/// Files that are either the old or the new content, whatever is killed when: written beside the target, synced, renamed over it, and
/// the folder synced.
/// </summary>
internal static class AtomicFile
{
    /// <summary>Options of everything the agent keeps: the protocol's, indented for people who look.</summary>
    public static readonly JsonSerializerOptions Json = new(AgentProtocol.Json) { WriteIndented = true };

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Replaces the file; mode 0600 from its first byte on.</summary>
    /// <param name="isDurable">
    /// Whether it must outlive a crash of the machine, and not only of the agent; without it, the file may be empty after one.
    /// </param>
    public static void Write(string path, ReadOnlySpan<byte> content, bool isDurable = true)
    {
        var temporary = path + ".new";
        File.Delete(temporary);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = OwnerOnly,
        };
        using (var file = new FileStream(temporary, options))
        {
            file.Write(content);
            file.Flush(flushToDisk: isDurable);
        }

        File.Move(temporary, path, overwrite: true);
        if (isDurable)
        {
            Native.SyncFolder(Path.GetDirectoryName(path)!); // a path of ours always has a folder
        }
    }

    /// <summary>See <see cref="Write"/>.</summary>
    public static void WriteJson<T>(string path, T value, bool isDurable = true) =>
        Write(path, JsonSerializer.SerializeToUtf8Bytes(value, Json), isDurable);

    /// <summary>The value, or null when there is no file.</summary>
    /// <exception cref="InvalidDataException">The file is not what this build writes; names the file and a remedy.</exception>
    public static T? ReadJson<T>(string path)
        where T : class
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllBytes(path), Json)
                ?? throw new JsonException("The content is null.");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException(
                $"{path} cannot be read: {exception.Message} Restore it from a backup, or move it away to start without it.",
                exception);
        }
    }
}
