namespace Cloud.Engine.Log;

/// <summary>What is found when a log is opened.</summary>
/// <param name="Index">All live entries.</param>
/// <param name="Segments">Files kept, ascending; empty for a new log.</param>
/// <param name="NextSequence">Of the next frame.</param>
/// <param name="TailBytes">Length of the last file after its torn tail was cut off.</param>
/// <param name="CutBytes">Bytes cut off.</param>
internal sealed record LogRecovery(
    LogIndex Index, List<ulong> Segments, ulong NextSequence, long TailBytes, long CutBytes)
{
    /// <summary>Reads a log folder and cuts off what was never acknowledged.</summary>
    /// <exception cref="EngineException">Data that had been synced is damaged or missing, or another version wrote
    /// it.</exception>
    internal static LogRecovery Run(string directory)
    {
        var index = new LogIndex();
        var segments = LogFiles.List(directory);
        ulong sequence = 0;
        long tail = 0;
        long cut = 0;
        for (var i = 0; i < segments.Count; i++)
        {
            var path = LogFiles.PathOf(directory, segments[i]);
            var isLast = i == segments.Count - 1;
            var file = File.ReadAllBytes(path);
            if (!LogFormat.TryReadSegmentHeader(file, path, out var id, out var first) || id != segments[i])
            {
                if (!isLast || FindFrame(file, 0, sequence) >= 0)
                {
                    throw Corrupt(path, 0, "its header is damaged");
                }

                // Creating the file was interrupted; nothing in it was acknowledged.
                File.Delete(path);
                DurableFiles.SyncDirectory(directory);
                segments.RemoveAt(i);
                tail = segments.Count > 0 ? new FileInfo(LogFiles.PathOf(directory, segments[^1])).Length : 0;
                break;
            }

            if ((i > 0 && id != segments[i - 1] + 1) || (sequence != 0 && first != sequence))
            {
                throw Corrupt(
                    path, 0, $"it begins with frame {first} where {sequence} is expected: a file before it is missing");
            }

            sequence = first;
            tail = ReadFrames(file, path, id, index, ref sequence);
            if (tail < file.Length)
            {
                var intact = FindFrame(file, tail, sequence + 1);
                if (!isLast || intact >= 0)
                {
                    throw Corrupt(path, tail, intact >= 0 ? $"an intact frame follows at byte {intact}" : "a newer file follows");
                }

                cut = file.Length - tail;
                Cut(path, tail);
            }
        }

        return new LogRecovery(index, segments, Math.Max(sequence, 1), tail, cut);
    }

    private static long ReadFrames(
        ReadOnlySpan<byte> file, string path, ulong segment, LogIndex index, ref ulong sequence)
    {
        long at = LogFormat.SegmentHeaderBytes;
        while (LogFormat.TryReadFrame(file[(int)at..], out var header, out var body) && header.Sequence == sequence)
        {
            var recordAt = at + LogFormat.FrameHeaderBytes;
            for (uint i = 0; i < header.Records; i++)
            {
                var error = LogFormat.TryReadRecord(body, out var record)
                    ? index.Add(record, segment, recordAt)
                    : "a record does not match its checksum";
                if (error is not null)
                {
                    throw Corrupt(path, recordAt, error);
                }

                body = body[record.Bytes..];
                recordAt += record.Bytes;
            }

            at += LogFormat.FrameHeaderBytes + header.BodyBytes;
            sequence++;
        }

        return at;
    }

    /// <summary>The offset of an intact frame of at least the sequence given, or −1.</summary>
    private static long FindFrame(ReadOnlySpan<byte> file, long from, ulong sequence)
    {
        var aligned = (from + LogFormat.Alignment - 1) / LogFormat.Alignment * LogFormat.Alignment;
        for (var at = aligned; at < file.Length; at += LogFormat.Alignment)
        {
            if (LogFormat.TryReadFrame(file[(int)at..], out var header, out _) && header.Sequence >= sequence)
            {
                return at;
            }
        }

        return -1;
    }

    private static void Cut(string path, long length)
    {
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.SetLength(handle, length);
        RandomAccess.FlushToDisk(handle);
    }

    private static EngineException Corrupt(string path, long offset, string detail) => new(
        $"the log file {path} is damaged at byte {offset} in data that had been synced ({detail}). Nothing was changed. " +
        "Restore the folder from a backup or replace this store by a new one; do not delete the file, acknowledged writes are in it");
}
