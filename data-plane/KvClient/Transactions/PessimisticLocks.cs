using Cloud.KvClient.Regions;
using Cloud.KvClient.Requests;
using Cloud.KvClient.Transport;
using Cloud.Rpc.Proto.Kvrpcpb;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace Cloud.KvClient.Transactions;

/// <summary>
/// The locks that a pessimistic transaction holds before it commits. Locking reads the newest committed version, at a for-update timestamp of
/// its own: when that version is newer still, the lock is tried again at a fresh one. Not thread-safe.
/// Invariant: a key is noted before storage is asked to lock it, so that giving up releases also what was locked without our knowing.
/// </summary>
internal sealed partial class PessimisticLocks(TransactionServices services, ulong startTimestamp) : IAsyncDisposable
{
    private const int BatchBytesMax = 256 * 1024;
    private const int BatchKeysMax = 2048;

    /// <summary>A waiting request is answered by its store after a while; this is how much longer the connection gets.</summary>
    private static readonly TimeSpan AnswerMargin = TimeSpan.FromSeconds(10);

    /// <summary>Key → whether it had a value when it was locked; null while that is not known.</summary>
    private readonly Dictionary<byte[], bool?> _keys = new(ByteArrayComparer.Instance);

    private TransactionHeartbeat? _heartbeat;
    private ulong _forUpdateTimestamp;

    /// <summary>The first key locked, where the transaction's fate is written; null before.</summary>
    public byte[]? Primary { get; private set; }

    /// <summary>The newest timestamp at which keys were locked; the start timestamp before.</summary>
    public ulong ForUpdateTimestamp => Math.Max(startTimestamp, _forUpdateTimestamp);

    /// <summary>Keys that are locked.</summary>
    public IEnumerable<byte[]> Held => _keys.Where(static key => key.Value is not null).Select(static key => key.Key);

    public bool IsHeld(byte[] key) => _keys.TryGetValue(key, out var existed) && existed is not null;

    /// <summary>Whether a locked key had a value when it was locked.</summary>
    public bool Existed(byte[] key) => _keys.GetValueOrDefault(key) == true;

    /// <summary>Locks keys.</summary>
    /// <returns>The newest committed pairs among them, ascending.</returns>
    /// <exception cref="KvException">LockWaitTimeout, Deadlock, TransactionAborted or Unavailable; what this call locked is released.</exception>
    public async Task<List<KeyValue>> LockAsync(IReadOnlyList<byte[]> keys, TimeSpan waitMax, CancellationToken cancellationToken)
    {
        var fresh = keys.Where(key => !_keys.ContainsKey(key)).Distinct(ByteArrayComparer.Instance).ToList();
        var hadPrimary = Primary is not null;
        foreach (var key in fresh)
        {
            _keys.Add(key, null);
        }

        Primary ??= keys[0];
        try
        {
            var found = await LockAtFreshTimestampsAsync(keys, waitMax, cancellationToken);
            _heartbeat ??= TransactionHeartbeat.Start(services, Primary, startTimestamp);
            return found;
        }
        catch (Exception failure) when (failure is KvException or OperationCanceledException)
        {
            await ReleaseAsync(fresh, CancellationToken.None);
            Primary = hadPrimary ? Primary : null;
            throw;
        }
    }

    /// <summary>Releases everything.</summary>
    public async Task ReleaseAllAsync(CancellationToken cancellationToken)
    {
        await DisposeAsync();
        await ReleaseAsync([.. _keys.Keys], cancellationToken);
    }

    /// <summary>Stops renewing. The locks stay: a commit takes them over, or they run out.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_heartbeat is { } beating)
        {
            _heartbeat = null;
            await beating.DisposeAsync();
        }
    }

    private async Task<List<KeyValue>> LockAtFreshTimestampsAsync(
        IReadOnlyList<byte[]> keys, TimeSpan waitMax, CancellationToken cancellationToken)
    {
        var started = services.Time.GetTimestamp();
        while (true)
        {
            var attempt = new LockAttempt(await services.GetTimestampAsync(cancellationToken), started, waitMax);
            await LockOnceAsync(attempt, keys, cancellationToken);
            if (!attempt.MetNewerVersion)
            {
                _forUpdateTimestamp = attempt.ForUpdateTimestamp;
                attempt.Pairs.Sort(static (left, right) => left.Key.AsSpan().SequenceCompareTo(right.Key));
                return attempt.Pairs;
            }

            if (services.Time.GetElapsedTime(started) > waitMax + AnswerMargin)
            {
                throw Timeout(keys[0], waitMax);
            }
        }
    }

    private static KvException Timeout(byte[] key, TimeSpan waitMax) =>
        new(KvErrorCode.LockWaitTimeout, $"a lock was not free within {waitMax.TotalSeconds:0.###} s") { Key = key };

    /// <summary>Locks all keys at one timestamp: the primary's region first, as long as it is not locked, then the others side by side.</summary>
    private async Task LockOnceAsync(LockAttempt attempt, IReadOnlyList<byte[]> keys, CancellationToken cancellationToken)
    {
        var budget = services.Sender.Retries.Begin(attempt.WaitMax + services.Options.RetryBudget);
        var groups = await services.Sender.Regions.GroupAsync(
            keys, KeyCodec.EncodeArray, static key => key.Length, BatchBytesMax, BatchKeysMax, budget, cancellationToken);
        attempt.IsFirst = groups.Count == 1 && !Held.Any();
        if (groups.Count > 1 && !IsHeld(Primary!)) // Set by the caller.
        {
            var primary = groups.FindIndex(group => group.Items.Contains(Primary!, ByteArrayComparer.Instance));
            await LockGroupAsync(attempt, groups[primary], cancellationToken);
            groups.RemoveAt(primary);
        }

        if (!attempt.MetNewerVersion)
        {
            await Bounded.ForEachAsync(
                groups, services.Options.Concurrency, (group, token) => LockGroupAsync(attempt, group, token), cancellationToken);
        }
    }

    private async ValueTask LockGroupAsync(LockAttempt attempt, RegionGroup<byte[]> group, CancellationToken cancellationToken)
    {
        var budget = services.Sender.Retries.Begin(attempt.WaitMax + services.Options.RetryBudget);
        while (!attempt.MetNewerVersion)
        {
            var left = attempt.WaitMax - services.Time.GetElapsedTime(attempt.Started);
            var reply = await services.Sender.SendOnceAsync(
                StoreCommands.PessimisticLock,
                NewRequest(attempt, group.Items, left),
                group.Region,
                budget,
                cancellationToken,
                new SendOptions(Timeout: (left > TimeSpan.Zero ? left : TimeSpan.Zero) + AnswerMargin));
            if (reply.Response is not { } response)
            {
                await LockPartsAsync(attempt, group, budget, cancellationToken);
                return;
            }

            if (response.Errors.Count == 0)
            {
                Take(attempt, group.Items, response);
                return;
            }

            await HandleAsync(attempt, response.Errors, budget, cancellationToken);
        }
    }

    private async ValueTask LockPartsAsync(
        LockAttempt attempt, RegionGroup<byte[]> group, RetryBudget budget, CancellationToken cancellationToken)
    {
        var parts = await services.Sender.Regions.GroupAsync(
            group.Items, KeyCodec.EncodeArray, static key => key.Length, BatchBytesMax, BatchKeysMax, budget, cancellationToken);
        foreach (var part in parts)
        {
            await LockGroupAsync(attempt, part, cancellationToken);
        }
    }

    private PessimisticLockRequest NewRequest(LockAttempt attempt, List<byte[]> keys, TimeSpan left) => new()
    {
        Mutations =
        {
            keys.Select(static key => new Mutation { Op = Op.PessimisticLock, Key = UnsafeByteOperations.UnsafeWrap(key) }),
        },
        PrimaryLock = UnsafeByteOperations.UnsafeWrap(Primary),
        StartVersion = startTimestamp,
        LockTtl = TransactionHeartbeat.TtlMs(startTimestamp, services.Timestamps),
        ForUpdateTs = attempt.ForUpdateTimestamp,
        IsFirstLock = attempt.IsFirst,
        WaitTimeout = left > TimeSpan.Zero ? (long)Math.Ceiling(left.TotalMilliseconds) : -1,
        ReturnValues = true,
        MinCommitTs = attempt.ForUpdateTimestamp + 1,
    };

    private void Take(LockAttempt attempt, List<byte[]> keys, PessimisticLockResponse response)
    {
        lock (attempt.Pairs)
        {
            for (var i = 0; i < keys.Count; i++)
            {
                // A store that does not tell existence apart answers an absent key with an empty value; values are never empty.
                var exists = i < response.NotFounds.Count ? !response.NotFounds[i] : response.Values[i].Length > 0;
                _keys[keys[i]] = exists;
                if (exists)
                {
                    attempt.Pairs.Add(new KeyValue(keys[i], response.Values[i].ToByteArray()));
                }
            }
        }
    }

    private async ValueTask HandleAsync(
        LockAttempt attempt, IReadOnlyList<KeyError> errors, RetryBudget budget, CancellationToken cancellationToken)
    {
        var locks = new List<LockInfo>();
        foreach (var error in errors)
        {
            if (error.Locked is { } info)
            {
                locks.Add(info);
            }
            else if (error.Conflict is { Reason: not WriteConflict.Types.Reason.SelfRolledBack })
            {
                attempt.MetNewerVersion = true;
                return;
            }
            else
            {
                throw KeyErrors.ToException(error);
            }
        }

        var outcome = await services.Locks.ResolveAsync(locks, readTimestamp: 0, budget, cancellationToken);
        if (!outcome.MustWait)
        {
            return;
        }

        var left = attempt.WaitMax - services.Time.GetElapsedTime(attempt.Started);
        if (left <= TimeSpan.Zero)
        {
            throw Timeout(locks[0].Key.ToByteArray(), attempt.WaitMax);
        }

        // The store has let us wait in its queue already; this only keeps a store that does not from being asked without a pause.
        await budget.WaitAsync(RetryKind.Lock, "a lock of another transaction", TimeSpan.Zero, Min(left, outcome.WaitMost), cancellationToken);
    }

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    /// <summary>Releases keys that are or may be locked. Locks that are left run out, and whoever meets them then clears them.</summary>
    private async Task ReleaseAsync(IReadOnlyList<byte[]> keys, CancellationToken cancellationToken)
    {
        foreach (var key in keys)
        {
            _keys.Remove(key);
        }

        try
        {
            await RollbackAsync(keys, cancellationToken);
        }
        catch (KvException failure)
        {
            LogLeft(services.Logger, startTimestamp, failure.Message);
        }
    }

    private Task RollbackAsync(IReadOnlyList<byte[]> keys, CancellationToken cancellationToken) =>
        services.Sender.ForGroupsAsync(
            keys,
            KeyCodec.EncodeArray,
            static key => key.Length,
            BatchBytesMax,
            BatchKeysMax,
            services.Options.Concurrency,
            async (group, budget, token) =>
            {
                var request = new PessimisticRollbackRequest
                {
                    StartVersion = startTimestamp,
                    ForUpdateTs = ulong.MaxValue,
                    Keys = { group.Items.Select(static key => UnsafeByteOperations.UnsafeWrap(key)) },
                };
                return (await services.Sender.SendOnceAsync(StoreCommands.PessimisticRollback, request, group.Region, budget, token)).Response is not null;
            },
            cancellationToken);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Transaction {Start} leaves pessimistic locks behind, which run out: {Reason}")]
    private static partial void LogLeft(ILogger logger, ulong start, string reason);

    /// <summary>One try to lock some keys at one timestamp.</summary>
    private sealed class LockAttempt(ulong forUpdateTimestamp, long started, TimeSpan waitMax)
    {
        private int _metNewerVersion;

        public ulong ForUpdateTimestamp => forUpdateTimestamp;

        public long Started => started;

        public TimeSpan WaitMax => waitMax;

        /// <summary>Whether the transaction holds no lock yet, so that it cannot be part of a deadlock.</summary>
        public bool IsFirst { get; set; }

        public List<KeyValue> Pairs { get; } = [];

        /// <summary>A version above the timestamp was met: try again at a fresh one.</summary>
        public bool MetNewerVersion
        {
            get => Volatile.Read(ref _metNewerVersion) != 0;
            set => Volatile.Write(ref _metNewerVersion, value ? 1 : 0);
        }
    }
}
