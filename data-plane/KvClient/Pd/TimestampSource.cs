using System.Threading.Channels;
using Cloud.Codec;
using Cloud.Kernel;
using Cloud.KvClient.Requests;
using Cloud.Rpc;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Pdpb;
using Microsoft.Extensions.Logging;

namespace Cloud.KvClient.Pd;

/// <summary>
/// Timestamps from PD over one stream. Callers that wait at the same time share a request; while an answer is under way the next batch
/// gathers. A timestamp is always asked for after its caller asked, so that it is greater than all that were handed out before.
/// Thread-safe.
/// </summary>
internal sealed partial class TimestampSource : IAsyncDisposable
{
    /// <summary>Most timestamps in one request. Source: client-go's TSO batch limit.</summary>
    private const int BatchMax = 10_000;

    /// <summary>Requests under way on the stream. Source: KV-PROTOCOL, 64 pending batches.</summary>
    private const int InFlightMax = 64;

    /// <summary>How long a caller waits before it learns that PD does not answer.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);

    private readonly Channel<TaskCompletionSource<ulong>> _waiting = Channel.CreateUnbounded<TaskCompletionSource<ulong>>(
        new UnboundedChannelOptions { SingleReader = true });

    private readonly CancellationTokenSource _stop = new();
    private readonly PdClient _pd;
    private readonly RetryPolicy _retries;
    private readonly ILogger _logger;
    private readonly Task _running;
    private volatile ClockReading? _lastAnswer;

    public TimestampSource(PdClient pd, RetryPolicy retries, ILogger logger)
    {
        _pd = pd;
        _retries = retries;
        _logger = logger;
        _running = RunAsync();
    }

    /// <summary>A timestamp greater than every one that PD handed out before the call.</summary>
    /// <exception cref="KvException">Unavailable: PD did not answer within the budget.</exception>
    public async ValueTask<ulong> GetAsync(RetryBudget budget, CancellationToken cancellationToken)
    {
        while (true)
        {
            var waiter = new TaskCompletionSource<ulong>(TaskCreationOptions.RunContinuationsAsynchronously);
            if (!_waiting.Writer.TryWrite(waiter))
            {
                throw new ObjectDisposedException(nameof(TimestampSource));
            }

            try
            {
                return await waiter.Task.WaitAsync(AnswerTimeout, _retries.Time, cancellationToken);
            }
            catch (Exception failure) when (failure is RpcException or TimeoutException)
            {
                await budget.WaitAsync(RetryKind.PdRpc, $"no timestamp from PD: {failure.Message}", cancellationToken);
            }
        }
    }

    /// <summary>
    /// What PD's clock shows now, in milliseconds since 1970, as far as its last answer and the time since then tell: late by the age of that
    /// answer on its way, never by how this machine's clock is set.
    /// </summary>
    public long EstimateNowMs() => _lastAnswer is { } reading
        ? reading.PhysicalMs + (long)_retries.Time.GetElapsedTime(reading.TakenAt).TotalMilliseconds
        : _retries.Time.GetUtcNow().ToUnixTimeMilliseconds();

    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    /// <summary>Keeps one stream; opens it when somebody waits, and anew after a failure.</summary>
    private async Task RunAsync()
    {
        try
        {
            while (await _waiting.Reader.WaitToReadAsync(_stop.Token))
            {
                await ServeStreamAsync();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Stopped.
        }

        FailWaiting(new RpcException(RpcStatusCode.Cancelled, "the client is closed"));
    }

    private async Task ServeStreamAsync()
    {
        Leadership? leader = null;
        try
        {
            leader = await _pd.LeaderAsync(_retries.Begin(TimeSpan.FromSeconds(1)), _stop.Token);
            using var broken = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            await using var stream = leader.Channel.OpenDuplex(PdMethods.Tso, _stop.Token);
            await PumpAsync(stream, leader.ClusterId, broken);
        }
        catch (Exception failure) when (failure is RpcException or KvException)
        {
            LogBroken(failure.Message);
            if (leader is not null)
            {
                _pd.Forget(leader);
            }

            FailWaiting(failure as RpcException ?? new RpcException(RpcStatusCode.Unavailable, failure.Message, failure));
        }
    }

    /// <summary>Sends and receives until either side fails; whoever waits for an answer that will not come is told.</summary>
    private async Task PumpAsync(IRpcDuplexCall<TsoRequest, TsoResponse> stream, ulong clusterId, CancellationTokenSource broken)
    {
        var inFlight = Channel.CreateBounded<TaskCompletionSource<ulong>[]>(InFlightMax);
        var receiving = ReceiveAsync(stream, inFlight.Reader, broken);
        RpcException? failure = null;
        try
        {
            await SendAsync(stream, clusterId, inFlight.Writer, broken.Token);
        }
        catch (RpcException sendFailure)
        {
            failure = sendFailure;
        }
        catch (OperationCanceledException) when (broken.IsCancellationRequested)
        {
            // The receiver met the failure, or the client closes.
        }

        await broken.CancelAsync();
        failure ??= await receiving ?? new RpcException(RpcStatusCode.Cancelled, "the client is closed");
        await receiving;
        inFlight.Writer.TryComplete();
        while (inFlight.Reader.TryRead(out var batch))
        {
            Array.ForEach(batch, waiter => waiter.TrySetException(failure));
        }

        throw failure;
    }

    private async Task SendAsync(
        IRpcDuplexCall<TsoRequest, TsoResponse> stream,
        ulong clusterId,
        ChannelWriter<TaskCompletionSource<ulong>[]> inFlight,
        CancellationToken cancellationToken)
    {
        var header = new RequestHeader { ClusterId = clusterId };
        var gathered = new List<TaskCompletionSource<ulong>>();
        while (await _waiting.Reader.WaitToReadAsync(cancellationToken))
        {
            if (!await inFlight.WaitToWriteAsync(cancellationToken))
            {
                return;
            }

            gathered.Clear();
            while (gathered.Count < BatchMax && _waiting.Reader.TryRead(out var waiter))
            {
                gathered.Add(waiter);
            }

            var batch = gathered.ToArray();
            Invariant.Require(inFlight.TryWrite(batch), "the only writer was told that there is room");
            await stream.WriteAsync(new TsoRequest { Header = header, Count = (uint)batch.Length }, cancellationToken);
        }
    }

    /// <summary>Hands out the answers in order.</summary>
    /// <returns>Why it ended; null when it was told to.</returns>
    private async Task<RpcException?> ReceiveAsync(
        IRpcDuplexCall<TsoRequest, TsoResponse> stream, ChannelReader<TaskCompletionSource<ulong>[]> inFlight, CancellationTokenSource broken)
    {
        try
        {
            while (await stream.ReadAsync(broken.Token) is { } answer)
            {
                if (!inFlight.TryRead(out var batch) || answer.Count != batch.Length || answer.Timestamp is null)
                {
                    return await EndAsync(new RpcException(RpcStatusCode.Internal, "PD answered with timestamps that nobody asked for"));
                }

                _lastAnswer = new ClockReading(answer.Timestamp.Physical, _retries.Time.GetTimestamp());
                var first = Tso.Compose(answer.Timestamp.Physical, answer.Timestamp.Logical) - (ulong)batch.Length + 1;
                for (var i = 0; i < batch.Length; i++)
                {
                    batch[i].TrySetResult(first + (ulong)i);
                }
            }

            return await EndAsync(new RpcException(RpcStatusCode.Unavailable, "PD closed the stream of timestamps"));
        }
        catch (RpcException failure)
        {
            return await EndAsync(failure);
        }
        catch (OperationCanceledException) when (broken.IsCancellationRequested)
        {
            return null;
        }

        async Task<RpcException> EndAsync(RpcException failure)
        {
            await broken.CancelAsync();
            return failure;
        }
    }

    private void FailWaiting(RpcException failure)
    {
        while (_waiting.Reader.TryRead(out var waiter))
        {
            waiter.TrySetException(failure);
        }
    }

    /// <summary>PD's clock at a moment of ours.</summary>
    private sealed record ClockReading(long PhysicalMs, long TakenAt);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The stream of timestamps broke and will be opened again: {Reason}")]
    private partial void LogBroken(string reason);
}
