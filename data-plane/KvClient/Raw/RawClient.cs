using Cloud.KvClient.Regions;
using Cloud.KvClient.Requests;
using Cloud.KvClient.Transport;
using Cloud.Rpc.Proto.Kvrpcpb;
using Google.Protobuf;

namespace Cloud.KvClient.Raw;

/// <summary>
/// The raw side of a key-value cluster: single keys are atomic, several are not. Raw keys and transactional keys never meet.
/// Keys and values are copied or sent before a call returns; what is returned belongs to the caller. Thread-safe.
/// Writes are sent again when an answer is lost, which may do them twice; only <see cref="CompareAndSwapAsync"/>, where that would show,
/// fails as UndeterminedResult instead.
/// </summary>
public sealed class RawClient
{
    /// <summary>Bytes of one request of a batch. Source: client-go's raw batch size, 16 KiB; chosen larger, since each costs a flush.</summary>
    private const int BatchBytesMax = 256 * 1024;

    /// <summary>Keys in one request of a batch.</summary>
    private const int BatchKeysMax = 1024;

    /// <summary>Most pairs of one scan request. Source: client-go, MaxRawKVScanLimit.</summary>
    private const int ScanMax = 10_240;

    private readonly RegionSender _sender;
    private readonly KvClientOptions _options;
    private readonly SendOptions _send;

    internal RawClient(RegionSender sender, KvClientOptions options, bool expiring)
    {
        _sender = sender;
        _options = options;
        Expiring = expiring;
        _send = new SendOptions(ApiVersion: expiring ? APIVersion.V1Ttl : APIVersion.V1);
    }

    /// <summary>Whether pairs can have a time to live.</summary>
    public bool Expiring { get; }

    /// <summary>The value, or null when there is none.</summary>
    /// <exception cref="KvException">Unavailable.</exception>
    public async ValueTask<byte[]?> GetAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken)
    {
        var regionKey = key.ToArray();
        var response = await _sender.SendToKeyAsync(
            StoreCommands.RawGet,
            () => new RawGetRequest { Key = Wrap(regionKey) },
            regionKey,
            _sender.Retries.Begin(),
            cancellationToken,
            _send);
        Require(response.Error);
        return response.NotFound ? null : response.Value.ToByteArray();
    }

    /// <summary>Writes a value.</summary>
    /// <param name="key">Not empty.</param>
    /// <param name="value">Not empty.</param>
    /// <param name="timeToLive">After this the pair is gone; rounded up to seconds. Null: never. Only where <see cref="Expiring"/>.</param>
    /// <exception cref="KvException">TooLarge, or Unavailable: then it may still have happened.</exception>
    public async ValueTask PutAsync(
        ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, TimeSpan? timeToLive, CancellationToken cancellationToken)
    {
        RequireEntry(key.Length, value.Length);
        var (regionKey, bytes, ttl) = (key.ToArray(), ByteString.CopyFrom(value.Span), Seconds(timeToLive));
        var response = await _sender.SendToKeyAsync(
            StoreCommands.RawPut,
            () => new RawPutRequest { Key = Wrap(regionKey), Value = bytes, Ttl = ttl },
            regionKey,
            _sender.Retries.Begin(),
            cancellationToken,
            _send);
        Require(response.Error);
    }

    /// <summary>Deletes a pair; nothing happens when there is none.</summary>
    public async ValueTask DeleteAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken)
    {
        var regionKey = key.ToArray();
        var response = await _sender.SendToKeyAsync(
            StoreCommands.RawDelete,
            () => new RawDeleteRequest { Key = Wrap(regionKey) },
            regionKey,
            _sender.Retries.Begin(),
            cancellationToken,
            _send);
        Require(response.Error);
    }

    /// <summary>The time that a pair has left; null when there is no pair, <see cref="TimeSpan.MaxValue"/> when it does not expire.</summary>
    public async ValueTask<TimeSpan?> GetTimeToLiveAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken)
    {
        var regionKey = key.ToArray();
        var response = await _sender.SendToKeyAsync(
            StoreCommands.RawGetKeyTtl,
            () => new RawGetKeyTTLRequest { Key = Wrap(regionKey) },
            regionKey,
            _sender.Retries.Begin(),
            cancellationToken,
            _send);
        Require(response.Error);
        return response.NotFound ? null : response.Ttl == 0 ? TimeSpan.MaxValue : TimeSpan.FromSeconds(response.Ttl);
    }

    /// <summary>Replaces a value if it is the one expected.</summary>
    /// <param name="key">Not empty.</param>
    /// <param name="expected">What must be there; null: no pair.</param>
    /// <param name="value">What to write.</param>
    /// <param name="timeToLive">As in <see cref="PutAsync"/>.</param>
    /// <returns>Whether it was replaced, and what was there before.</returns>
    /// <exception cref="KvException">UndeterminedResult: an answer was lost, and it may or may not have happened.</exception>
    public async ValueTask<(bool Swapped, byte[]? Previous)> CompareAndSwapAsync(
        ReadOnlyMemory<byte> key,
        ReadOnlyMemory<byte>? expected,
        ReadOnlyMemory<byte> value,
        TimeSpan? timeToLive,
        CancellationToken cancellationToken)
    {
        RequireEntry(key.Length, value.Length);
        var regionKey = key.ToArray();
        var budget = _sender.Retries.Begin();
        while (true)
        {
            var region = await _sender.Regions.LocateAsync(regionKey, budget, cancellationToken);
            var request = new RawCASRequest
            {
                Key = Wrap(regionKey),
                Value = ByteString.CopyFrom(value.Span),
                PreviousNotExist = expected is null,
                PreviousValue = expected is { } previous ? ByteString.CopyFrom(previous.Span) : ByteString.Empty,
                Ttl = Seconds(timeToLive),
            };
            var reply = await _sender.SendOnceAsync(StoreCommands.RawCompareAndSwap, request, region, budget, cancellationToken, _send);
            if (reply.Response is { } response)
            {
                Require(response.Error);
                return (response.Succeed, response.PreviousNotExist ? null : response.PreviousValue.ToByteArray());
            }

            if (budget.MayHaveApplied)
            {
                throw new KvException(KvErrorCode.UndeterminedResult, "the answer to a compare-and-swap was lost; read the key to see") { Key = regionKey };
            }
        }
    }

    /// <summary>The pairs that exist, in ascending key order.</summary>
    public async ValueTask<IReadOnlyList<KeyValue>> BatchGetAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> keys, CancellationToken cancellationToken)
    {
        var found = new List<KeyValue>(keys.Count);
        await ForGroupsAsync(
            keys.Select(static key => key.ToArray()),
            static key => key,
            static key => key.Length,
            async (group, budget, token) =>
            {
                var request = new RawBatchGetRequest { Keys = { group.Items.Select(Wrap) } };
                var reply = await _sender.SendOnceAsync(StoreCommands.RawBatchGet, request, group.Region, budget, token, _send);
                if (reply.Response is not { } response)
                {
                    return false;
                }

                lock (found)
                {
                    found.AddRange(response.Pairs.Select(static pair => new KeyValue(pair.Key.ToByteArray(), pair.Value.ToByteArray())));
                }

                return true;
            },
            cancellationToken);
        found.Sort(static (left, right) => left.Key.AsSpan().SequenceCompareTo(right.Key));
        return found;
    }

    /// <summary>Writes pairs. Not atomic: after a failure some may have been written.</summary>
    public Task BatchPutAsync(IReadOnlyList<KeyValue> pairs, TimeSpan? timeToLive, CancellationToken cancellationToken)
    {
        foreach (var (key, value) in pairs)
        {
            RequireEntry(key.Length, value.Length);
        }

        var ttl = Seconds(timeToLive);
        return ForGroupsAsync(
            pairs,
            static pair => pair.Key,
            static pair => pair.Key.Length + pair.Value.Length,
            async (group, budget, token) =>
            {
                var request = new RawBatchPutRequest
                {
                    Pairs = { group.Items.Select(static pair => new KvPair { Key = Wrap(pair.Key), Value = Wrap(pair.Value) }) },
                    Ttls = { ttl },
                };
                var reply = await _sender.SendOnceAsync(StoreCommands.RawBatchPut, request, group.Region, budget, token, _send);
                Require(reply.Response?.Error);
                return reply.Response is not null;
            },
            cancellationToken);
    }

    /// <summary>Deletes pairs. Not atomic: after a failure some may be gone.</summary>
    public Task BatchDeleteAsync(IReadOnlyList<ReadOnlyMemory<byte>> keys, CancellationToken cancellationToken) => ForGroupsAsync(
        keys.Select(static key => key.ToArray()),
        static key => key,
        static key => key.Length,
        async (group, budget, token) =>
        {
            var request = new RawBatchDeleteRequest { Keys = { group.Items.Select(Wrap) } };
            var reply = await _sender.SendOnceAsync(StoreCommands.RawBatchDelete, request, group.Region, budget, token, _send);
            Require(reply.Response?.Error);
            return reply.Response is not null;
        },
        cancellationToken);

    /// <summary>The first pairs of [<paramref name="start"/>, <paramref name="end"/>), ascending or, reversed, descending.</summary>
    /// <param name="end">Empty: the end of the key space.</param>
    /// <param name="limit">Most pairs, from 1 to 10,240.</param>
    public async ValueTask<IReadOnlyList<KeyValue>> ScanAsync(
        ReadOnlyMemory<byte> start, ReadOnlyMemory<byte> end, int limit, bool reverse, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, ScanMax);
        var found = new List<KeyValue>();
        var budget = _sender.Retries.Begin();
        var (low, high) = (start.ToArray(), end.ToArray());
        var most = limit;
        while (true)
        {
            var region = reverse
                ? await _sender.Regions.LocateBelowAsync(high, budget, cancellationToken)
                : await _sender.Regions.LocateAsync(low, budget, cancellationToken);
            var request = new RawScanRequest
            {
                StartKey = Wrap(reverse ? high : low),
                EndKey = Wrap(reverse ? Later(low, region.StartKey) : Earlier(high, region.EndKey)),
                Limit = (uint)Math.Min(limit - found.Count, most),
                Reverse = reverse,
            };
            RawScanResponse? response;
            try
            {
                response = (await _sender.SendOnceAsync(StoreCommands.RawScan, request, region, budget, cancellationToken, _send)).Response;
            }
            catch (KvException tooLarge) when (tooLarge.Code == KvErrorCode.TooLarge && request.Limit > 1)
            {
                most = (int)Math.Max(request.Limit / 4, 1); // A single pair always fits.
                continue;
            }

            if (response is null)
            {
                continue;
            }

            found.AddRange(response.Kvs.Select(static pair => new KeyValue(pair.Key.ToByteArray(), pair.Value.ToByteArray())));
            if (response.Kvs.Count >= request.Limit && found.Count < limit)
            {
                (low, high) = reverse ? (low, found[^1].Key) : ([.. found[^1].Key, 0], high); // The region may have more.
                continue;
            }

            var edge = (reverse ? region.StartKey : region.EndKey).ToArray();
            var done = edge.Length == 0
                || (reverse ? edge.AsSpan().SequenceCompareTo(low) <= 0 : high.Length > 0 && edge.AsSpan().SequenceCompareTo(high) >= 0);
            if (done || found.Count >= limit)
            {
                return found;
            }

            (low, high) = reverse ? (low, edge) : (edge, high);
        }
    }

    /// <summary>Deletes all pairs of [<paramref name="start"/>, <paramref name="end"/>), region by region.</summary>
    public async ValueTask DeleteRangeAsync(ReadOnlyMemory<byte> start, ReadOnlyMemory<byte> end, CancellationToken cancellationToken)
    {
        var budget = _sender.Retries.Begin();
        var (low, high) = (start.ToArray(), end.ToArray());
        while (true)
        {
            var region = await _sender.Regions.LocateAsync(low, budget, cancellationToken);
            var until = Earlier(high, region.EndKey);
            var request = new RawDeleteRangeRequest { StartKey = Wrap(low), EndKey = Wrap(until) };
            var reply = await _sender.SendOnceAsync(StoreCommands.RawDeleteRange, request, region, budget, cancellationToken, _send);
            if (reply.Response is not { } response)
            {
                continue;
            }

            Require(response.Error);
            if (until.Length == 0 || (high.Length > 0 && until.AsSpan().SequenceCompareTo(high) >= 0))
            {
                return;
            }

            low = until;
        }
    }

    private static ByteString Wrap(byte[] bytes) => UnsafeByteOperations.UnsafeWrap(bytes);

    private ulong Seconds(TimeSpan? timeToLive)
    {
        if (timeToLive is not { } ttl)
        {
            return 0;
        }

        return Expiring
            ? (ulong)Math.Max(1, Math.Ceiling(ttl.TotalSeconds))
            : throw new KvException(KvErrorCode.Fatal, "pairs of this key space do not expire; use the client's ExpiringRaw");
    }

    /// <summary>The earlier of two ends, of which an empty one is the last.</summary>
    private static byte[] Earlier(byte[] end, ReadOnlySpan<byte> regionEnd) =>
        regionEnd.IsEmpty || (end.Length > 0 && regionEnd.SequenceCompareTo(end) >= 0) ? end : regionEnd.ToArray();

    private static byte[] Later(byte[] start, ReadOnlySpan<byte> regionStart) =>
        regionStart.SequenceCompareTo(start) > 0 ? regionStart.ToArray() : start;

    private static void Require(string? error)
    {
        if (!string.IsNullOrEmpty(error))
        {
            throw new KvException(KvErrorCode.Fatal, $"storage refused: {error}");
        }
    }

    private void RequireEntry(int keyBytes, int valueBytes)
    {
        if (keyBytes == 0 || keyBytes + (long)valueBytes > _options.EntryMax.Bytes)
        {
            throw new KvException(
                KvErrorCode.TooLarge, $"a key has at least one byte, and key and value have at most {_options.EntryMax} together, not {keyBytes} + {valueBytes} bytes");
        }
    }

    private Task ForGroupsAsync<T>(
        IEnumerable<T> items,
        Func<T, byte[]> key,
        Func<T, int> size,
        Func<RegionGroup<T>, RetryBudget, CancellationToken, ValueTask<bool>> attempt,
        CancellationToken cancellationToken) =>
        _sender.ForGroupsAsync(items, key, size, BatchBytesMax, BatchKeysMax, _options.Concurrency, attempt, cancellationToken);
}
