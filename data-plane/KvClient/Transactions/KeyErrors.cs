using Cloud.Rpc.Proto.Kvrpcpb;

namespace Cloud.KvClient.Transactions;

/// <summary>What the errors of storage about keys mean to a caller. Locks are not among them: they are resolved, not reported.</summary>
internal static class KeyErrors
{
    public static KvException ToException(KeyError error)
    {
        if (error.Conflict is { } conflict)
        {
            return conflict.Reason == WriteConflict.Types.Reason.SelfRolledBack
                ? new KvException(
                    KvErrorCode.TransactionAborted, $"transaction {conflict.StartTs} was rolled back by another, after its locks expired")
                {
                    Key = conflict.Key.ToByteArray(),
                }
                : new KvException(
                    KvErrorCode.WriteConflict,
                    $"transaction {conflict.StartTs} conflicts with {conflict.ConflictTs}, which committed at {conflict.ConflictCommitTs}; begin again")
                {
                    Key = conflict.Key.ToByteArray(),
                };
        }

        if (error.AlreadyExist is { } exists)
        {
            return new KvException(KvErrorCode.AlreadyExists, "a key to be inserted exists") { Key = exists.Key.ToByteArray() };
        }

        if (error.Deadlock is { } deadlock)
        {
            return new KvException(KvErrorCode.Deadlock, $"a deadlock with transaction {deadlock.LockTs}; roll back and begin again")
            {
                Key = deadlock.LockKey.ToByteArray(),
            };
        }

        var aborted = error.TxnNotFound is not null || error.TxnLockNotFound is not null
            || error.Abort.Length > 0 || error.Retryable.Length > 0;
        return aborted
            ? new KvException(KvErrorCode.TransactionAborted, $"the transaction's locks are gone: {error}; begin again")
            : new KvException(KvErrorCode.Fatal, $"storage refused: {error}");
    }
}
