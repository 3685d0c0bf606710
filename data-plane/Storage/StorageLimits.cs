using Cloud.Kernel;

namespace Cloud.Storage;

/// <summary>
/// Limits of one store. Requests beyond them are refused with the protocol's own errors and change nothing.
/// </summary>
public sealed record StorageLimits
{
    /// <summary>Longest key of a user, before encoding. Source: TiKV's <c>storage.max-key-size</c>.</summary>
    public int KeyBytesMax { get; init; } = 8 * 1024;

    /// <summary>
    /// Longest value. Chosen here: TiDB's largest transaction entry (6 MiB), above the 4 MiB blocks of JuiceFS and
    /// below the entry limit.
    /// </summary>
    public int ValueBytesMax { get; init; } = 6 * 1024 * 1024;

    /// <summary>Largest replicated command. Source: TiKV's <c>raftstore.raft-entry-max-size</c>.</summary>
    public int EntryBytesMax { get; init; } = 8 * 1024 * 1024;

    /// <summary>
    /// Commands of one region that wait for the log or for being applied; more are told that the server is busy.
    /// </summary>
    public int PendingProposalsMax { get; init; } = 8192;

    /// <summary>Bytes of these commands.</summary>
    public ByteSize PendingProposalBytesMax { get; init; } = ByteSize.FromMiB(128);

    /// <summary>
    /// Most pairs of the answer to one scan; a scan that would give more is refused. Chosen here: client-go asks for 256 (transactional) to
    /// 10,240 (raw) at once.
    /// </summary>
    public int ScanLimitMax { get; init; } = 64 * 1024;

    /// <summary>
    /// Most bytes of keys and values in the answer to one scan; a scan that would give more is refused. An answer is never cut short: clients
    /// take fewer pairs than they asked for as the region's end, and would skip the rest. Chosen here, with one value and the framing of pairs
    /// below the transport's limit of answers.
    /// </summary>
    public int ScanBytesMax { get; init; } = 192 * 1024 * 1024;

    /// <summary>Whether the answer to a scan takes no further pair.</summary>
    internal bool IsScanFull(int pairs, long bytes) => pairs >= ScanLimitMax || bytes >= ScanBytesMax;

    /// <summary>
    /// Longest wait for a lock before the client is asked to look again. Source: TiKV's <c>wait-for-lock-timeout</c>.
    /// </summary>
    public TimeSpan LockWaitMax { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Waiters of all keys together; more are answered with the lock at once. Chosen here.</summary>
    public int LockWaitersMax { get; init; } = 16 * 1024;

    /// <summary>
    /// Delay before all but the oldest waiter of a released lock are woken. Source: TiKV's
    /// <c>wake-up-delay-duration</c>.
    /// </summary>
    public TimeSpan WakeUpDelay { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// Log bytes above which what is applied is made durable in the engine and purged from the log. Chosen here.
    /// </summary>
    public ByteSize LogBytesMax { get; init; } = ByteSize.FromMiB(64);
}
