using System.Threading.Tasks.Sources;
using Cloud.Codec;
using Cloud.Engine.Log;
using Cloud.Rpc.Proto.Errorpb;
using Cloud.Rpc.Proto.Metapb;
using Cloud.Storage.Regions;

namespace Cloud.Storage.Replication;

/// <summary>
/// One command on its way through the log and the engine, and the task that its sender awaits. Pooled: it goes back
/// when the task's result is taken, so a task is awaited exactly once. Filled by one thread; then owned by the log,
/// then by the apply loop.
/// </summary>
internal sealed class Proposal : LogWrite, IValueTaskSource<Error?>
{
    private readonly ApplyLoop _apply;
    private readonly ProposalPool _pool;
    private readonly ByteBuffer _buffer = new();
    private ManualResetValueTaskSourceCore<Error?> _answer = new() { RunContinuationsAsynchronously = true };
    private RegionPeer? _peer;

    internal Proposal(ApplyLoop apply, ProposalPool pool)
    {
        _apply = apply;
        _pool = pool;
        Command = new WriteCommand(_buffer);
    }

    /// <summary>Where the writes go.</summary>
    internal WriteCommand Command { get; }

    public override ReadOnlySpan<byte> Payload => _buffer.Written;

    internal RegionPeer Peer => _peer!; // Set by Begin, which every user calls first.

    internal ValueTask<Error?> Answer => new(this, _answer.Version);

    /// <summary>Bytes kept by the pool are bounded by not keeping large buffers.</summary>
    internal bool IsSmall => _buffer.Length <= 64 * 1024;

    public override void OnDurable() => _apply.Enqueue(this);

    public override void OnFailed(Exception error)
    {
        _apply.LogFailed(error);
        Complete(RegionErrors.Undetermined(error.Message));
    }

    public Error? GetResult(short token)
    {
        var result = _answer.GetResult(token);
        _pool.Return(this);
        return result;
    }

    public ValueTaskSourceStatus GetStatus(short token) => _answer.GetStatus(token);

    public void OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _answer.OnCompleted(continuation, state, token, flags);

    internal void Begin(RegionPeer peer, RegionEpoch epoch)
    {
        _answer.Reset();
        _peer = peer;
        RegionId = peer.Id;
        Command.Begin(epoch.ConfVer, epoch.Version);
    }

    internal void Assign(ulong index, ulong term)
    {
        Index = index;
        Term = term;
    }

    /// <summary>Gives the sender its answer; the proposal is not to be touched afterwards.</summary>
    internal void Complete(Error? error)
    {
        Peer.Answered(Payload.Length);
        _answer.SetResult(error);
    }

    internal void Release() => _buffer.Dispose();
}

/// <summary>Proposals at rest. Thread-safe.</summary>
internal sealed class ProposalPool(Func<ProposalPool, Proposal> create)
{
    private const int KeptMax = 1024;

    private readonly System.Collections.Concurrent.ConcurrentQueue<Proposal> _free = new();
    private int _count;

    internal Proposal Rent()
    {
        if (_free.TryDequeue(out var proposal))
        {
            Interlocked.Decrement(ref _count);
            return proposal;
        }

        return create(this);
    }

    internal void Return(Proposal proposal)
    {
        if (!proposal.IsSmall || Interlocked.Increment(ref _count) > KeptMax)
        {
            if (proposal.IsSmall)
            {
                Interlocked.Decrement(ref _count);
            }

            proposal.Release();
            return;
        }

        _free.Enqueue(proposal);
    }
}
