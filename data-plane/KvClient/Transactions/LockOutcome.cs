using Cloud.Rpc.Proto.Kvrpcpb;

namespace Cloud.KvClient.Transactions;

/// <summary>What is left of some locks after resolving.</summary>
internal sealed class LockOutcome
{
    /// <summary>Start timestamps of living transactions that a read may pass.</summary>
    public List<ulong> Passable { get; } = [];

    /// <summary>Whether a transaction that is alive stands in the way.</summary>
    public bool MustWait { get; private set; }

    /// <summary>After this the first of them has run out of time, unless it asks for more.</summary>
    public TimeSpan WaitMost { get; private set; } = TimeSpan.MaxValue;

    /// <summary>Start timestamp of the oldest transaction in the way.</summary>
    public ulong OldestAlive { get; private set; } = ulong.MaxValue;

    public void Alive(ulong startTimestamp, TimeSpan left)
    {
        MustWait = true;
        OldestAlive = Math.Min(OldestAlive, startTimestamp);
        WaitMost = left < WaitMost ? left : WaitMost;
    }
}

/// <summary>Gathers what the secondaries of an asynchronous commit say. Thread-safe.</summary>
internal sealed class SecondariesVerdict(ulong primaryMinCommitTimestamp)
{
    private readonly Lock _gate = new();
    private ulong _minCommit = primaryMinCommitTimestamp;
    private bool _missing;
    private ulong _committedAt;

    /// <summary>Whether a lock without asynchronous commit was found.</summary>
    public bool FellBack { get; private set; }

    /// <summary>When it committed; 0 for never.</summary>
    public ulong CommitTimestamp => _missing ? _committedAt : _minCommit;

    /// <param name="response">About some of the secondaries.</param>
    /// <param name="asked">How many.</param>
    public void Add(CheckSecondaryLocksResponse response, int asked)
    {
        lock (_gate)
        {
            if (response.CommitTs != 0 || response.Locks.Count < asked)
            {
                _missing = true;
                _committedAt = Math.Max(_committedAt, response.CommitTs);
                return;
            }

            foreach (var info in response.Locks)
            {
                FellBack |= !info.UseAsyncCommit;
                _minCommit = Math.Max(_minCommit, info.MinCommitTs);
            }
        }
    }
}
