using Cloud.Engine.Log;
using Cloud.Kernel;
using Cloud.Rpc.Proto.Errorpb;
using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Rpc.Proto.Metapb;
using Cloud.Storage.Replication;

namespace Cloud.Storage.Regions;

/// <summary>
/// This store's replica of one region, and the only way to change its data: <see cref="ProposeAsync"/> → log → apply.
/// <para>Invariants. Indexes are given out in the order in which entries reach the log. A proposal is answered only
/// after it was applied, so a read that starts after the answer sees it. With one voter an entry is committed when it
/// is durable, and the voter leads for as long as the process lives, so reads need no round. Entries of an earlier life
/// are applied before the first request is served.</para>
/// Thread-safe. Source: Raft paper §5.3, §6.4 of the dissertation (reads by lease).
/// </summary>
internal sealed class RegionPeer
{
    private readonly RaftLog _log;
    private readonly StorageLimits _limits;
    private readonly ProposalPool _pool;
    private readonly Lock _gate = new();
    private volatile Region _region;
    private ulong _lastIndex;
    private int _pending;
    private long _pendingBytes;
    private long _appliedIndex;

    internal RegionPeer(
        Region region, Peer self, ulong term, ulong lastIndex, RaftLog log, ProposalPool pool, StorageLimits limits)
    {
        _region = region;
        Self = self;
        Term = term;
        _lastIndex = lastIndex;
        _appliedIndex = (long)lastIndex;
        _log = log;
        _pool = pool;
        _limits = limits;
    }

    internal ulong Id => _region.Id;

    /// <summary>Not to be changed; a new object replaces it when the region changes.</summary>
    internal Region Region => _region;

    internal Peer Self { get; }

    /// <summary>One more in every life of the process.</summary>
    internal ulong Term { get; }

    internal RegionTraffic Traffic { get; } = new();

    /// <summary>Every entry up to here is in the engine (though perhaps not synced there).</summary>
    internal ulong AppliedIndex => (ulong)Interlocked.Read(ref _appliedIndex);

    /// <summary>Proposals not answered yet.</summary>
    internal int Pending => Volatile.Read(ref _pending);

    /// <summary>Peer, leadership, term and epoch of a request that names this region.</summary>
    internal Error? Check(Context context)
    {
        if (context.Peer.Id != Self.Id)
        {
            return RegionErrors.MismatchPeerId(context.Peer.Id, Self.Id);
        }

        if (context.StaleRead)
        {
            return RegionErrors.DataIsNotReady(Id, Self.Id);
        }

        // A term of 0 is a client that does not care; one term back is still accepted, as the leader may just have
        // changed.
        if (context.Term != 0 && Term > context.Term + 1)
        {
            return RegionErrors.StaleCommand(context.Term, Term);
        }

        var region = _region;
        return context.RegionEpoch is { } epoch && epoch.Version == region.RegionEpoch.Version
            ? null
            : RegionErrors.EpochNotMatch(context.RegionEpoch, region);
    }

    /// <summary>Whether a key, in the form in which regions are bounded, is in range.</summary>
    internal Error? CheckKey(ReadOnlySpan<byte> key)
    {
        var region = _region;
        return key.SequenceCompareTo(region.StartKey.Span) >= 0
            && (region.EndKey.IsEmpty || key.SequenceCompareTo(region.EndKey.Span) < 0)
            ? null
            : RegionErrors.KeyNotInRegion(key, region);
    }

    /// <summary>
    /// Whether [<paramref name="start"/>, <paramref name="end"/>) is in range; an empty end is the end of the key
    /// space.
    /// </summary>
    internal Error? CheckRange(ReadOnlySpan<byte> start, ReadOnlySpan<byte> end)
    {
        var region = _region;
        if (start.SequenceCompareTo(region.StartKey.Span) < 0)
        {
            return RegionErrors.KeyNotInRegion(start, region);
        }

        return region.EndKey.IsEmpty || (!end.IsEmpty && end.SequenceCompareTo(region.EndKey.Span) <= 0)
            ? null
            : RegionErrors.KeyNotInRegion(end, region);
    }

    /// <summary>
    /// An empty command for this region as it is now; goes to <see cref="ProposeAsync"/> or back by
    /// <see cref="Return"/>.
    /// </summary>
    internal Proposal Rent()
    {
        var proposal = _pool.Rent();
        proposal.Begin(this, _region.RegionEpoch);
        return proposal;
    }

    internal void Return(Proposal proposal) => _pool.Return(proposal);

    /// <summary>
    /// Replicates and applies a command. On null it is durable and visible; on an error nothing of it will ever be,
    /// except for UndeterminedResult. Cannot be cancelled, since an entry in the log cannot be taken back. Takes the
    /// proposal over.
    /// </summary>
    internal ValueTask<Error?> ProposeAsync(Proposal proposal)
    {
        var bytes = proposal.Payload.Length;
        if (bytes > _limits.EntryBytesMax)
        {
            Return(proposal);
            return ValueTask.FromResult<Error?>(RegionErrors.EntryTooLarge(Id, bytes, _limits.EntryBytesMax));
        }

        var pending = Interlocked.Increment(ref _pending);
        var pendingBytes = Interlocked.Add(ref _pendingBytes, bytes);
        if (pending > _limits.PendingProposalsMax || pendingBytes > _limits.PendingProposalBytesMax.Bytes)
        {
            Answered(bytes);
            Return(proposal);
            return ValueTask.FromResult<Error?>(RegionErrors.ServerIsBusy(
                $"{pending - 1} commands of {pendingBytes - bytes} bytes wait to be written"));
        }

        lock (_gate)
        {
            proposal.Assign(++_lastIndex, Term);
            _log.Submit(proposal);
        }

        return proposal.Answer;
    }

    /// <summary>Called by the apply loop when an entry is in the engine.</summary>
    internal void Applied(ulong index)
    {
        var previous = Interlocked.Exchange(ref _appliedIndex, (long)index);
        Invariant.Require((ulong)previous + 1 == index, $"entries are applied in order: {previous} then {index}");
    }

    internal void Answered(int bytes)
    {
        Interlocked.Decrement(ref _pending);
        Interlocked.Add(ref _pendingBytes, -bytes);
    }
}

/// <summary>Cumulative traffic of a region, for its heartbeats. Thread-safe.</summary>
internal sealed class RegionTraffic
{
    private long _bytesWritten;
    private long _keysWritten;
    private long _bytesRead;
    private long _keysRead;

    internal long BytesWritten => Interlocked.Read(ref _bytesWritten);

    internal long KeysWritten => Interlocked.Read(ref _keysWritten);

    internal long BytesRead => Interlocked.Read(ref _bytesRead);

    internal long KeysRead => Interlocked.Read(ref _keysRead);

    internal void Wrote(long keys, long bytes)
    {
        Interlocked.Add(ref _keysWritten, keys);
        Interlocked.Add(ref _bytesWritten, bytes);
    }

    internal void Read(long keys, long bytes)
    {
        Interlocked.Add(ref _keysRead, keys);
        Interlocked.Add(ref _bytesRead, bytes);
    }
}
