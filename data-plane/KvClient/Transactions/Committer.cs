using Cloud.Kernel;
using Cloud.KvClient.Regions;
using Cloud.KvClient.Requests;
using Cloud.KvClient.Transport;
using Cloud.Rpc.Proto.Kvrpcpb;
using Microsoft.Extensions.Logging;

namespace Cloud.KvClient.Transactions;

/// <summary>
/// Commits the mutations of one transaction. Used once; not thread-safe.
///
/// Two phases: prewrite lays a lock with the value on every key; then one write at the primary key, which turns its lock into a commit
/// record, commits the transaction for everybody. The other keys follow in the background, or whoever meets their locks does it.
/// Asynchronous commit: the locks name each other, so that the transaction is committed as soon as all are laid, at the largest of the
/// timestamps that storage chose. One phase: with all keys in one request storage writes the commit records at once.
/// What a crash leaves behind: before the decisive write, locks that run out and are rolled back by whoever meets them; after it, locks that
/// are committed by whoever meets them.
/// Cancellation is heeded only while nothing can be decided: a decisive request is always waited for.
/// Source: Percolator (Peng, Dabek, OSDI 2010), §2.2; KV-PROTOCOL §1.7 for asynchronous commit and one phase.
/// </summary>
internal sealed partial class Committer(
    TransactionServices services, ulong startTimestamp, IReadOnlyList<CommitMutation> mutations, CommitMode mode)
{
    /// <summary>Keys in one request.</summary>
    private const int BatchKeysMax = 8192;

    /// <summary>Limits of asynchronous commit. Source: client-go.</summary>
    private const int AsyncKeysMax = 256;
    private const int AsyncKeyBytesMax = 4096;

    /// <summary>A transaction of this size is kept alive while it prewrites.</summary>
    private const long LargeBytes = 1024 * 1024;

    private readonly PrewriteLedger _ledger = new();
    private bool _onePhase;
    private bool _async;
    private bool _mayHoldSome;
    private ulong _minCommitTimestamp;
    private ulong _ttlMs;

    private int BatchBytesMax => (int)services.Options.WriteRequestMax.Bytes;

    /// <summary>What goes on after the commit was decided or given up; never fails.</summary>
    public Task Background { get; private set; } = Task.CompletedTask;

    /// <returns>The commit timestamp.</returns>
    /// <exception cref="KvException">WriteConflict, AlreadyExists, TransactionAborted, LockWaitTimeout, TooLarge, Unavailable: not committed.
    /// UndeterminedResult: it may or may not have.</exception>
    public async Task<ulong> CommitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await PrewriteAsync(cancellationToken);
        }
        catch (Exception failure) when (failure is KvException or OperationCanceledException)
        {
            if (_ledger.MayHaveCommitted(_onePhase || _async))
            {
                throw Undetermined(failure);
            }

            Background = CleanUpAsync();
            throw;
        }

        if (_ledger.OnePhaseCommitTimestamp is > 0 and var onePhase)
        {
            return onePhase;
        }

        var commitTimestamp = _async && _ledger.MinCommitTimestamp > 0
            ? _ledger.MinCommitTimestamp
            : await CommitPrimaryAsync();
        Background = CommitRestAsync(commitTimestamp);
        return commitTimestamp;
    }

    private static KvException Undetermined(Exception cause) =>
        new(KvErrorCode.UndeterminedResult, $"the connection failed while committing; it may or may not have happened: {cause.Message}", cause);

    /// <summary>Lays all locks.</summary>
    private async Task PrewriteAsync(CancellationToken cancellationToken)
    {
        var budget = services.BeginRetries();
        var groups = await GroupAsync(mutations, budget, cancellationToken);
        var locking = mutations.Where(static mutation => mutation.Locks).ToList();
        var large = mutations.Sum(static mutation => (long)mutation.Bytes) >= LargeBytes;
        _mayHoldSome = groups.Count > 1;
        _onePhase = services.Options.OnePhaseCommit && groups.Count == 1 && locking.Count > 0;
        _async = services.Options.AsyncCommit && locking.Count is > 0 and <= AsyncKeysMax
            && locking.Sum(static mutation => mutation.Key.Length) <= AsyncKeyBytesMax;
        _ttlMs = mode.IsPessimistic || large
            ? TransactionHeartbeat.TtlMs(startTimestamp, services.Timestamps)
            : TransactionHeartbeat.TtlMs(startTimestamp, services.Options.LockTimeToLive, services.Timestamps);
        if (_onePhase || _async)
        {
            // Above every timestamp handed out until now, so that who commits after us, by any clock, commits above us.
            _minCommitTimestamp = await services.GetTimestampAsync(cancellationToken) + 1;
            cancellationToken = CancellationToken.None;
        }

        await using var heartbeat = large && !mode.IsPessimistic && locking.Count > 0
            ? TransactionHeartbeat.Start(services, mode.Primary, startTimestamp)
            : null;
        await Bounded.ForEachAsync(groups, services.Options.Concurrency, PrewriteGroupAsync, cancellationToken);
    }

    private Task<List<RegionGroup<CommitMutation>>> GroupAsync(
        IEnumerable<CommitMutation> items, RetryBudget budget, CancellationToken cancellationToken) =>
        services.Sender.Regions.GroupAsync(
            items,
            static mutation => mutation.RegionKey,
            static mutation => mutation.Bytes,
            BatchBytesMax,
            BatchKeysMax,
            budget,
            cancellationToken).AsTask();

    private async ValueTask PrewriteGroupAsync(RegionGroup<CommitMutation> group, CancellationToken cancellationToken)
    {
        var budget = services.BeginRetries();
        try
        {
            await PrewriteGroupAsync(group, budget, cancellationToken);
        }
        catch (Exception failure) when (failure is KvException or OperationCanceledException)
        {
            _ledger.Failed(failure, budget.MayHaveApplied);
            throw;
        }
    }

    private async ValueTask PrewriteGroupAsync(RegionGroup<CommitMutation> group, RetryBudget budget, CancellationToken cancellationToken)
    {
        while (true)
        {
            _ledger.Sent = true;
            var request = NewPrewrite(group.Items);
            var reply = await services.Sender.SendOnceAsync(StoreCommands.Prewrite, request, group.Region, budget, cancellationToken);
            if (reply.Response is not { } response)
            {
                break;
            }

            if (response.Errors.Count == 0)
            {
                _ledger.Succeeded(response, _async);
                return;
            }

            if (_ledger.TryFindOwnCommit(response.Errors, startTimestamp))
            {
                return;
            }

            await ClearAsync(response.Errors, budget, cancellationToken);
        }

        var parts = await GroupAsync(group.Items, budget, cancellationToken);
        _onePhase &= parts.Count == 1;
        foreach (var part in parts)
        {
            await PrewriteGroupAsync(part, budget, cancellationToken);
        }
    }

    private PrewriteRequest NewPrewrite(List<CommitMutation> items)
    {
        var request = new PrewriteRequest
        {
            PrimaryLock = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(mode.Primary),
            StartVersion = startTimestamp,
            LockTtl = _ttlMs,
            TxnSize = (ulong)items.Count,
            ForUpdateTs = mode.ForUpdateTimestamp,
            MinCommitTs = _minCommitTimestamp,
            UseAsyncCommit = _async,
            TryOnePc = _onePhase,
        };
        var holdsPrimary = false;
        foreach (var mutation in items)
        {
            request.Mutations.Add(mutation.ToMessage());
            holdsPrimary |= mutation.Key.AsSpan().SequenceEqual(mode.Primary);
            if (mode.IsPessimistic)
            {
                request.PessimisticActions.Add(mutation.Action);
            }
        }

        if (_async && holdsPrimary)
        {
            request.Secondaries.AddRange(mutations
                .Where(mutation => mutation.Locks && !mutation.Key.AsSpan().SequenceEqual(mode.Primary))
                .Select(static mutation => mutation.WireKey));
        }

        return request;
    }

    /// <summary>
    /// Resolves the locks in the way, or waits for those that are alive; any other error ends the commit.
    /// An optimistic transaction that may hold locks itself does not wait for an older one, so that no two wait for each other: that one's
    /// commit would be a conflict in any case. Source: Rosenkrantz et al., "System Level Concurrency Control" (1978), wait-die.
    /// </summary>
    private async ValueTask ClearAsync(IReadOnlyList<KeyError> errors, RetryBudget budget, CancellationToken cancellationToken)
    {
        if (errors.FirstOrDefault(static error => error.Locked is null) is { } fatal)
        {
            throw KeyErrors.ToException(fatal);
        }

        var locks = errors.Select(static error => error.Locked).ToList();
        var outcome = await services.Locks.ResolveAsync(locks, readTimestamp: 0, budget, cancellationToken);
        if (!outcome.MustWait)
        {
            return;
        }

        if (_mayHoldSome && !mode.IsPessimistic && outcome.OldestAlive < startTimestamp)
        {
            throw new KvException(
                KvErrorCode.WriteConflict, $"transaction {startTimestamp} meets locks of {outcome.OldestAlive}, which is older; begin again")
            {
                Key = locks[0].Key.ToByteArray(),
            };
        }

        await budget.WaitAsync(
            RetryKind.Lock, $"a lock of transaction {locks[0].LockVersion}", TimeSpan.Zero, outcome.WaitMost, cancellationToken);
    }

    /// <summary>The decisive write of two phases.</summary>
    private async Task<ulong> CommitPrimaryAsync()
    {
        var budget = services.Sender.Retries.Begin(services.Options.RetryBudget * 2);
        try
        {
            while (true)
            {
                var commitTimestamp = await services.Timestamps.GetAsync(budget, CancellationToken.None);
                Invariant.Require(commitTimestamp > startTimestamp, $"PD's timestamps ascend: {commitTimestamp} after {startTimestamp}");
                if (await TryCommitPrimaryAsync(commitTimestamp, budget))
                {
                    return commitTimestamp;
                }
            }
        }
        catch (KvException failure)
        {
            if (budget.MayHaveApplied && failure.Code != KvErrorCode.TransactionAborted)
            {
                throw Undetermined(failure);
            }

            Background = CleanUpAsync();
            throw;
        }
    }

    /// <summary>False when a reader pushed the transaction above this timestamp: try a fresh one.</summary>
    private async Task<bool> TryCommitPrimaryAsync(ulong commitTimestamp, RetryBudget budget)
    {
        var primaryKey = KeyCodec.EncodeArray(mode.Primary);
        var response = await services.Sender.SendToKeyAsync(
            StoreCommands.Commit,
            () => new CommitRequest
            {
                StartVersion = startTimestamp,
                CommitVersion = commitTimestamp,
                Keys = { Google.Protobuf.UnsafeByteOperations.UnsafeWrap(mode.Primary) },
                CommitRole = CommitRole.Primary,
                PrimaryKey = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(mode.Primary),
            },
            primaryKey,
            budget,
            CancellationToken.None);
        if (response.Error is null)
        {
            return true;
        }

        return response.Error.CommitTsExpired is not null ? false : throw KeyErrors.ToException(response.Error);
    }

    /// <summary>Commits the other keys; whoever meets a lock that is left does the same.</summary>
    private async Task CommitRestAsync(ulong commitTimestamp)
    {
        var rest = mutations.Where(mutation =>
            mutation.Locks && (_async || !mutation.Key.AsSpan().SequenceEqual(mode.Primary)));
        try
        {
            await services.Sender.ForGroupsAsync(
                rest,
                static mutation => mutation.RegionKey,
                static mutation => mutation.Key.Length,
                BatchBytesMax,
                BatchKeysMax,
                services.Options.Concurrency,
                async (group, budget, token) =>
                {
                    var request = new CommitRequest
                    {
                        StartVersion = startTimestamp,
                        CommitVersion = commitTimestamp,
                        Keys = { group.Items.Select(static mutation => mutation.WireKey) },
                        CommitRole = CommitRole.Secondary,
                        PrimaryKey = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(mode.Primary),
                        UseAsyncCommit = _async,
                    };
                    var reply = await services.Sender.SendOnceAsync(StoreCommands.Commit, request, group.Region, budget, token);
                    return reply.Response?.Error is { } error ? throw KeyErrors.ToException(error) : reply.Response is not null;
                },
                CancellationToken.None);
        }
        catch (KvException failure)
        {
            LogLeft(services.Logger, startTimestamp, failure.Message);
        }
    }

    /// <summary>Takes back what was laid; whoever meets a lock that is left rolls it back when it has run out.</summary>
    private async Task CleanUpAsync()
    {
        if (!_ledger.Sent)
        {
            return;
        }

        try
        {
            await services.Sender.ForGroupsAsync(
                mutations.Where(static mutation => mutation.Locks),
                static mutation => mutation.RegionKey,
                static mutation => mutation.Key.Length,
                BatchBytesMax,
                BatchKeysMax,
                services.Options.Concurrency,
                async (group, budget, token) =>
                {
                    var request = new BatchRollbackRequest
                    {
                        StartVersion = startTimestamp,
                        Keys = { group.Items.Select(static mutation => mutation.WireKey) },
                    };
                    var reply = await services.Sender.SendOnceAsync(StoreCommands.BatchRollback, request, group.Region, budget, token);
                    return reply.Response?.Error is { } error ? throw KeyErrors.ToException(error) : reply.Response is not null;
                },
                CancellationToken.None);
        }
        catch (KvException failure)
        {
            LogLeft(services.Logger, startTimestamp, failure.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Transaction {Start} leaves locks behind, which others clear: {Reason}")]
    private static partial void LogLeft(ILogger logger, ulong start, string reason);
}

/// <summary>How a transaction commits.</summary>
/// <param name="Primary">The key where its fate is written; among the mutations that lock.</param>
/// <param name="ForUpdateTimestamp">Of a pessimistic transaction; 0 otherwise.</param>
internal sealed record CommitMode(byte[] Primary, ulong ForUpdateTimestamp)
{
    public bool IsPessimistic => ForUpdateTimestamp != 0;
}
