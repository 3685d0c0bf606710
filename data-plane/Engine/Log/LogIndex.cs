using Cloud.Codec;

namespace Cloud.Engine.Log;

/// <summary>Where the live entries of every region are, and the newest hard state of each. Not thread-safe.</summary>
internal sealed class LogIndex
{
    private readonly Dictionary<ulong, RegionLog> _regions = [];

    internal IReadOnlyDictionary<ulong, RegionLog> Regions => _regions;

    /// <summary>Takes over a record that stands at a position of a file.</summary>
    /// <returns>Null, or what is wrong with it.</returns>
    internal string? Add(in LogRecord record, ulong segment, long offset)
    {
        ref var region = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(
            _regions, record.Region, out _);
        region ??= new RegionLog();
        switch (record.Kind)
        {
            case LogRecordKind.Entry:
                return region.Append(record.Index, new LogPosition(segment, offset, record.Bytes, record.Term));
            case LogRecordKind.HardState when record.Payload.Length == 16:
                var reader = new ByteReader(record.Payload);
                region.HardState = new LogHardState(
                    record.Term, reader.ReadUInt64LittleEndian(), reader.ReadUInt64LittleEndian());
                return null;
            case LogRecordKind.Compacted:
                region.Compact(record.Index);
                return null;
            default:
                return $"a record of kind {(byte)record.Kind} and {record.Payload.Length} payload bytes is not known";
        }
    }

    /// <summary>The oldest segment that an entry is still needed of; null when none is.</summary>
    internal ulong? OldestSegment()
    {
        ulong? oldest = null;
        foreach (var region in _regions.Values)
        {
            if (region.Count > 0 && (oldest is null || region[0].Segment < oldest))
            {
                oldest = region[0].Segment;
            }
        }

        return oldest;
    }
}

/// <summary>A record's place. Sizes are in bytes.</summary>
internal readonly record struct LogPosition(ulong Segment, long Offset, int Length, ulong Term);

/// <summary>The entries of one region, from the first that is needed to the last.</summary>
internal sealed class RegionLog
{
    private readonly List<LogPosition> _positions = [];

    /// <summary>Index of the first entry kept; one more than <see cref="Last"/> when there is none.</summary>
    internal ulong First { get; private set; } = 1;

    internal ulong Last => First + (ulong)_positions.Count - 1;

    internal int Count => _positions.Count;

    internal LogHardState? HardState { get; set; }

    internal LogPosition this[int position] => _positions[position];

    internal string? Append(ulong index, LogPosition position)
    {
        if (_positions.Count == 0 && index > First)
        {
            First = index; // What came before was purged with its file.
        }

        if (index < First || index > Last + 1)
        {
            return $"entry {index} does not continue the entries {First} to {Last}";
        }

        _positions.RemoveRange((int)(index - First), _positions.Count - (int)(index - First));
        _positions.Add(position);
        return null;
    }

    internal void Compact(ulong through)
    {
        if (through < First)
        {
            return;
        }

        var removed = (int)Math.Min(through - First + 1, (ulong)_positions.Count);
        _positions.RemoveRange(0, removed);
        First = through + 1 > First + (ulong)removed ? through + 1 : First + (ulong)removed;
    }
}
