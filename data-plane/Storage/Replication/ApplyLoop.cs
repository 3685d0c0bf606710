using Cloud.Codec;
using Cloud.Engine;
using Cloud.Rpc.Proto.Errorpb;
using Cloud.Storage.Mvcc;
using Cloud.Storage.Regions;

namespace Cloud.Storage.Replication;

/// <summary>
/// The thread that brings durable entries into the engine: one engine batch for everything that is waiting, with each
/// region's applied index in the same batch.
/// <para>Crash points. Before the batch: the log has the entries, the engine has neither them nor the new index; replay
/// applies them. After the batch but before the answer: applied, the client does not know. The engine's own log is not
/// synced, so a machine failure may take it back to an earlier batch: index and data go back together, and replay
/// continues from that index. Hence an entry is never applied twice or skipped.</para>
/// </summary>
internal sealed class ApplyLoop : IDisposable
{
    private const int BatchBytesMax = 8 * 1024 * 1024;

    private readonly PersistedLocks _locks;
    private readonly StoreFault _fault;
    private readonly object _signal = new();
    private readonly Thread _thread;
    private readonly IKvWriteBatch _batch;
    private readonly List<Error?> _answers = new(1024);
    private readonly List<LockChange> _lockChanges = new(1024);
    private List<Proposal> _queue = new(1024);
    private List<Proposal> _taken = new(1024);
    private bool _stopping;

    internal ApplyLoop(IKvEngine engine, PersistedLocks locks, StoreFault fault)
    {
        _locks = locks;
        _fault = fault;
        _batch = engine.CreateBatch();
        _thread = new Thread(Run) { IsBackground = true, Name = "apply" };
        _thread.Start();
    }

    /// <summary>Engine batches written; with the entries applied it tells how well they are grouped.</summary>
    internal long Batches { get; private set; }

    internal void Enqueue(Proposal proposal)
    {
        lock (_signal)
        {
            _queue.Add(proposal);
            if (_queue.Count == 1)
            {
                Monitor.Pulse(_signal);
            }
        }
    }

    /// <summary>A disk that fails is a fault of the store; a log that was closed is not.</summary>
    internal void LogFailed(Exception error)
    {
        if (error is EngineException)
        {
            _fault.Report(error);
        }
    }

    /// <summary>Applies what is queued and ends. The log has been closed before, so nothing more comes.</summary>
    public void Dispose()
    {
        lock (_signal)
        {
            if (_stopping)
            {
                return;
            }

            _stopping = true;
            Monitor.PulseAll(_signal);
        }

        _thread.Join();
        _batch.Dispose();
    }

    private void Run()
    {
        while (Take())
        {
            var next = 0;
            while (next < _taken.Count)
            {
                next = ApplySome(next);
            }
        }
    }

    private bool Take()
    {
        _taken.Clear();
        lock (_signal)
        {
            while (_queue.Count == 0)
            {
                if (_stopping)
                {
                    return false;
                }

                Monitor.Wait(_signal);
            }

            (_queue, _taken) = (_taken, _queue);
        }

        return true;
    }

    // PERF-CRITICAL: runs for every write; allocates nothing per entry but the keys of locks.
    private int ApplySome(int first)
    {
        if (_fault.HasOccurred)
        {
            FailRest(first, "the store has failed");
            return _taken.Count;
        }

        _batch.Clear();
        _answers.Clear();
        _lockChanges.Clear();
        var bytes = 0;
        var end = first;
        try
        {
            for (; end < _taken.Count && (end == first || bytes < BatchBytesMax); end++)
            {
                var proposal = _taken[end];
                bytes += proposal.Payload.Length;
                _answers.Add(Add(proposal));
                if (end + 1 == _taken.Count || _taken[end + 1].RegionId != proposal.RegionId || bytes >= BatchBytesMax)
                {
                    LocalState.PutApplied(_batch, proposal.RegionId, proposal.Index);
                }
            }

            _locks.Write(_batch, _lockChanges);
            Batches++;
        }
        catch (Exception error) when (error is EngineException or CodecException)
        {
            _fault.Report(error);
            FailRest(first, error.Message);
            return _taken.Count;
        }

        for (var i = first; i < end; i++)
        {
            var proposal = _taken[i];
            proposal.Peer.Applied(proposal.Index);
            proposal.Complete(_answers[i - first]);
        }

        return end;
    }

    /// <summary>
    /// Adds an entry's writes, unless the region changed since it was proposed; then it has no effect, on every replica
    /// alike.
    /// </summary>
    private Error? Add(Proposal proposal)
    {
        var region = proposal.Peer.Region;
        if (WriteCommand.TryReadEpoch(proposal.Payload, out _, out var version)
            && version != region.RegionEpoch.Version)
        {
            return RegionErrors.EpochNotMatch(null, region);
        }

        var writes = WriteCommand.Apply(proposal.Payload, _batch, _lockChanges);
        proposal.Peer.Traffic.Wrote(writes, proposal.Payload.Length);
        return null;
    }

    private void FailRest(int first, string reason)
    {
        for (var i = first; i < _taken.Count; i++)
        {
            _taken[i].Complete(RegionErrors.Undetermined(reason));
        }
    }
}
