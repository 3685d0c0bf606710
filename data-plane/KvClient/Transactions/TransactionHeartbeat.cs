using Cloud.Codec;
using Cloud.KvClient.Pd;
using Cloud.KvClient.Regions;
using Cloud.KvClient.Transport;
using Cloud.Rpc.Proto.Kvrpcpb;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace Cloud.KvClient.Transactions;

/// <summary>
/// Keeps a transaction's primary lock alive while its owner is. When the owner dies the lock runs out, and others roll the transaction back.
/// Source: client-go's TTL manager: 20 s ahead, renewed every 10 s.
/// </summary>
internal sealed partial class TransactionHeartbeat : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Ahead = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _stop = new();
    private readonly TransactionServices _services;
    private readonly byte[] _primary;
    private readonly ulong _startTimestamp;
    private readonly Task _beating;

    private TransactionHeartbeat(TransactionServices services, byte[] primary, ulong startTimestamp)
    {
        _services = services;
        _primary = primary;
        _startTimestamp = startTimestamp;
        _beating = BeatAsync();
    }

    /// <summary>The time to live that a lock laid now asks for, in milliseconds from the physical part of the start timestamp.</summary>
    public static ulong TtlMs(ulong startTimestamp, TimeSpan ahead, TimestampSource timestamps)
    {
        var elapsedMs = timestamps.EstimateNowMs() - Tso.PhysicalMs(startTimestamp);
        return (ulong)(Math.Max(0, elapsedMs) + (long)ahead.TotalMilliseconds);
    }

    /// <summary>The time to live of a lock that is kept alive.</summary>
    public static ulong TtlMs(ulong startTimestamp, TimestampSource timestamps) => TtlMs(startTimestamp, Ahead, timestamps);

    public static TransactionHeartbeat Start(TransactionServices services, byte[] primary, ulong startTimestamp) =>
        new(services, primary, startTimestamp);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _beating;
        _stop.Dispose();
    }

    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(Interval, _services.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token) && await TryBeatAsync())
            {
                // Until the transaction ends, or somebody else ended it.
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The transaction has ended.
        }
    }

    /// <summary>False when the lock is gone; the owner learns of that when it commits.</summary>
    private async ValueTask<bool> TryBeatAsync()
    {
        try
        {
            var response = await _services.Sender.SendToKeyAsync(
                StoreCommands.TxnHeartBeat,
                () => new TxnHeartBeatRequest
                {
                    PrimaryLock = UnsafeByteOperations.UnsafeWrap(_primary),
                    StartVersion = _startTimestamp,
                    AdviseLockTtl = TtlMs(_startTimestamp, _services.Timestamps),
                },
                KeyCodec.Encode(_primary),
                _services.Sender.Retries.Begin(Interval),
                _stop.Token);
            return response.Error is null;
        }
        catch (KvException failure)
        {
            LogMissed(_services.Logger, _startTimestamp, failure.Message);
            return true;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Transaction {Start} could not renew its lock and will try again: {Reason}")]
    private static partial void LogMissed(ILogger logger, ulong start, string reason);
}
