using System.Collections.Concurrent;
using System.Threading.Channels;
using Cloud.Rpc;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Tikvpb;
using Request = Cloud.Rpc.Proto.Tikvpb.BatchCommandsRequest.Types.Request;
using Response = Cloud.Rpc.Proto.Tikvpb.BatchCommandsResponse.Types.Response;

namespace Cloud.KvClient.Transport;

/// <summary>
/// Many requests on one stream: what waits is sent together, answers come in any order and are matched by id. The stream is opened when
/// something is sent and again after it broke; requests that were on a broken stream fail, and whether to send them again is the caller's
/// decision. Thread-safe. Time limits are looked after together instead of by a timer each.
/// </summary>
internal sealed class BatchStream : IAsyncDisposable
{
    /// <summary>Most requests in one message. Source: client-go, MaxBatchSize.</summary>
    private const int BatchMax = 128;

    /// <summary>
    /// Bytes after which no further request joins a message. Chosen here: with the largest request behind it (storage's entry limit, 8 MiB)
    /// still below the transport's limit of 16 MiB.
    /// </summary>
    private const int BatchBytesMax = 4 * 1024 * 1024;

    /// <summary>Requests that may wait to be sent; more wait for a place.</summary>
    private const int QueuedMax = 8192;

    /// <summary>How often time limits are looked at, which is also how late a request may learn that its time is up.</summary>
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMilliseconds(500);

    private readonly Channel<Pending> _outgoing = Channel.CreateBounded<Pending>(
        new BoundedChannelOptions(QueuedMax) { SingleReader = true });

    private readonly ConcurrentDictionary<ulong, Pending> _pending = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly IRpcChannel _channel;
    private readonly TimeProvider _time;
    private readonly Task _running;
    private readonly Task _sweeping;
    private ulong _lastId;

    public BatchStream(IRpcChannel channel, TimeProvider time)
    {
        _channel = channel;
        _time = time;
        _running = RunAsync();
        _sweeping = SweepAsync();
    }

    /// <summary>Sends a request and waits for its answer.</summary>
    /// <exception cref="RpcException">The stream broke, or no answer came in time; NotSent where that is certain.</exception>
    public async ValueTask<Response> SendAsync(Request request, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var pending = new Pending(Interlocked.Increment(ref _lastId), request, _time.GetTimestamp(), timeout);
        _pending[pending.Id] = pending;
        try
        {
            if (!_outgoing.Writer.TryWrite(pending))
            {
                await _outgoing.Writer.WriteAsync(pending, cancellationToken);
            }

            return cancellationToken.CanBeCanceled
                ? await pending.Answer.Task.WaitAsync(cancellationToken)
                : await pending.Answer.Task;
        }
        catch (ChannelClosedException)
        {
            throw new RpcException(RpcStatusCode.Cancelled, "the client is closed") { NotSent = true };
        }
        finally
        {
            pending.Abandon();
            _pending.TryRemove(pending.Id, out _);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _outgoing.Writer.TryComplete();
        await _stop.CancelAsync();
        await _running;
        await _sweeping;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (await _outgoing.Reader.WaitToReadAsync(_stop.Token))
            {
                await ServeStreamAsync();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Stopped.
        }

        var closed = new RpcException(RpcStatusCode.Cancelled, "the client is closed");
        foreach (var pending in _pending.Values)
        {
            pending.Answer.TrySetException(closed);
        }
    }

    /// <summary>Fails requests whose time is up.</summary>
    private async Task SweepAsync()
    {
        using var timer = new PeriodicTimer(SweepInterval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                foreach (var pending in _pending.Values)
                {
                    if (_time.GetElapsedTime(pending.StartedAt) > pending.Timeout)
                    {
                        pending.Answer.TrySetException(new RpcException(
                            RpcStatusCode.DeadlineExceeded, $"the store did not answer within {pending.Timeout}") { NotSent = pending.Abandon() });
                    }
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Stopped.
        }
    }

    private async Task ServeStreamAsync()
    {
        using var broken = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var stream = _channel.OpenDuplex(TikvMethods.BatchCommands, _stop.Token);
        var receiving = ReceiveAsync(stream, broken);
        RpcException? failure = null;
        try
        {
            await SendAsync(stream, broken.Token);
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
        var received = await receiving;
        await stream.DisposeAsync();
        FailSent(failure ?? received ?? new RpcException(RpcStatusCode.Cancelled, "the client is closed"));
    }

    private async Task SendAsync(IRpcDuplexCall<BatchCommandsRequest, BatchCommandsResponse> stream, CancellationToken cancellationToken)
    {
        while (await _outgoing.Reader.WaitToReadAsync(cancellationToken))
        {
            var batch = new BatchCommandsRequest();
            var bytes = 0;
            while (batch.Requests.Count < BatchMax && bytes < BatchBytesMax && _outgoing.Reader.TryRead(out var pending))
            {
                if (pending.TryMarkSent())
                {
                    batch.Requests.Add(pending.Request);
                    batch.RequestIds.Add(pending.Id);
                    bytes += pending.Request.CalculateSize();
                }
            }

            if (batch.Requests.Count > 0)
            {
                await stream.WriteAsync(batch, cancellationToken);
            }
        }
    }

    /// <summary>Hands out answers until the stream ends.</summary>
    /// <returns>Why it ended; null when it was told to.</returns>
    private async Task<RpcException?> ReceiveAsync(
        IRpcDuplexCall<BatchCommandsRequest, BatchCommandsResponse> stream, CancellationTokenSource broken)
    {
        RpcException ended;
        try
        {
            while (await stream.ReadAsync(broken.Token) is { } answer)
            {
                for (var i = 0; i < Math.Min(answer.Responses.Count, answer.RequestIds.Count); i++)
                {
                    if (_pending.TryRemove(answer.RequestIds[i], out var pending))
                    {
                        pending.Answer.TrySetResult(answer.Responses[i]);
                    }
                }
            }

            ended = new RpcException(RpcStatusCode.Unavailable, "the store closed the stream");
        }
        catch (RpcException failure)
        {
            ended = failure;
        }
        catch (OperationCanceledException) when (broken.IsCancellationRequested)
        {
            return null;
        }

        await broken.CancelAsync();
        return ended;
    }

    private void FailSent(RpcException failure)
    {
        foreach (var pending in _pending.Values)
        {
            if (pending.IsSent)
            {
                pending.Answer.TrySetException(failure);
            }
        }
    }

    /// <summary>A request and whoever waits for its answer. It is sent or abandoned, whichever comes first.</summary>
    /// <param name="id">Unique on the stream.</param>
    /// <param name="request">Not changed.</param>
    /// <param name="startedAt">Timestamp of the clock.</param>
    /// <param name="timeout">How long it may take.</param>
    private sealed class Pending(ulong id, Request request, long startedAt, TimeSpan timeout)
    {
        private const int Waiting = 0;
        private const int Sent = 1;
        private const int Abandoned = 2;

        private int _state;

        public ulong Id => id;

        public Request Request => request;

        public long StartedAt => startedAt;

        public TimeSpan Timeout => timeout;

        public bool IsSent => Volatile.Read(ref _state) == Sent;

        public TaskCompletionSource<Response> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool TryMarkSent() => Interlocked.CompareExchange(ref _state, Sent, Waiting) == Waiting;

        /// <summary>Keeps it from being sent; false when it is too late for that.</summary>
        public bool Abandon() => Interlocked.CompareExchange(ref _state, Abandoned, Waiting) != Sent;
    }
}
