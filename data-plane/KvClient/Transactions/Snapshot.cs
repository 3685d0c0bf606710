using System.Runtime.CompilerServices;
using Cloud.KvClient.Regions;
using Cloud.KvClient.Requests;
using Cloud.KvClient.Transport;
using Cloud.Rpc.Proto.Kvrpcpb;
using Google.Protobuf;

namespace Cloud.KvClient.Transactions;

/// <summary>
/// Reads at one timestamp from storage. A lock in the way is resolved; a transaction that is alive is pushed above the timestamp, after which
/// its locks are passed by, or waited for.
/// </summary>
internal sealed class Snapshot(TransactionServices services, ulong readTimestamp) : IKvSnapshot
{
    /// <summary>Pairs of the first request of a scan; it doubles up to <see cref="ScanBatchMax"/>, since short scans are common.</summary>
    private const int ScanBatchFirst = 64;

    /// <summary>Pairs of one request of a long scan. Chosen here: the rows of one chunk of the executor.</summary>
    private const int ScanBatchMax = 1024;

    /// <summary>
    /// An answer of at least this size is not followed by a longer one. Chosen here: above it, longer answers save no time and take memory.
    /// </summary>
    private const long ScanBytesEnough = 1024 * 1024;

    private const int GetBytesMax = 256 * 1024;
    private const int GetKeysMax = 2048;

    private readonly Lock _gate = new();
    private ulong[] _passable = [];

    public ulong ReadTimestamp => readTimestamp;

    public async ValueTask<byte[]?> GetAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken)
    {
        var keyBytes = UnsafeByteOperations.UnsafeWrap(key.ToArray());
        var regionKey = KeyCodec.Encode(key.Span);
        var budget = services.BeginRetries();
        while (true)
        {
            var region = await services.Sender.Regions.LocateAsync(regionKey, budget, cancellationToken);
            var request = new GetRequest { Key = keyBytes, Version = readTimestamp };
            var reply = await SendAsync(StoreCommands.Get, request, region, budget, cancellationToken);
            if (reply.Response is not { } response)
            {
                continue;
            }

            if (response.Error is null)
            {
                return response.NotFound ? null : response.Value.ToByteArray();
            }

            await ClearAsync([LockOf(response.Error)], budget, cancellationToken);
        }
    }

    public async ValueTask<IReadOnlyList<KeyValue>> BatchGetAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> keys, CancellationToken cancellationToken)
    {
        var found = new List<KeyValue>(keys.Count);
        await services.Sender.ForGroupsAsync(
            keys.Select(static key => key.ToArray()),
            KeyCodec.EncodeArray,
            static key => key.Length,
            GetBytesMax,
            GetKeysMax,
            services.Options.Concurrency,
            (group, budget, token) => GetGroupAsync(group, found, budget, token),
            cancellationToken);
        found.Sort(static (left, right) => left.Key.AsSpan().SequenceCompareTo(right.Key));
        return found;
    }

    public async IAsyncEnumerable<IReadOnlyList<KeyValue>> ScanAsync(
        ReadOnlyMemory<byte> start,
        ReadOnlyMemory<byte> end,
        int limit,
        bool reverse,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var cursor = new ScanCursor(start.ToArray(), end.ToArray(), reverse);
        var left = limit > 0 ? limit : int.MaxValue;
        var batch = ScanBatchFirst;
        while (left > 0 && !cursor.AtEnd)
        {
            // The budget is for one batch: a long scan may wait again and again.
            var (pairs, bytes) = await ScanBatchAsync(cursor, Math.Min(left, batch), services.BeginRetries(), cancellationToken);
            batch = bytes < ScanBytesEnough ? Math.Min(batch * 2, ScanBatchMax) : Math.Max(batch / 2, 1);
            if (pairs.Count > 0)
            {
                left -= pairs.Count;
                yield return pairs;
            }
        }
    }

    private static LockInfo LockOf(KeyError error) => error.Locked ?? throw KeyErrors.ToException(error);

    private ValueTask<RegionReply<TResponse>> SendAsync<TRequest, TResponse>(
        StoreCommand<TRequest, TResponse> command,
        TRequest request,
        CachedRegion region,
        RetryBudget budget,
        CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        services.Sender.SendOnceAsync(
            command, request, region, budget, cancellationToken, new SendOptions(PassableLocks: Volatile.Read(ref _passable)));

    /// <summary>Resolves locks, or waits for those that are alive and cannot be passed.</summary>
    private async ValueTask ClearAsync(IReadOnlyList<LockInfo> locks, RetryBudget budget, CancellationToken cancellationToken)
    {
        var outcome = await services.Locks.ResolveAsync(locks, readTimestamp, budget, cancellationToken);
        if (outcome.Passable.Count > 0)
        {
            lock (_gate)
            {
                _passable = [.. _passable.Union(outcome.Passable)];
            }
        }

        if (outcome.MustWait)
        {
            await budget.WaitAsync(
                RetryKind.Lock, $"a lock of transaction {locks[0].LockVersion}", TimeSpan.Zero, outcome.WaitMost, cancellationToken);
        }
    }

    private async ValueTask<bool> GetGroupAsync(
        RegionGroup<byte[]> group, List<KeyValue> found, RetryBudget budget, CancellationToken cancellationToken)
    {
        var keys = group.Items;
        while (keys.Count > 0)
        {
            var request = new BatchGetRequest { Version = readTimestamp, Keys = { keys.Select(static key => UnsafeByteOperations.UnsafeWrap(key)) } };
            var reply = await SendAsync(StoreCommands.BatchGet, request, group.Region, budget, cancellationToken);
            if (reply.Response is not { } response)
            {
                KeepOnly(group.Items, keys);
                return false;
            }

            var locked = new List<LockInfo>();
            if (response.Error is not null)
            {
                locked.Add(LockOf(response.Error));
            }
            else
            {
                keys = Collect(response, found, locked);
            }

            if (locked.Count > 0)
            {
                await ClearAsync(locked, budget, cancellationToken);
            }
        }

        return true;
    }

    /// <summary>What was read is not read again.</summary>
    private static void KeepOnly(List<byte[]> items, List<byte[]> keys)
    {
        if (!ReferenceEquals(items, keys))
        {
            items.Clear();
            items.AddRange(keys);
        }
    }

    /// <summary>Takes the pairs of an answer.</summary>
    /// <returns>The keys that were locked.</returns>
    private static List<byte[]> Collect(BatchGetResponse response, List<KeyValue> found, List<LockInfo> locked)
    {
        var again = new List<byte[]>();
        lock (found)
        {
            foreach (var pair in response.Pairs)
            {
                if (pair.Error is null)
                {
                    found.Add(new KeyValue(pair.Key.ToByteArray(), pair.Value.ToByteArray()));
                }
                else
                {
                    var info = LockOf(pair.Error);
                    locked.Add(info);
                    again.Add((pair.Key.IsEmpty ? info.Key : pair.Key).ToByteArray());
                }
            }
        }

        return again;
    }

    /// <summary>Reads one batch and moves the cursor behind it. Empty when the rest of the region has no pairs.</summary>
    private async ValueTask<(IReadOnlyList<KeyValue> Pairs, long Bytes)> ScanBatchAsync(
        ScanCursor cursor, int limit, RetryBudget budget, CancellationToken cancellationToken)
    {
        while (true)
        {
            var region = await (cursor.Reverse
                ? services.Sender.Regions.LocateBelowAsync(cursor.RegionKey, budget, cancellationToken)
                : services.Sender.Regions.LocateAsync(cursor.RegionKey, budget, cancellationToken));
            if (cursor.NewRequest(region, readTimestamp, limit) is not { } request)
            {
                cursor.LeaveRegion(region);
                return ([], 0);
            }

            ScanResponse? response;
            try
            {
                response = (await SendAsync(StoreCommands.Scan, request, region, budget, cancellationToken)).Response;
            }
            catch (KvException tooLarge) when (tooLarge.Code == KvErrorCode.TooLarge && limit > 1)
            {
                limit = Math.Max(limit / 4, 1); // A single pair always fits.
                continue;
            }

            if (response is null)
            {
                continue;
            }

            var (pairs, locked, bytes) = Take(response);
            if (pairs.Count > 0)
            {
                cursor.Advance(pairs[^1].Key, region, mayHaveMore: locked.Count > 0 || pairs.Count >= limit);
                return (pairs, bytes);
            }

            if (locked.Count == 0)
            {
                cursor.LeaveRegion(region);
                return (pairs, bytes);
            }

            await ClearAsync(locked, budget, cancellationToken);
        }
    }

    /// <summary>The pairs up to the first lock, and all the locks.</summary>
    private static (List<KeyValue> Pairs, List<LockInfo> Locked, long Bytes) Take(ScanResponse response)
    {
        var pairs = new List<KeyValue>(response.Pairs.Count);
        var locked = new List<LockInfo>();
        long bytes = 0;
        if (response.Error is not null)
        {
            locked.Add(LockOf(response.Error));
            return (pairs, locked, bytes);
        }

        foreach (var pair in response.Pairs)
        {
            if (pair.Error is not null)
            {
                locked.Add(LockOf(pair.Error));
            }
            else if (locked.Count == 0)
            {
                bytes += pair.Key.Length + pair.Value.Length;
                pairs.Add(new KeyValue(pair.Key.ToByteArray(), pair.Value.ToByteArray()));
            }
        }

        return (pairs, locked, bytes);
    }
}
