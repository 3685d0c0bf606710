using Cloud.Codec;
using Cloud.KvClient.Pd;
using Cloud.KvClient.Regions;
using Cloud.KvClient.Requests;
using Cloud.KvClient.Transport;
using Cloud.Rpc.Proto.Kvrpcpb;
using Google.Protobuf;

namespace Cloud.KvClient.Transactions;

/// <summary>
/// Clears the locks of others out of the way. A lock names its transaction's primary key, where the transaction's fate is written: while it
/// is alive one waits (a reader pushes it above itself instead); when it is decided, the lock is committed or rolled back like the primary;
/// when its time is up, it is rolled back at the primary first, which decides it for everybody. A transaction that commits asynchronously
/// is decided by all of its locks together.
/// Invariant: nobody's lock is removed before the fate of its transaction is fixed at its primary, or by its secondaries. Each step may be
/// repeated, by anyone, after a crash at any point.
/// Source: Percolator (Peng, Dabek, OSDI 2010), §2.2; KV-PROTOCOL §1.7 for the extensions. Thread-safe.
/// </summary>
internal sealed class LockResolver(RegionSender sender, TimestampSource timestamps, int concurrency)
{
    /// <summary>A transaction with at least this many keys in a region is resolved there as a whole. Source: client-go, 16.</summary>
    private const ulong WholeRegionKeys = 16;

    private const int BatchBytesMax = 256 * 1024;
    private const int BatchKeysMax = 1024;

    private readonly FateMemory _memory = new();

    /// <summary>Resolves what can be resolved.</summary>
    /// <param name="locks">As storage reported them.</param>
    /// <param name="readTimestamp">Of a reader, which pushes living transactions above itself; 0 for a writer.</param>
    /// <param name="budget">The waits of the operation.</param>
    /// <returns>What is left of them.</returns>
    public async ValueTask<LockOutcome> ResolveAsync(
        IReadOnlyList<LockInfo> locks, ulong readTimestamp, RetryBudget budget, CancellationToken cancellationToken)
    {
        var outcome = new LockOutcome();
        var resolvedRegions = new HashSet<(ulong Transaction, ulong Region)>();
        foreach (var info in locks.SelectMany(Expand))
        {
            var fate = await FateOfAsync(info, readTimestamp, forceSyncCommit: false, budget, cancellationToken);
            if (fate.Kind == FateKind.AskSecondaries)
            {
                fate = await DecideBySecondariesAsync(info, fate.Primary!, readTimestamp, budget, cancellationToken); // It carries one.
            }

            if (fate.Kind == FateKind.Decided)
            {
                await ApplyAsync(info, fate.CommitTimestamp, resolvedRegions, budget, cancellationToken);
            }
            else if (fate.Pushed)
            {
                outcome.Passable.Add(info.LockVersion);
            }
            else
            {
                await OutwaitAsync(info, fate, outcome, budget, cancellationToken);
            }
        }

        return outcome;
    }

    /// <summary>A shared lock stands for those of several transactions.</summary>
    private static IEnumerable<LockInfo> Expand(LockInfo info) => info.SharedLockInfos.Count == 0 ? [info] : info.SharedLockInfos;

    private static bool IsPessimistic(LockInfo info) => info.LockType is Op.PessimisticLock or Op.SharedPessimisticLock;

    private static TimeSpan TimeLeft(ulong startTimestamp, ulong ttlMs, ulong now) =>
        TimeSpan.FromMilliseconds(Math.Max(0, Tso.PhysicalMs(startTimestamp) + (long)ttlMs - Tso.PhysicalMs(now)));

    private static ByteString Wrap(byte[] bytes) => UnsafeByteOperations.UnsafeWrap(bytes);

    /// <summary>Notes how long a living transaction may be waited for. One that names a wrong primary is rolled back here when its time is up.</summary>
    private async ValueTask OutwaitAsync(
        LockInfo info, TransactionFate fate, LockOutcome outcome, RetryBudget budget, CancellationToken cancellationToken)
    {
        var now = await timestamps.GetAsync(budget, cancellationToken);
        var ttlMs = fate.Kind == FateKind.PrimaryMismatch ? info.LockTtl : fate.TtlMs;
        var left = TimeLeft(info.LockVersion, ttlMs, now);
        if (fate.Kind == FateKind.PrimaryMismatch && left == TimeSpan.Zero && IsPessimistic(info))
        {
            await RollbackPessimisticAsync(info, budget, cancellationToken);
        }
        else
        {
            outcome.Alive(info.LockVersion, left);
        }
    }

    /// <summary>Asks the primary key, which rolls the transaction back if its time is up.</summary>
    private async ValueTask<TransactionFate> FateOfAsync(
        LockInfo info, ulong readTimestamp, bool forceSyncCommit, RetryBudget budget, CancellationToken cancellationToken)
    {
        if (_memory.TryGet(info.LockVersion, out var known))
        {
            return TransactionFate.Committed(known);
        }

        var primary = info.PrimaryLock.ToByteArray();
        var rollbackIfMissing = false;
        while (true)
        {
            var now = await timestamps.GetAsync(budget, cancellationToken);
            var response = await sender.SendToKeyAsync(
                StoreCommands.CheckTxnStatus,
                () => new CheckTxnStatusRequest
                {
                    PrimaryKey = info.PrimaryLock,
                    LockTs = info.LockVersion,
                    CallerStartTs = readTimestamp,
                    CurrentTs = now,
                    RollbackIfNotExist = rollbackIfMissing,
                    ForceSyncCommit = forceSyncCommit,
                    ResolvingPessimisticLock = IsPessimistic(info),
                    VerifyIsPrimary = true,
                },
                KeyCodec.Encode(primary),
                budget,
                cancellationToken);
            if (response.Error is null)
            {
                return Remember(info, Interpret(info, response, forceSyncCommit, now));
            }

            if (response.Error.PrimaryMismatch is not null)
            {
                return new TransactionFate(FateKind.PrimaryMismatch);
            }

            if (response.Error.TxnNotFound is null || rollbackIfMissing)
            {
                throw KeyErrors.ToException(response.Error);
            }

            // The primary's prewrite may still be under way: until this lock's time is up, its transaction counts as alive.
            rollbackIfMissing = TimeLeft(info.LockVersion, info.LockTtl, now) == TimeSpan.Zero;
            if (!rollbackIfMissing)
            {
                if (IsPessimistic(info))
                {
                    return new TransactionFate(FateKind.Alive, TtlMs: info.LockTtl);
                }

                await budget.WaitAsync(RetryKind.TransactionNotFound, $"transaction {info.LockVersion} has no primary lock yet", cancellationToken);
            }
        }
    }

    private static TransactionFate Interpret(LockInfo info, CheckTxnStatusResponse response, bool forceSyncCommit, ulong now)
    {
        if (response.LockInfo is { UseAsyncCommit: true } primary && !forceSyncCommit && response.CommitVersion == 0)
        {
            var expired = TimeLeft(info.LockVersion, response.LockTtl, now) == TimeSpan.Zero;
            if (expired)
            {
                return new TransactionFate(FateKind.AskSecondaries, Primary: primary);
            }
        }

        return response.LockTtl > 0
            ? new TransactionFate(FateKind.Alive, TtlMs: response.LockTtl, Pushed: response.Action == Rpc.Proto.Kvrpcpb.Action.MinCommitTsPushed)
            : new TransactionFate(
                FateKind.Decided,
                response.CommitVersion,
                Lasting: response.Action is not (Rpc.Proto.Kvrpcpb.Action.LockNotExistDoNothing
                    or Rpc.Proto.Kvrpcpb.Action.TtlExpirePessimisticRollback));
    }

    private TransactionFate Remember(LockInfo info, TransactionFate fate)
    {
        if (fate is { Kind: FateKind.Decided, Lasting: true })
        {
            _memory.Add(info.LockVersion, fate.CommitTimestamp);
        }

        return fate;
    }

    /// <summary>
    /// Asks every secondary of an asynchronous commit. All locked: it is committed at the largest of their commit timestamps. One missing:
    /// asking has made sure that it stays so, and it was either committed already or never will be. One not asynchronous: the client fell
    /// back to two phases, so that the primary alone decides.
    /// </summary>
    private async ValueTask<TransactionFate> DecideBySecondariesAsync(
        LockInfo info, LockInfo primary, ulong readTimestamp, RetryBudget budget, CancellationToken cancellationToken)
    {
        var verdict = new SecondariesVerdict(primary.MinCommitTs);
        await ForKeysAsync(
            primary.Secondaries,
            async (group, retries, token) =>
            {
                var request = new CheckSecondaryLocksRequest { Keys = { group.Items.Select(Wrap) }, StartVersion = info.LockVersion };
                var reply = await sender.SendOnceAsync(StoreCommands.CheckSecondaryLocks, request, group.Region, retries, token);
                if (reply.Response is not { } response)
                {
                    return false;
                }

                if (response.Error is not null)
                {
                    throw KeyErrors.ToException(response.Error);
                }

                verdict.Add(response, group.Items.Count);
                return true;
            },
            cancellationToken);
        if (verdict.FellBack)
        {
            return await FateOfAsync(info, readTimestamp, forceSyncCommit: true, budget, cancellationToken);
        }

        await ResolveKeysAsync(primary.Secondaries.Append(info.PrimaryLock), info.LockVersion, verdict.CommitTimestamp, cancellationToken);
        return Remember(info, TransactionFate.Committed(verdict.CommitTimestamp));
    }

    /// <summary>Does to a lock what was decided about its transaction.</summary>
    private async ValueTask ApplyAsync(
        LockInfo info,
        ulong commitTimestamp,
        HashSet<(ulong Transaction, ulong Region)> resolvedRegions,
        RetryBudget budget,
        CancellationToken cancellationToken)
    {
        if (IsPessimistic(info))
        {
            await RollbackPessimisticAsync(info, budget, cancellationToken);
            return;
        }

        var regionKey = KeyCodec.Encode(info.Key.Span);
        var whole = info.TxnSize >= WholeRegionKeys;
        while (true)
        {
            var region = await sender.Regions.LocateAsync(regionKey, budget, cancellationToken);
            if (whole && !resolvedRegions.Add((info.LockVersion, region.Meta.Id)))
            {
                return;
            }

            var request = new ResolveLockRequest { StartVersion = info.LockVersion, CommitVersion = commitTimestamp };
            if (!whole)
            {
                request.Keys.Add(info.Key);
            }

            var reply = await sender.SendOnceAsync(StoreCommands.ResolveLock, request, region, budget, cancellationToken);
            if (reply.Response is { } response)
            {
                if (response.Error is not null)
                {
                    throw KeyErrors.ToException(response.Error);
                }

                return;
            }

            resolvedRegions.Remove((info.LockVersion, region.Meta.Id));
        }
    }

    private async ValueTask RollbackPessimisticAsync(LockInfo info, RetryBudget budget, CancellationToken cancellationToken)
    {
        var response = await sender.SendToKeyAsync(
            StoreCommands.PessimisticRollback,
            () => new PessimisticRollbackRequest
            {
                StartVersion = info.LockVersion,
                ForUpdateTs = info.LockForUpdateTs == 0 ? ulong.MaxValue : info.LockForUpdateTs,
                Keys = { info.Key },
            },
            KeyCodec.Encode(info.Key.Span),
            budget,
            cancellationToken);
        if (response.Errors.Count > 0)
        {
            throw KeyErrors.ToException(response.Errors[0]);
        }
    }

    private Task ResolveKeysAsync(IEnumerable<ByteString> keys, ulong startTimestamp, ulong commitTimestamp, CancellationToken cancellationToken) =>
        ForKeysAsync(
            keys,
            async (group, budget, token) =>
            {
                var request = new ResolveLockRequest
                {
                    StartVersion = startTimestamp, CommitVersion = commitTimestamp, Keys = { group.Items.Select(Wrap) },
                };
                var reply = await sender.SendOnceAsync(StoreCommands.ResolveLock, request, group.Region, budget, token);
                return reply.Response?.Error is { } error ? throw KeyErrors.ToException(error) : reply.Response is not null;
            },
            cancellationToken);

    private Task ForKeysAsync(
        IEnumerable<ByteString> keys,
        Func<RegionGroup<byte[]>, RetryBudget, CancellationToken, ValueTask<bool>> attempt,
        CancellationToken cancellationToken) =>
        sender.ForGroupsAsync(
            keys.Select(static key => key.ToByteArray()),
            KeyCodec.EncodeArray,
            static key => key.Length,
            BatchBytesMax,
            BatchKeysMax,
            concurrency,
            attempt,
            cancellationToken);
}
