using System.Buffers.Binary;
using Cloud.Codec;

namespace Cloud.Engine.Log;

/// <summary>
/// Bytes of a log file: a header of 32 bytes, then frames, one per group commit, each a multiple of 8 bytes long.
/// Integers are little-endian.
/// <code>
/// segment: magic "CloudLog" | version u32 | crc u32 of the 16 bytes after it | segment id u64 | sequence of its first
/// frame u64 frame:   magic u32 | body bytes u32 | sequence u64 | records u32 | reserved u32 (0) | crc u32 of the body
/// | crc u32 of the 28 bytes before record:  bytes u32 | crc u32 of the rest | kind u8 | region u64 | index u64 | term
/// u64 | payload
/// </code>
/// A frame is written only after its predecessor was synced. So a damaged frame that a valid one of a higher sequence
/// follows is damage to synced data, and one that none follows is a write that never was acknowledged.
/// </summary>
internal static class LogFormat
{
    internal const uint Version = 1;
    internal const int SegmentHeaderBytes = 32;
    internal const int FrameHeaderBytes = 32;
    internal const int RecordHeaderBytes = 8;
    internal const int RecordFixedBytes = 25;
    internal const int Alignment = 8;

    private const uint FrameMagic = 0x31464C43; // "CLF1"

    private static ReadOnlySpan<byte> SegmentMagic => "CloudLog"u8;

    internal static void WriteSegmentHeader(Span<byte> header, ulong segmentId, ulong firstSequence)
    {
        SegmentMagic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], Version);
        BinaryPrimitives.WriteUInt64LittleEndian(header[16..], segmentId);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], firstSequence);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], Crc32C.Compute(header[16..SegmentHeaderBytes]));
    }

    /// <summary>False when the header was not completely written.</summary>
    /// <exception cref="EngineException">Another version wrote it.</exception>
    internal static bool TryReadSegmentHeader(
        ReadOnlySpan<byte> file, string path, out ulong segmentId, out ulong firstSequence)
    {
        segmentId = firstSequence = 0;
        if (file.Length < SegmentHeaderBytes || !file[..8].SequenceEqual(SegmentMagic))
        {
            return false;
        }

        var version = BinaryPrimitives.ReadUInt32LittleEndian(file[8..]);
        if (version != Version && version != 0)
        {
            throw new EngineException(
                $"{path} was written in log format {version}; this build reads format {Version}: start the version that wrote it");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(file[12..]) != Crc32C.Compute(file[16..SegmentHeaderBytes]))
        {
            return false;
        }

        segmentId = BinaryPrimitives.ReadUInt64LittleEndian(file[16..]);
        firstSequence = BinaryPrimitives.ReadUInt64LittleEndian(file[24..]);
        return true;
    }

    internal static void AppendRecord(
        ByteBuffer frame, LogRecordKind kind, ulong region, ulong index, ulong term, ReadOnlySpan<byte> payload)
    {
        var record = frame.Append(RecordHeaderBytes + RecordFixedBytes + payload.Length);
        var body = record[RecordHeaderBytes..];
        body[0] = (byte)kind;
        BinaryPrimitives.WriteUInt64LittleEndian(body[1..], region);
        BinaryPrimitives.WriteUInt64LittleEndian(body[9..], index);
        BinaryPrimitives.WriteUInt64LittleEndian(body[17..], term);
        payload.CopyTo(body[RecordFixedBytes..]);
        BinaryPrimitives.WriteUInt32LittleEndian(record, (uint)body.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record[4..], Crc32C.Compute(body));
    }

    /// <summary>Pads the frame, whose header was left free, and fills the header in.</summary>
    internal static void CompleteFrame(ByteBuffer frame, ulong sequence, uint records)
    {
        frame.Append((Alignment - (frame.Length % Alignment)) % Alignment).Clear();
        var header = frame.Slice(0, FrameHeaderBytes);
        var body = frame.Written[FrameHeaderBytes..];
        BinaryPrimitives.WriteUInt32LittleEndian(header, FrameMagic);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], (uint)body.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], sequence);
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], records);
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(header[24..], Crc32C.Compute(body));
        BinaryPrimitives.WriteUInt32LittleEndian(header[28..], Crc32C.Compute(header[..28]));
    }

    /// <summary>The frame header at the front, when its own checksum holds.</summary>
    internal static bool TryReadFrameHeader(ReadOnlySpan<byte> bytes, out FrameHeader header)
    {
        header = default;
        if (bytes.Length < FrameHeaderBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != FrameMagic
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[28..]) != Crc32C.Compute(bytes[..28]))
        {
            return false;
        }

        header = new FrameHeader(
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[24..]));
        return true;
    }

    /// <summary>Whether a whole, undamaged frame stands at the front.</summary>
    internal static bool TryReadFrame(ReadOnlySpan<byte> bytes, out FrameHeader header, out ReadOnlySpan<byte> body)
    {
        body = default;
        if (!TryReadFrameHeader(bytes, out header) || header.BodyBytes > (uint)(bytes.Length - FrameHeaderBytes))
        {
            return false;
        }

        body = bytes.Slice(FrameHeaderBytes, (int)header.BodyBytes);
        return Crc32C.Compute(body) == header.BodyChecksum;
    }

    /// <summary>The record at the front of a body; false when it is damaged.</summary>
    internal static bool TryReadRecord(ReadOnlySpan<byte> bytes, out LogRecord record)
    {
        record = default;
        if (bytes.Length < RecordHeaderBytes)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (length < RecordFixedBytes || length > (uint)(bytes.Length - RecordHeaderBytes))
        {
            return false;
        }

        var body = bytes.Slice(RecordHeaderBytes, (int)length);
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) != Crc32C.Compute(body))
        {
            return false;
        }

        record = new LogRecord
        {
            Kind = (LogRecordKind)body[0],
            Region = BinaryPrimitives.ReadUInt64LittleEndian(body[1..]),
            Index = BinaryPrimitives.ReadUInt64LittleEndian(body[9..]),
            Term = BinaryPrimitives.ReadUInt64LittleEndian(body[17..]),
            Payload = body[RecordFixedBytes..],
            Bytes = RecordHeaderBytes + (int)length,
        };
        return true;
    }
}

internal enum LogRecordKind : byte
{
    Entry = 1,

    /// <summary>Payload: vote u64, commit u64; the term is the record's.</summary>
    HardState = 2,

    /// <summary>Entries up to the index are not needed any more.</summary>
    Compacted = 3,
}

internal readonly record struct FrameHeader(uint BodyBytes, ulong Sequence, uint Records, uint BodyChecksum);

internal readonly ref struct LogRecord
{
    internal LogRecordKind Kind { get; init; }

    internal ulong Region { get; init; }

    internal ulong Index { get; init; }

    internal ulong Term { get; init; }

    internal ReadOnlySpan<byte> Payload { get; init; }

    /// <summary>Length in the file, with its header.</summary>
    internal int Bytes { get; init; }
}
