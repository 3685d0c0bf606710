namespace Cloud.Engine.Log;

/// <summary>One entry of a region's log as it was read back; owns its payload.</summary>
public readonly record struct LogEntry(ulong Index, ulong Term, byte[] Payload);

/// <summary>
/// What a Raft peer must not forget besides its entries. Source: Raft paper, figure 2, persistent state.
/// </summary>
public readonly record struct LogHardState(ulong Term, ulong Vote, ulong Commit);

/// <summary>
/// An entry on its way to the disk. The log calls exactly one of <see cref="OnDurable"/> and <see cref="OnFailed"/>,
/// from its own thread and in the order of submission; neither may block or throw. The payload must not change before
/// that.
/// </summary>
public abstract class LogWrite
{
    public ulong RegionId { get; protected set; }

    /// <summary>
    /// One more than the region's last entry, or less: then that entry and all after it are replaced.
    /// </summary>
    public ulong Index { get; protected set; }

    public ulong Term { get; protected set; }

    public abstract ReadOnlySpan<byte> Payload { get; }

    /// <summary>The entry and everything submitted before it survive a machine failure.</summary>
    public abstract void OnDurable();

    /// <summary>It is not known whether the entry is on disk; the log takes no more.</summary>
    public abstract void OnFailed(Exception error);
}

/// <summary>Settings of a log.</summary>
public sealed record RaftLogOptions
{
    /// <summary>A folder of the log's own.</summary>
    public required string Directory { get; init; }

    /// <summary>A new file is begun when one is at least this long. Chosen here: purging frees whole files.</summary>
    public long SegmentBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>
    /// Payload bytes after which a group is synced though more is waiting; bounds the latency of the first in the
    /// group.
    /// </summary>
    public int GroupBytesMax { get; init; } = 4 * 1024 * 1024;
}
