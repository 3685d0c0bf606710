using Cloud.Engine;
using Cloud.Engine.Log;
using Cloud.Rpc.Proto.Metapb;
using Cloud.Storage.Mvcc;
using Cloud.Storage.Regions;

namespace Cloud.Storage.Replication;

/// <summary>
/// The engine, the log and the apply loop of one store, and how its regions come to life.
/// <para>Recovery of a region: replay the log's entries above the applied index that the engine has, take the next
/// term, make it durable, and apply an empty entry of that term; then the peer leads. A log that ends below the applied
/// index, or begins above the entry after it, has lost entries: the store refuses to start rather than serve a
/// hole.</para>
/// Source: Raft paper §5.4.2 and §8 (a leader commits an entry of its own term first).
/// </summary>
internal sealed class ReplicatedStore : IDisposable
{
    private readonly ApplyLoop _apply;
    private readonly ProposalPool _pool;
    private readonly StorageLimits _limits;

    /// <param name="engine">Owned and disposed here.</param>
    /// <param name="log">Owned and disposed here.</param>
    internal ReplicatedStore(IKvEngine engine, RaftLog log, StorageLimits limits)
    {
        Engine = engine;
        Log = log;
        _limits = limits;
        Locks = new PersistedLocks(engine);
        var apply = new ApplyLoop(engine, Locks, Fault);
        _apply = apply;
        _pool = new ProposalPool(pool => new Proposal(apply, pool));
    }

    internal IKvEngine Engine { get; }

    internal RaftLog Log { get; }

    internal PersistedLocks Locks { get; }

    internal StoreFault Fault { get; } = new();

    internal long ApplyBatches => _apply.Batches;

    /// <summary>About what the users' data takes, in all families.</summary>
    internal long StoredBytes
    {
        get
        {
            long bytes = 0;
            for (var family = ColumnFamily.Default; family < ColumnFamily.Local; family++)
            {
                bytes += Engine.ApproximateBytes(family, default, default);
            }

            return bytes;
        }
    }

    /// <summary>Brings a region up to the end of its log, and makes its peer the leader of a new term.</summary>
    /// <exception cref="EngineException">Entries are missing or damaged.</exception>
    internal async Task<RegionPeer> StartAsync(Region region, Peer self, CancellationToken cancellationToken)
    {
        var last = Replay(region);
        var term = (Log.HardState(region.Id)?.Term ?? 0) + 1;
        await Log.SetHardStateAsync(region.Id, new LogHardState(term, self.Id, last)).WaitAsync(cancellationToken);
        var peer = new RegionPeer(region, self, term, last, Log, _pool, _limits);
        var first = peer.Rent();
        first.Command.BeginTerm();
        return await peer.ProposeAsync(first) is { } error
            ? throw new EngineException($"region {region.Id} could not begin term {term}: {error.Message}")
            : peer;
    }

    /// <summary>
    /// Frees the log of what the engine can no longer lose. The applied index is taken before the engine is synced, so
    /// what is purged is durable there.
    /// </summary>
    internal async Task PurgeAsync(IEnumerable<RegionPeer> peers)
    {
        var applied = new List<(ulong Region, ulong Index)>();
        foreach (var peer in peers)
        {
            applied.Add((peer.Id, peer.AppliedIndex));
        }

        Engine.Sync();
        foreach (var (region, index) in applied)
        {
            await Log.PurgeAsync(region, index);
        }
    }

    /// <summary>Writes what is queued, applies it, and closes.</summary>
    public void Dispose()
    {
        Log.Dispose();
        _apply.Dispose();
        Engine.Dispose();
    }

    private ulong Replay(Region region)
    {
        var applied = LocalState.GetApplied(Engine, region.Id);
        var (first, last) = Log.Range(region.Id);
        if (last < applied || first > applied + 1)
        {
            throw new EngineException(
                $"region {region.Id} has applied entries up to {applied}, its log holds {first} to {last}: entries are missing. " +
                "The log folder was lost or replaced: restore the whole data folder from a backup, or replace this store by a new one");
        }

        using var batch = Engine.CreateBatch();
        var lockChanges = new List<LockChange>();
        for (var index = applied + 1; index <= last; index++)
        {
            batch.Clear();
            lockChanges.Clear();
            WriteCommand.Apply(Log.Read(region.Id, index).Payload, batch, lockChanges);
            LocalState.PutApplied(batch, region.Id, index);
            Locks.Write(batch, lockChanges);
        }

        return last;
    }
}
