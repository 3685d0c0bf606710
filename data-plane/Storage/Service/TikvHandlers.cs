using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Rpc.Proto.Tikvpb;
using Cloud.Storage.Raw;
using Cloud.Storage.Transactions;
using Request = Cloud.Rpc.Proto.Tikvpb.BatchCommandsRequest.Types.Request;
using RequestCase = Cloud.Rpc.Proto.Tikvpb.BatchCommandsRequest.Types.Request.CmdOneofCase;
using Response = Cloud.Rpc.Proto.Tikvpb.BatchCommandsResponse.Types.Response;

namespace Cloud.Storage.Service;

/// <summary>
/// The parts of a store that answer requests, and the dispatch of the requests that travel in batches.
/// </summary>
internal sealed class TikvHandlers
{
    /// <summary>
    /// Reads of more keys run apart from the stream, so that they do not hold up those behind them. Chosen here.
    /// </summary>
    private const int InlineKeysMax = 32;

    internal TikvHandlers(LocalStore store, Placement.ITimestampSource timestamps)
    {
        Reads = new TxnReads(store);
        Writes = new TxnWrites(store);
        Resolution = new TxnResolution(store, Writes);
        Pessimistic = new PessimisticLocks(store, Writes);
        Ranges = new RangeDeletes(store);
        RawReads = new RawReads(store);
        RawWrites = new RawWrites(store, RawReads, timestamps);
    }

    internal TxnReads Reads { get; }

    internal TxnWrites Writes { get; }

    internal TxnResolution Resolution { get; }

    internal PessimisticLocks Pessimistic { get; }

    internal RangeDeletes Ranges { get; }

    internal RawReads RawReads { get; }

    internal RawWrites RawWrites { get; }

    /// <summary>
    /// Answers one request of a batch. Small reads are done when this returns; long ones and writes go on.
    /// </summary>
    internal ValueTask<Response> AnswerAsync(Request request, CancellationToken ct) =>
        IsLong(request) ? AnswerApart(request, ct) : AnswerHere(request, ct);

    private static bool IsLong(Request request) => request.CmdCase switch
    {
        RequestCase.Scan => request.Scan.Limit > InlineKeysMax,
        RequestCase.BatchGet => request.BatchGet.Keys.Count > InlineKeysMax,
        RequestCase.RawScan => request.RawScan.Limit > InlineKeysMax,
        RequestCase.RawBatchGet => request.RawBatchGet.Keys.Count > InlineKeysMax,
        RequestCase.RawBatchScan or RequestCase.ScanLock => true,
        _ => false,
    };

    private ValueTask<Response> AnswerApart(Request request, CancellationToken ct) =>
        new(Task.Run(() => AnswerHere(request, ct).AsTask(), ct));

    private ValueTask<Response> AnswerHere(Request request, CancellationToken ct) => request.CmdCase switch
    {
        RequestCase.Get => Now(new Response { Get = Reads.Get(request.Get) }),
        RequestCase.Scan => Now(new Response { Scan = Reads.Scan(request.Scan) }),
        RequestCase.BatchGet => Now(new Response { BatchGet = Reads.BatchGet(request.BatchGet) }),
        RequestCase.ScanLock => Now(new Response { ScanLock = Reads.ScanLock(request.ScanLock) }),
        RequestCase.RawGet => Now(new Response { RawGet = RawReads.Get(request.RawGet) }),
        RequestCase.RawBatchGet => Now(new Response { RawBatchGet = RawReads.BatchGet(request.RawBatchGet) }),
        RequestCase.RawScan => Now(new Response { RawScan = RawReads.Scan(request.RawScan) }),
        RequestCase.RawBatchScan => Now(new Response { RawBatchScan = RawReads.BatchScan(request.RawBatchScan) }),
        RequestCase.Empty => Now(
            new Response { Empty = new BatchCommandsEmptyResponse { TestId = request.Empty.TestId } }),
        RequestCase.Prewrite => Later(
            Writes.PrewriteAsync(request.Prewrite, ct), static r => new Response { Prewrite = r }),
        RequestCase.Commit => Later(Writes.CommitAsync(request.Commit, ct), static r => new Response { Commit = r }),
        RequestCase.Cleanup => Later(
            Writes.CleanupAsync(request.Cleanup, ct), static r => new Response { Cleanup = r }),
        RequestCase.BatchRollback => Later(
            Writes.BatchRollbackAsync(request.BatchRollback, ct), static r => new Response { BatchRollback = r }),
        RequestCase.TxnHeartBeat => Later(
            Writes.HeartBeatAsync(request.TxnHeartBeat, ct), static r => new Response { TxnHeartBeat = r }),
        RequestCase.CheckTxnStatus => Later(
            Resolution.CheckAsync(request.CheckTxnStatus, ct), static r => new Response { CheckTxnStatus = r }),
        RequestCase.CheckSecondaryLocks => Later(
            Resolution.CheckSecondariesAsync(request.CheckSecondaryLocks, ct),
            static r => new Response { CheckSecondaryLocks = r }),
        RequestCase.ResolveLock => Later(
            Resolution.ResolveAsync(request.ResolveLock, ct), static r => new Response { ResolveLock = r }),
        RequestCase.PessimisticLock => Later(
            Pessimistic.LockAsync(request.PessimisticLock, ct), static r => new Response { PessimisticLock = r }),
        RequestCase.PessimisticRollback => Later(
            Pessimistic.RollbackAsync(request.PessimisticRollback, ct),
            static r => new Response { PessimisticRollback = r }),
        RequestCase.DeleteRange => Later(
            Ranges.DeleteAsync(request.DeleteRange, ct), static r => new Response { DeleteRange = r }),
        RequestCase.RawPut => Later(RawWrites.PutAsync(request.RawPut, ct), static r => new Response { RawPut = r }),
        RequestCase.RawDelete => Later(
            RawWrites.DeleteAsync(request.RawDelete, ct), static r => new Response { RawDelete = r }),
        RequestCase.RawBatchPut => Later(
            RawWrites.BatchPutAsync(request.RawBatchPut, ct), static r => new Response { RawBatchPut = r }),
        RequestCase.RawBatchDelete => Later(
            RawWrites.BatchDeleteAsync(request.RawBatchDelete, ct), static r => new Response { RawBatchDelete = r }),
        RequestCase.RawDeleteRange => Later(
            RawWrites.DeleteRangeAsync(request.RawDeleteRange, ct), static r => new Response { RawDeleteRange = r }),
        _ => Now(Unsupported(request.CmdCase)),
    };

    /// <summary>
    /// A batch has no status per request, so what is not offered is told in the answer's own error field.
    /// </summary>
    private static Response Unsupported(RequestCase command)
    {
        const string text = "this store does not offer the command";
        return command switch
        {
            RequestCase.Coprocessor => new Response { Coprocessor = new Rpc.Proto.Coprocessor.Response { OtherError = text } },
            RequestCase.Import => new Response { Import = new ImportResponse { Error = text } },
            RequestCase.Gc => new Response { Gc = new GCResponse { Error = KeyErrors.Abort(text) } },
            RequestCase.GetHealthFeedback => new Response { GetHealthFeedback = new GetHealthFeedbackResponse() },
            RequestCase.BroadcastTxnStatus => new Response { BroadcastTxnStatus = new BroadcastTxnStatusResponse() },
            _ => new Response { Empty = new BatchCommandsEmptyResponse() },
        };
    }

    private static ValueTask<Response> Now(Response response) => ValueTask.FromResult(response);

    private static async ValueTask<Response> Later<T>(ValueTask<T> pending, Func<T, Response> wrap) =>
        wrap(await pending);
}
