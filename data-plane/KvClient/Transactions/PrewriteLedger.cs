using Cloud.Rpc.Proto.Kvrpcpb;

namespace Cloud.KvClient.Transactions;

/// <summary>What came of the prewrites of a transaction, which run side by side. Thread-safe.</summary>
internal sealed class PrewriteLedger
{
    private readonly Lock _gate = new();
    private ulong _minCommit;
    private bool _fellBack;
    private bool _refused;
    private bool _unanswered;

    /// <summary>Whether any prewrite was sent, so that there may be locks.</summary>
    public bool Sent { get; set; }

    /// <summary>When it was committed in one phase; 0 if it was not.</summary>
    public ulong OnePhaseCommitTimestamp { get; private set; }

    /// <summary>The commit timestamp of an asynchronous commit; 0 when storage declined for any key.</summary>
    public ulong MinCommitTimestamp
    {
        get
        {
            lock (_gate)
            {
                return _fellBack ? 0 : _minCommit;
            }
        }
    }

    public void Succeeded(PrewriteResponse response, bool isAsync)
    {
        lock (_gate)
        {
            if (response.OnePcCommitTs > 0)
            {
                OnePhaseCommitTimestamp = response.OnePcCommitTs;
            }
            else
            {
                _fellBack |= isAsync && response.MinCommitTs == 0;
                _minCommit = Math.Max(_minCommit, response.MinCommitTs);
            }
        }
    }

    /// <summary>
    /// A prewrite that is sent again may meet the commit record of its own first try, whose answer was lost.
    /// </summary>
    public bool TryFindOwnCommit(IReadOnlyList<KeyError> errors, ulong startTimestamp)
    {
        foreach (var error in errors)
        {
            if (error.Conflict is { } conflict && conflict.ConflictTs == startTimestamp && conflict.ConflictCommitTs > startTimestamp)
            {
                lock (_gate)
                {
                    OnePhaseCommitTimestamp = conflict.ConflictCommitTs;
                }

                return true;
            }
        }

        return false;
    }

    /// <param name="failure">Why a group failed.</param>
    /// <param name="mayHaveApplied">Whether an attempt of it was sent and not answered.</param>
    public void Failed(Exception failure, bool mayHaveApplied)
    {
        lock (_gate)
        {
            // An answer that refuses settles the group; the lack of one does not.
            var refused = failure is KvException { Code: not (KvErrorCode.Unavailable or KvErrorCode.LockWaitTimeout) };
            _refused |= refused;
            _unanswered |= !refused && mayHaveApplied;
        }
    }

    /// <summary>
    /// Whether the transaction may be committed although a prewrite failed: storage commits it when all locks are laid, so only if the
    /// failed ones may have been laid as well, and none was refused.
    /// </summary>
    /// <param name="storageDecides">Whether the prewrites were asynchronous or in one phase.</param>
    public bool MayHaveCommitted(bool storageDecides)
    {
        lock (_gate)
        {
            return storageDecides && _unanswered && !_refused;
        }
    }
}
