using Cloud.Codec;
using Cloud.Rpc.Proto.Kvrpcpb;
using PessimisticAction = Cloud.Rpc.Proto.Kvrpcpb.PrewriteRequest.Types.PessimisticAction;
using Reason = Cloud.Rpc.Proto.Kvrpcpb.WriteConflict.Types.Reason;

namespace Cloud.Storage.Transactions;

/// <summary>
/// Whether the versions of a key allow a mutation: nothing newer was committed, the transaction was not rolled back,
/// keys that must not exist do not, assertions hold. Source: TiKV, <c>src/storage/txn/actions/prewrite.rs</c>.
/// </summary>
internal sealed class PrewriteChecks(TxnCommand command, PrewriteRequest request)
{
    private ulong StartTs => request.StartVersion;

    private bool IsPessimistic => request.ForUpdateTs != 0;

    /// <summary>Null, or why the mutation cannot be made.</summary>
    internal KeyError? Run(byte[] dataKey, Mutation mutation, PessimisticAction action, bool isLocked)
    {
        if (!isLocked && action == PessimisticAction.DoPessimisticCheck && Amend(dataKey) is { } missing)
        {
            return missing;
        }

        var skips = SkipsConstraintCheck(action);
        var newest = default(Newest);
        if (!skips && CheckNewerVersions(dataKey, mutation, action, out newest) is { } conflict)
        {
            return conflict;
        }

        return CheckAssertion(dataKey, mutation, newest, skips);
    }

    /// <summary>
    /// A pessimistic lock got lost (it is not always replicated elsewhere): good when nobody wrote since.
    /// </summary>
    private KeyError? Amend(byte[] dataKey) =>
        command.Reader.SeekWrite(dataKey, Tso.Max, out var commit) && commit >= StartTs
            ? KeyErrors.PessimisticLockNotFound(StartTs, dataKey, "LockMissingAmendFail")
            : null;

    private bool SkipsConstraintCheck(PessimisticAction action) => !IsPessimistic
        ? request.SkipConstraintCheck
        : action switch
        {
            PessimisticAction.DoPessimisticCheck => true,
            PessimisticAction.SkipPessimisticCheck => !request.Context.IsRetryRequest,
            _ => false,
        };

    private KeyError? CheckNewerVersions(byte[] dataKey, Mutation mutation, PessimisticAction action, out Newest newest)
    {
        newest = default;
        var reader = command.Reader;
        var seek = Tso.Max;
        while (reader.SeekWrite(dataKey, seek, out var commit))
        {
            var write = reader.CurrentWrite;
            if (commit == StartTs && (write.Kind == WriteKind.Rollback || write.HasOverlappedRollback))
            {
                return Conflict(write.StartTimestamp, commit, dataKey, Reason.SelfRolledBack);
            }

            if (!IsPessimistic && commit > StartTs)
            {
                return Conflict(write.StartTimestamp, commit, dataKey, Reason.Optimistic);
            }

            if (IsPessimistic && action == PessimisticAction.DoConstraintCheck && commit > StartTs)
            {
                return Conflict(write.StartTimestamp, commit, dataKey, Reason.LazyUniquenessCheck);
            }

            if (IsPessimistic && commit > request.ForUpdateTs)
            {
                if (write.Kind == WriteKind.Rollback)
                {
                    seek = commit - 1; // Rollbacks of others conflict with nothing.
                    continue;
                }

                return Conflict(write.StartTimestamp, commit, dataKey, Reason.NotLockedKeyConflict);
            }

            newest = new Newest(true, write.Kind, write.StartTimestamp, commit, write.IsNewestFor(Tso.Max));
            var mustNotExist = mutation.Op is Op.Insert or Op.CheckNotExists;
            return mustNotExist && Exists(dataKey, newest) ? KeyErrors.AlreadyExist(dataKey) : null;
        }

        newest = new Newest(true, WriteKind.Delete, 0, 0, true);
        return null;
    }

    private bool Exists(byte[] dataKey, in Newest newest) => newest.Kind switch
    {
        WriteKind.Put => newest.IsIntact,
        WriteKind.Delete => false,
        _ => command.Reader.Exists(dataKey, newest.CommitTs - 1),
    };

    private KeyError? CheckAssertion(byte[] dataKey, Mutation mutation, in Newest newest, bool skipped)
    {
        if (mutation.Assertion == Assertion.None
            || request.AssertionLevel == AssertionLevel.Off
            || (skipped && request.AssertionLevel != AssertionLevel.Strict))
        {
            return null;
        }

        var reader = command.Reader;
        var exists = reader.SeekVisible(dataKey, Tso.Max, out var commit);
        if (exists == (mutation.Assertion == Assertion.Exist))
        {
            return null;
        }

        var start = exists ? reader.CurrentWrite.StartTimestamp : newest.StartTs;
        return KeyErrors.AssertionFailed(StartTs, dataKey, mutation.Assertion, start, exists ? commit : newest.CommitTs);
    }

    private KeyError Conflict(ulong conflictStart, ulong conflictCommit, byte[] dataKey, Reason reason) =>
        KeyErrors.Conflict(StartTs, conflictStart, conflictCommit, dataKey, request.PrimaryLock, reason);

    /// <summary>
    /// The newest record of a key, when it was looked at. A key without records counts as deleted at 0.
    /// </summary>
    private readonly record struct Newest(bool IsLoaded, WriteKind Kind, ulong StartTs, ulong CommitTs, bool IsIntact);
}
