using System.Buffers.Binary;
using Cloud.Codec;

namespace Cloud.Pd.Meta;

/// <summary>What both of PD's files have in common: an 8-byte head (magic, version), then frames of length, checksum, payload.</summary>
internal static class MetaFiles
{
    /// <summary>Bytes of the head: 4 of magic, 4 of version, little-endian.</summary>
    public const int HeadBytes = 8;

    /// <summary>Bytes before a frame's payload: its length and its CRC-32C, little-endian.</summary>
    public const int FrameHeadBytes = 8;

    /// <summary>Largest payload accepted; a longer one is damage.</summary>
    public const int FrameBytesMax = 256 * 1024 * 1024;

    /// <summary>The only version there is. A file of another version is refused.</summary>
    public const uint Version = 1;

    public static byte[] Head(ReadOnlySpan<byte> magic)
    {
        var head = new byte[HeadBytes];
        magic.CopyTo(head);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(4), Version);
        return head;
    }

    /// <summary>Checks a file's head.</summary>
    /// <exception cref="PdStateException">It is another kind of file, or of another version.</exception>
    public static void RequireHead(ReadOnlySpan<byte> file, ReadOnlySpan<byte> magic, string path)
    {
        if (file.Length < HeadBytes || !file[..4].SequenceEqual(magic))
        {
            throw new PdStateException($"{path} is not a file of PD. Restore the data folder from a backup, or remove it to begin anew.");
        }

        var version = BinaryPrimitives.ReadUInt32LittleEndian(file[4..]);
        if (version != Version)
        {
            throw new PdStateException($"{path} has format version {version}, this build reads {Version}. Start it with a build that reads it.");
        }
    }

    /// <summary>Fills in the head of a frame whose payload follows it in the buffer.</summary>
    public static void SealFrame(Span<byte> frame)
    {
        var payload = frame[FrameHeadBytes..];
        BinaryPrimitives.WriteUInt32LittleEndian(frame, (uint)payload.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], Crc32C.Compute(payload));
    }

    /// <summary>Whether a whole, undamaged frame is at the front of <paramref name="bytes"/>.</summary>
    public static bool TryReadFrame(ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> payload)
    {
        payload = default;
        if (bytes.Length < FrameHeadBytes)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (length == 0 || length > FrameBytesMax || length > bytes.Length - FrameHeadBytes)
        {
            return false;
        }

        payload = bytes.Slice(FrameHeadBytes, (int)length);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) == Crc32C.Compute(payload);
    }

    /// <summary>Replaces a file: after a crash there is either the old one or the new one, whole.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var temporary = path + ".tmp";
        using (var file = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(file, content, 0);
            RandomAccess.FlushToDisk(file);
        }

        File.Move(temporary, path, overwrite: true);
        FolderSync.Flush(Path.GetDirectoryName(path)!); // Paths here are absolute and have a folder.
    }
}

/// <summary>PD's persisted state cannot be used; the message says why and what to do. PD does not start over it.</summary>
public sealed class PdStateException(string message) : Exception(message);
