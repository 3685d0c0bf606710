using System.Buffers.Binary;
using Cloud.Pd.Meta;
using Cloud.Rpc;
using Microsoft.Extensions.Logging;

namespace Cloud.Pd.Tso;

/// <summary>Runs the oracle: a tick every 50 ms, and the bound in PD's metadata. Thread-safe.</summary>
internal sealed partial class TimestampService : IAsyncDisposable
{
    public static readonly TimeSpan TickInterval = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private readonly TimestampOracle _oracle = new();
    private readonly SemaphoreSlim _extending = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly MetaStore _meta;
    private readonly string _key;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private Task _ticking = Task.CompletedTask;
    private long _taken;

    private TimestampService(MetaStore meta, string key, TimeProvider time, ILogger logger)
    {
        _meta = meta;
        _key = key;
        _time = time;
        _logger = logger;
    }

    /// <summary>Timestamps handed out by this process.</summary>
    public long Taken => Interlocked.Read(ref _taken);

    /// <summary>Makes a first bound durable and begins to tick.</summary>
    public static async Task<TimestampService> StartAsync(
        MetaStore meta, MetaKeys keys, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var service = new TimestampService(meta, keys.Timestamp, time, logger);
        var durable = meta.Read(map => map.TryGet(keys.Timestamp, out var entry) ? ReadBound(entry.Value) : 0);
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        await service.PersistAsync(TimestampOracle.FirstBound(durable, now), cancellationToken);
        service._oracle.Start(durable, now);
        service._ticking = service.TickAsync();
        return service;
    }

    /// <summary>Takes consecutive timestamps; see <see cref="TimestampOracle.TryTake"/>.</summary>
    /// <exception cref="RpcException">The count is out of range.</exception>
    public ValueTask<(long PhysicalMs, long LastLogical)> TakeAsync(long count, CancellationToken cancellationToken)
    {
        if (count is <= 0 or >= TimestampOracle.LogicalMax)
        {
            throw new RpcException(
                RpcStatusCode.InvalidArgument, $"ask for 1 to {TimestampOracle.LogicalMax - 1} timestamps at a time, not {count}");
        }

        return TryTake(count, out var taken) ? new(taken) : new(TakeAfterExtendingAsync(count, cancellationToken));
    }

    /// <summary>The newest physical part.</summary>
    public long PhysicalMs
    {
        get
        {
            lock (_gate)
            {
                return _oracle.PhysicalMs;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _ticking;
        _stop.Dispose();
        _extending.Dispose();
    }

    private static long ReadBound(byte[] value) => (long)(BinaryPrimitives.ReadUInt64BigEndian(value) / 1_000_000);

    private bool TryTake(long count, out (long PhysicalMs, long LastLogical) taken)
    {
        bool enough;
        lock (_gate)
        {
            enough = _oracle.TryTake(count, out taken.PhysicalMs, out taken.LastLogical);
        }

        if (enough)
        {
            Interlocked.Add(ref _taken, count);
        }

        return enough;
    }

    private async Task<(long PhysicalMs, long LastLogical)> TakeAfterExtendingAsync(long count, CancellationToken cancellationToken)
    {
        (long PhysicalMs, long LastLogical) taken;
        while (!TryTake(count, out taken))
        {
            await ExtendAsync(cancellationToken);
        }

        return taken;
    }

    /// <summary>Makes the next bound durable, once for all who wait.</summary>
    private async Task ExtendAsync(CancellationToken cancellationToken)
    {
        await _extending.WaitAsync(cancellationToken);
        try
        {
            long? bound;
            lock (_gate)
            {
                bound = _oracle.Tick(_time.GetUtcNow().ToUnixTimeMilliseconds());
            }

            if (bound is not null)
            {
                await PersistAsync(bound.Value, cancellationToken);
                lock (_gate)
                {
                    _oracle.Extend(bound.Value);
                }
            }
        }
        finally
        {
            _extending.Release();
        }
    }

    private async Task TickAsync()
    {
        using var timer = new PeriodicTimer(TickInterval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                await ExtendAsync(_stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Stopped.
        }
        catch (IOException failure)
        {
            LogLost(failure);
        }
    }

    /// <summary>Writes the bound as PD does: nanoseconds since 1970, 8 bytes, big-endian.</summary>
    private async ValueTask PersistAsync(long boundMs, CancellationToken cancellationToken)
    {
        var value = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(value, (ulong)boundMs * 1_000_000);
        await _meta.ProposeAsync(new MetaTransaction().Put(_key, value), cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "The bound of timestamps can no longer be made durable: free or replace PD's disk, then restart it")]
    private partial void LogLost(Exception failure);
}
