using System.Threading.Channels;
using Cloud.Codec;
using Cloud.Rpc;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Pdpb;

namespace Cloud.Storage.Placement;

/// <summary>
/// Timestamps over one stream to PD: all that are waited for at a moment are one request. After a failure those who
/// wait get the error and the next one opens a new stream. Thread-safe.
/// </summary>
internal sealed class TimestampClient : ITimestampSource, IAsyncDisposable
{
    private const int BatchMax = 4096;
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(3);

    private readonly PdClient _pd;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Channel<TaskCompletionSource<ulong>> _waiting =
        Channel.CreateUnbounded<TaskCompletionSource<ulong>>(new UnboundedChannelOptions { SingleReader = true });

    private readonly Task _loop;

    internal TimestampClient(PdClient pd, TimeProvider time)
    {
        _pd = pd;
        _time = time;
        _loop = RunAsync(_stopping.Token);
    }

    public async ValueTask<ulong> NextAsync(CancellationToken cancellationToken)
    {
        var waiter = new TaskCompletionSource<ulong>(TaskCreationOptions.RunContinuationsAsynchronously);
        return _waiting.Writer.TryWrite(waiter)
            ? await waiter.Task.WaitAsync(cancellationToken)
            : throw new RpcException(RpcStatusCode.Unavailable, "the store is stopping");
    }

    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _stopping.CancelAsync();
        await _loop;
        _stopping.Dispose();
    }

    private async Task RunAsync(CancellationToken stopping)
    {
        IRpcDuplexCall<TsoRequest, TsoResponse>? call = null;
        var batch = new List<TaskCompletionSource<ulong>>();
        while (await HasMoreAsync())
        {
            batch.Clear();
            while (batch.Count < BatchMax && _waiting.Reader.TryRead(out var waiter))
            {
                batch.Add(waiter);
            }

            try
            {
                stopping.ThrowIfCancellationRequested();
                call ??= _pd.Current.OpenDuplex(PdMethods.Tso, stopping);
                Complete(batch, await AskAsync(call, (uint)batch.Count, stopping));
            }
            catch (Exception error) when (
                error is RpcException or PdException or OperationCanceledException or TimeoutException)
            {
                if (call is not null)
                {
                    await call.DisposeAsync();
                    call = null;
                }

                _pd.Rotate();
                Fail(batch, error);
            }
        }

        if (call is not null)
        {
            await call.DisposeAsync();
        }
    }

    /// <summary>Waits for waiters; after the end of the channel the rest is served with errors.</summary>
    private ValueTask<bool> HasMoreAsync() => _waiting.Reader.WaitToReadAsync(CancellationToken.None);

    private async ValueTask<TsoResponse> AskAsync(
        IRpcDuplexCall<TsoRequest, TsoResponse> call, uint count, CancellationToken stopping)
    {
        using var timeout = new CancellationTokenSource(AnswerTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, timeout.Token);
        await call.WriteAsync(new TsoRequest { Header = _pd.Header(), Count = count }, either.Token);
        var response = await call.ReadAsync(either.Token)
            ?? throw new RpcException(RpcStatusCode.Unavailable, "PD ended the stream of timestamps");
        return response.Header?.Error is { Type: not ErrorType.Ok } error
            ? throw new PdException(error.Type, $"PD refused a timestamp: {error.Message}")
            : response;
    }

    private static void Complete(List<TaskCompletionSource<ulong>> batch, TsoResponse response)
    {
        // PD names the last timestamp of the batch.
        var last = Tso.Compose(response.Timestamp.Physical, response.Timestamp.Logical);
        for (var i = 0; i < batch.Count; i++)
        {
            batch[i].TrySetResult(last - (ulong)(batch.Count - 1 - i));
        }
    }

    private static void Fail(List<TaskCompletionSource<ulong>> batch, Exception error)
    {
        var failure = error as RpcException
            ?? new RpcException(RpcStatusCode.Unavailable, "no timestamp from PD: " + error.Message, error);
        foreach (var waiter in batch)
        {
            waiter.TrySetException(failure);
        }
    }
}
