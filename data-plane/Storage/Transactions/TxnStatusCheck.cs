using Cloud.Codec;
using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Storage.Mvcc;
using Action = Cloud.Rpc.Proto.Kvrpcpb.Action;

namespace Cloud.Storage.Transactions;

/// <summary>
/// Decides what a transaction's primary key says about its fate: alive (and perhaps pushed above the caller),
/// committed, or rolled back, which it then is for good. Source: TiKV,
/// <c>src/storage/txn/actions/check_txn_status.rs</c>.
/// </summary>
internal static class TxnStatusCheck
{
    /// <summary>Fills the response; gathers what the answer makes true.</summary>
    internal static void Run(
        TxnCommand command, CheckTxnStatusRequest request, byte[] dataKey, CheckTxnStatusResponse response)
    {
        var record = command.Reader.LoadLock(dataKey);
        if (record is not null && record.StartTimestamp == request.LockTs)
        {
            var isPrimary = request.PrimaryKey.Span.SequenceEqual(record.Primary);
            if (!request.VerifyIsPrimary || isPrimary)
            {
                CheckLocked(command, request, dataKey, record, response);
                return;
            }

            if (request.ResolvingPessimisticLock || !record.IsPessimistic)
            {
                response.Error = KeyErrors.PrimaryMismatch(dataKey, record);
                return;
            }
        }

        CheckMissing(command, request, dataKey, record, response);
    }

    private static void CheckMissing(
        TxnCommand command, CheckTxnStatusRequest request, byte[] dataKey, LockRecord? other, CheckTxnStatusResponse response)
    {
        var found = command.Reader.FindCommitRecord(dataKey, request.LockTs);
        switch (found.Fate)
        {
            case Fate.Committed:
                response.CommitVersion = found.CommitTimestamp;
                return;
            case Fate.RolledBack:
                response.Action = Action.NoAction;
                return;
        }

        if (!request.RollbackIfNotExist)
        {
            response.Error = KeyErrors.TxnNotFound(request.LockTs, dataKey);
            return;
        }

        if (request.ResolvingPessimisticLock)
        {
            response.Action = Action.LockNotExistDoNothing;
            return;
        }

        // A primary that is its own transaction's pessimistic lock without being the primary is left alone here.
        var another = other?.StartTimestamp == request.LockTs ? null : other;
        Finish.RecordMissing(command, dataKey, request.LockTs, another, isProtected: true);
        response.Action = Action.LockNotExistRollback;
    }

    private static void CheckLocked(
        TxnCommand command, CheckTxnStatusRequest request, byte[] dataKey, LockRecord record, CheckTxnStatusResponse response)
    {
        if (record.UsesAsyncCommit && !request.ForceSyncCommit)
        {
            Report(dataKey, record, isPushed: false, response);
            return;
        }

        if (Finish.IsExpired(record, request.CurrentTs))
        {
            if (request.ResolvingPessimisticLock && record.IsPessimistic)
            {
                command.Unlock(dataKey, record, 0);
                response.Action = Action.TtlExpirePessimisticRollback;
            }
            else
            {
                Finish.RollbackLock(command, dataKey, record, collapse: true);
                response.Action = Action.TtlExpireRollback;
            }

            return;
        }

        var caller = request.CallerStartTs;
        if (record.MinCommitTimestamp != 0 && caller != Tso.Max && caller >= record.MinCommitTimestamp)
        {
            record = record with { MinCommitTimestamp = Math.Max(caller + 1, request.CurrentTs == Tso.Max ? 0 : request.CurrentTs) };
            command.PutLock(dataKey, record);
        }

        Report(dataKey, record, caller == Tso.Max || (caller != 0 && record.MinCommitTimestamp > caller), response);
    }

    private static void Report(byte[] dataKey, LockRecord record, bool isPushed, CheckTxnStatusResponse response)
    {
        response.LockTtl = record.TtlMs;
        response.LockInfo = KeyErrors.ToLockInfo(dataKey, record);
        response.Action = isPushed ? Action.MinCommitTsPushed : Action.NoAction;
    }
}
