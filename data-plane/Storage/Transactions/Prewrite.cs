using Cloud.Codec;
using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Storage.Mvcc;
using Google.Protobuf;
using PessimisticAction = Cloud.Rpc.Proto.Kvrpcpb.PrewriteRequest.Types.PessimisticAction;

namespace Cloud.Storage.Transactions;

/// <summary>
/// The first phase of a commit, for one request: checks every mutation and lays its lock, or, for a one-phase commit,
/// its write record.
/// Source: Percolator (Peng, Dabek, OSDI 2010); TiKV, <c>src/storage/txn/actions/prewrite.rs</c> for the rules of
/// pessimistic keys, retries and asynchronous commit.
/// </summary>
internal sealed class Prewrite
{
    private readonly TxnCommand _command;
    private readonly PrewriteRequest _request;
    private readonly byte[][] _dataKeys;
    private readonly PrewriteChecks _checks;
    private List<OnePhaseWrite>? _onePhase;
    private ulong _minCommit;

    /// <param name="command">Holds the latches of all keys.</param>
    /// <param name="request">The request.</param>
    /// <param name="dataKeys">The data keys of its mutations, in their order.</param>
    internal Prewrite(TxnCommand command, PrewriteRequest request, byte[][] dataKeys)
    {
        _command = command;
        _request = request;
        _dataKeys = dataKeys;
        _checks = new PrewriteChecks(command, request);
        ChoosesCommitTimestamp = request.UseAsyncCommit || request.TryOnePc;
    }

    /// <summary>
    /// Whether this store still takes part in choosing the commit timestamp; false after falling back to two phases.
    /// </summary>
    private bool ChoosesCommitTimestamp { get; set; }

    private ulong StartTs => _request.StartVersion;

    /// <summary>Fills the response, and the command when it has no errors.</summary>
    internal void Run(PrewriteResponse response)
    {
        if (!TryRun(response))
        {
            ChoosesCommitTimestamp = false;
            _command.Reset();
            TryRun(response);
        }
    }

    /// <summary>False when the request cannot be served as it is but can in two phases.</summary>
    private bool TryRun(PrewriteResponse response)
    {
        _minCommit = 0;
        _onePhase = _request.TryOnePc && ChoosesCommitTimestamp ? [] : null;
        for (var i = 0; i < _dataKeys.Length; i++)
        {
            var outcome = Mutate(i);
            if (outcome.NeedsTwoPhases)
            {
                response.Errors.Clear();
                return false;
            }

            if (outcome.Error is null)
            {
                continue;
            }

            if (outcome.Error.Conflict is not null && TryFindOwnCommit(i, response))
            {
                _command.Reset();
                response.Errors.Clear();
                return true;
            }

            response.Errors.Add(outcome.Error);
            if (outcome.Error.Locked is null)
            {
                break; // Only locks are gathered, so that the client resolves them together.
            }
        }

        if (response.Errors.Count > 0)
        {
            _command.Reset();
        }
        else
        {
            Finish(response);
        }

        return true;
    }

    private void Finish(PrewriteResponse response)
    {
        if (_onePhase is not null)
        {
            foreach (var write in _onePhase)
            {
                WriteCommitted(write, _minCommit);
            }

            response.OnePcCommitTs = _minCommit;
        }
        else if (_request.UseAsyncCommit && ChoosesCommitTimestamp)
        {
            response.MinCommitTs = _minCommit;
        }
    }

    private Result Mutate(int i)
    {
        var mutation = _request.Mutations[i];
        var dataKey = _dataKeys[i];
        var action = i < _request.PessimisticActions.Count
            ? _request.PessimisticActions[i]
            : PessimisticAction.SkipPessimisticCheck;
        if (mutation.Op is Op.Insert or Op.CheckNotExists)
        {
            // A later snapshot must not see the key appear below it.
            _command.Locks.Observe(StartTs);
        }

        var existing = _command.Reader.LoadLock(dataKey);
        if (existing is not null && CheckLock(existing, i, action) is { } stop)
        {
            return stop;
        }

        if (_checks.Run(dataKey, mutation, action, isLocked: existing is not null) is { } failed)
        {
            return failed;
        }

        return mutation.Op == Op.CheckNotExists ? default : Lay(i, mutation, dataKey, existing);
    }

    /// <summary>What a lock that is already there means: null to go on.</summary>
    private Result? CheckLock(LockRecord existing, int i, PessimisticAction action)
    {
        var dataKey = _dataKeys[i];
        if (existing.StartTimestamp != StartTs)
        {
            return action == PessimisticAction.DoPessimisticCheck
                ? KeyErrors.PessimisticLockNotFound(StartTs, dataKey, "LockTsMismatch")
                : KeyErrors.Locked(dataKey, existing);
        }

        if (existing.IsPessimistic)
        {
            if (_request.ForUpdateTs == 0)
            {
                return KeyErrors.LockTypeNotMatch(StartTs, dataKey, pessimistic: true);
            }

            foreach (var constraint in _request.ForUpdateTsConstraints)
            {
                if (constraint.Index == i && constraint.ExpectedForUpdateTs != existing.ForUpdateTimestamp)
                {
                    return KeyErrors.PessimisticLockNotFound(StartTs, dataKey, "LockForUpdateTsMismatch");
                }
            }

            return null;
        }

        // The request was sent twice.
        if (existing.UsesAsyncCommit)
        {
            _minCommit = Math.Max(_minCommit, existing.MinCommitTimestamp);
        }

        return _onePhase is null ? default(Result) : Result.TwoPhases;
    }

    private Result Lay(int i, Mutation mutation, byte[] dataKey, LockRecord? existing)
    {
        var value = mutation.Value.Span;
        var kind = mutation.Op switch
        {
            Op.Put or Op.Insert => LockKind.Put,
            Op.Del => LockKind.Delete,
            _ => LockKind.Lock,
        };
        var isShort = kind == LockKind.Put && value.Length <= WriteRecord.ShortValueBytesMax;
        var isPrimary = mutation.Key.Span.SequenceEqual(_request.PrimaryLock.Span);
        var record = new LockRecord
        {
            Kind = kind,
            Primary = _request.PrimaryLock.ToByteArray(),
            StartTimestamp = StartTs,
            TtlMs = Math.Max(_request.LockTtl, existing?.TtlMs ?? 0),
            ShortValue = isShort ? value.ToArray() : null,
            ForUpdateTimestamp = _request.ForUpdateTs,
            TransactionSize = _request.TxnSize,
            MinCommitTimestamp = Math.Max(_request.MinCommitTs, existing?.MinCommitTimestamp ?? 0),
            UsesAsyncCommit = _request.UseAsyncCommit && ChoosesCommitTimestamp && _onePhase is null,
            Secondaries = isPrimary && _request.UseAsyncCommit && ChoosesCommitTimestamp
                ? ToArrays(_request.Secondaries)
                : [],
            LastChange = LastChange.Unknown,
            Source = _request.Context.TxnSource,
        };
        if (ChoosesCommitTimestamp)
        {
            var floor = Math.Max(record.MinCommitTimestamp, Math.Max(StartTs, _request.ForUpdateTs) + 1);
            record = _command.Publish(dataKey, record, floor);
            if (_request.MaxCommitTs != 0 && record.MinCommitTimestamp > _request.MaxCommitTs)
            {
                return Result.TwoPhases;
            }

            _minCommit = Math.Max(_minCommit, record.MinCommitTimestamp);
        }

        if (kind == LockKind.Put && !isShort)
        {
            _command.PutValue(dataKey, StartTs, value);
        }

        if (_onePhase is not null)
        {
            _onePhase.Add(new OnePhaseWrite(dataKey, record, existing));
        }
        else
        {
            _command.PutLock(dataKey, record);
        }

        return default;
    }

    private void WriteCommitted(in OnePhaseWrite write, ulong commitTs)
    {
        var record = write.Record;
        _command.PutWrite(write.DataKey, commitTs, new WriteRecord
        {
            Kind = (WriteKind)record.Kind,
            StartTimestamp = StartTs,
            HasShortValue = record.ShortValue is not null,
            ShortValue = record.ShortValue,
            Source = record.Source,
        });
        if (write.Pessimistic is not null)
        {
            _command.Unlock(write.DataKey, write.Pessimistic, commitTs);
        }
    }

    /// <summary>A retry may conflict with its own first try, which this store committed.</summary>
    private bool TryFindOwnCommit(int i, PrewriteResponse response)
    {
        if (!_request.UseAsyncCommit && !_request.TryOnePc)
        {
            return false;
        }

        var found = _command.Reader.FindCommitRecord(_dataKeys[i], StartTs);
        if (found.Fate != Fate.Committed)
        {
            return false;
        }

        response.MinCommitTs = _request.UseAsyncCommit ? found.CommitTimestamp : 0;
        response.OnePcCommitTs = _request.TryOnePc ? found.CommitTimestamp : 0;
        return true;
    }

    private static List<byte[]> ToArrays(IReadOnlyCollection<ByteString> keys)
    {
        var arrays = new List<byte[]>(keys.Count);
        foreach (var key in keys)
        {
            arrays.Add(key.ToByteArray());
        }

        return arrays;
    }

    private readonly record struct OnePhaseWrite(byte[] DataKey, LockRecord Record, LockRecord? Pessimistic);

    /// <summary>All well; an error; or: this store cannot choose the commit timestamp, since it would be over the
    /// client's limit or since an earlier try of the request laid locks.</summary>
    private readonly record struct Result(KeyError? Error, bool NeedsTwoPhases)
    {
        internal static Result TwoPhases => new(null, true);

        public static implicit operator Result(KeyError error) => new(error, false);
    }
}
