using Cloud.KvClient;

namespace Cloud.Sql.Sessions;

/// <summary>Errors of storage as MySQL would tell them.</summary>
internal static class KvErrors
{
    public static SqlException Translate(KvException exception) => exception.Code switch
    {
        KvErrorCode.WriteConflict or KvErrorCode.TransactionAborted => Errors.WriteConflictAfterRetries(),
        KvErrorCode.Deadlock => Errors.Deadlock(),
        KvErrorCode.LockWaitTimeout => Errors.LockWaitTimeout(),
        KvErrorCode.AlreadyExists => Errors.DuplicateEntry(exception.Key is null ? string.Empty : Convert.ToHexString(exception.Key), "PRIMARY"),
        KvErrorCode.TooLarge => Errors.TransactionTooLarge(exception.Message),
        KvErrorCode.Unavailable => Errors.StorageUnavailable(exception.Message),
        KvErrorCode.UndeterminedResult => Errors.UndeterminedResult(),
        _ => Errors.StorageFault(exception.Message),
    };

    /// <summary>Whether the whole transaction is lost, not only the statement.</summary>
    public static bool EndsTransaction(KvErrorCode code) =>
        code is KvErrorCode.Deadlock or KvErrorCode.TransactionAborted or KvErrorCode.UndeterminedResult or KvErrorCode.WriteConflict;
}
