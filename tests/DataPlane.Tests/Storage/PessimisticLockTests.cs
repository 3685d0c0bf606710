using Cloud.Codec;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Storage;
using Shouldly;
using Xunit;
using static Cloud.DataPlane.Tests.Storage.TestStore;
using Action = Cloud.Rpc.Proto.Kvrpcpb.Action;
using Reason = Cloud.Rpc.Proto.Kvrpcpb.WriteConflict.Types.Reason;

namespace Cloud.DataPlane.Tests.Storage;

public sealed class PessimisticLockTests : IAsyncLifetime
{
    private TestStore _store = null!; // Set by InitializeAsync.

    public async Task InitializeAsync() =>
        _store = await TestStore.OpenAsync(limits: new StorageLimits { LockWaitMax = TimeSpan.FromSeconds(20) });

    public async Task DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task A_locked_key_can_be_read_and_then_committed_by_its_owner()
    {
        await _store.Put(("k", "old"));
        var start = _store.Ts();
        var request = _store.LockOf(start, start, "k", "missing");
        request.ReturnValues = true;
        var locked = await _store.Send(request);
        locked.Values.Select(v => v.ToStringUtf8()).ShouldBe(["old", ""]);
        locked.NotFounds.ShouldBe([false, true]);
        (await _store.Get("k", _store.Ts())).ShouldBe("old");
        (await _store.PrewriteLocked(start, start, ("k", "new"))).Errors.ShouldBeEmpty();
        (await _store.Commit(start, _store.Ts(), "k")).Error.ShouldBeNull();
        (await _store.Get("k")).ShouldBe("new");
    }

    [Fact]
    public async Task Locking_below_a_newer_commit_asks_for_a_newer_timestamp()
    {
        var start = _store.Ts();
        var commit = await _store.Put(("k", "v"));
        var error = (await _store.LockKeys(start, start, "k")).Errors.ShouldHaveSingleItem();
        error.Conflict.Reason.ShouldBe(Reason.PessimisticRetry);
        error.Conflict.ConflictCommitTs.ShouldBe(commit);
        (await _store.LockKeys(start, _store.Ts(), "k")).Errors.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_request_that_does_not_wait_gets_the_lock_in_its_way_and_locks_nothing()
    {
        var first = _store.Ts();
        await _store.LockKeys(first, first, "b");
        var second = _store.Ts();
        var error = (await _store.LockKeys(second, second, "a", "b")).Errors.ShouldHaveSingleItem();
        error.Locked.LockVersion.ShouldBe(first);
        error.Locked.LockType.ShouldBe(Op.PessimisticLock);
        var third = _store.Ts();
        (await _store.LockKeys(third, third, "a")).Errors.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_waiter_is_woken_by_the_commit_with_its_timestamp()
    {
        var first = _store.Ts();
        await _store.LockKeys(first, first, "k");
        var second = _store.Ts();
        var waiting = WaitFor(second, "k");
        await UntilWaiting(1);
        await _store.PrewriteLocked(first, first, ("k", "1"));
        var commit = _store.Ts();
        await _store.Commit(first, commit, "k");
        var error = (await waiting).Errors.ShouldHaveSingleItem();
        (error.Conflict.ConflictTs, error.Conflict.ConflictCommitTs, error.Conflict.Reason).ShouldBe(
            (first, commit, Reason.PessimisticRetry));
        (await _store.LockKeys(second, _store.Ts(), "k")).Errors.ShouldBeEmpty();
    }

    [Fact]
    public async Task Rolling_back_a_lock_wakes_the_oldest_waiter_first_and_then_the_others()
    {
        var owner = _store.Ts();
        await _store.LockKeys(owner, owner, "k");
        var older = _store.Ts();
        var younger = _store.Ts();
        var waitingYounger = WaitFor(younger, "k");
        var waitingOlder = WaitFor(older, "k");
        await UntilWaiting(2);
        await RollbackLocks(owner, owner, "k");
        (await waitingOlder).Errors[0].Conflict.ShouldNotBeNull();
        (await waitingYounger).Errors[0].Conflict.ConflictTs.ShouldBe(owner);
    }

    [Fact]
    public async Task A_waiter_whose_time_is_over_gets_the_lock_in_its_way()
    {
        var owner = _store.Ts();
        await _store.LockKeys(owner, owner, "k");
        var response = await WaitFor(_store.Ts(), "k", waitMs: 50);
        response.Errors.ShouldHaveSingleItem().Locked.LockVersion.ShouldBe(owner);
        WaiterCount().ShouldBe(0);
    }

    [Fact]
    public async Task Who_closes_a_cycle_of_waits_is_told_of_the_deadlock()
    {
        var first = _store.Ts();
        var second = _store.Ts();
        await _store.LockKeys(first, first, "a");
        await _store.LockKeys(second, second, "b");
        var waiting = WaitFor(first, "b");
        await UntilWaiting(1);
        var error = (await WaitFor(second, "a")).Errors.ShouldHaveSingleItem();
        error.Deadlock.LockTs.ShouldBe(first);
        error.Deadlock.LockKey.ShouldBe(B("a"));
        error.Deadlock.WaitChain.Select(e => (e.Txn, e.WaitForTxn)).ShouldBe([(first, second), (second, first)]);
        error.Deadlock.DeadlockKeyHash.ShouldBe(error.Deadlock.WaitChain[0].KeyHash);
        await RollbackLocks(second, second, "b");
        (await waiting).Errors[0].Conflict.ShouldNotBeNull();
    }

    [Fact]
    public async Task A_forced_lock_is_taken_over_a_newer_version_and_returns_it()
    {
        var start = _store.Ts();
        var commit = await _store.Put(("k", "new"));
        var request = _store.LockOf(start, start, "k");
        request.WakeUpMode = PessimisticLockWakeUpMode.WakeUpModeForceLock;
        var result = (await _store.Send(request)).Results.ShouldHaveSingleItem();
        result.Type.ShouldBe(PessimisticLockKeyResultType.LockResultLockedWithConflict);
        (result.LockedWithConflictTs, result.Value.ToStringUtf8(), result.Existence).ShouldBe((commit, "new", true));
    }

    [Fact]
    public async Task A_forced_lock_waits_here_and_is_taken_when_it_is_its_turn()
    {
        var owner = _store.Ts();
        await _store.LockKeys(owner, owner, "k");
        var start = _store.Ts();
        var request = _store.LockOf(start, start, "k");
        request.WakeUpMode = PessimisticLockWakeUpMode.WakeUpModeForceLock;
        request.WaitTimeout = 15_000;
        var waiting = _store.Send(request);
        await UntilWaiting(1);
        await _store.PrewriteLocked(owner, owner, ("k", "1"));
        var commit = _store.Ts();
        await _store.Commit(owner, commit, "k");
        var result = (await waiting).Results.ShouldHaveSingleItem();
        (result.LockedWithConflictTs, result.Value.ToStringUtf8()).ShouldBe((commit, "1"));
        (await _store.PrewriteLocked(start, commit, ("k", "2"))).Errors.ShouldBeEmpty();
    }

    [Fact]
    public async Task Locking_again_with_a_newer_timestamp_moves_the_lock_up()
    {
        var start = _store.Ts();
        await _store.LockKeys(start, start, "k");
        var later = _store.Ts();
        (await _store.LockKeys(start, later, "k")).Errors.ShouldBeEmpty();
        var other = _store.Ts();
        (await _store.LockKeys(other, other, "k")).Errors[0].Locked.LockForUpdateTs.ShouldBe(later);
    }

    [Fact]
    public async Task Locking_only_what_exists_leaves_missing_keys_free()
    {
        var start = _store.Ts();
        var request = _store.LockOf(start, start, "missing");
        request.LockOnlyIfExists = true;
        request.ReturnValues = true;
        (await _store.Send(request)).NotFounds.ShouldBe([true]);
        var other = _store.Ts();
        (await _store.LockKeys(other, other, "missing")).Errors.ShouldBeEmpty();
    }

    [Fact]
    public async Task Locking_a_key_that_must_not_exist_is_refused_when_it_does()
    {
        await _store.Put(("k", "v"));
        var start = _store.Ts();
        var request = _store.LockOf(start, start, "k");
        request.Mutations[0].Assertion = Assertion.NotExist;
        (await _store.Send(request)).Errors[0].AlreadyExist.Key.ShouldBe(B("k"));
    }

    [Fact]
    public async Task Locking_after_the_transaction_was_rolled_back_is_refused()
    {
        var start = _store.Ts();
        await _store.CheckStatus("k", start, _store.Ts());
        (await _store.LockKeys(start, _store.Ts(), "k")).Errors[0].Abort.ShouldContain("PessimisticLockRolledBack");
    }

    [Fact]
    public async Task Prewriting_a_lost_lock_succeeds_when_nobody_wrote_and_fails_otherwise()
    {
        var start = _store.Ts();
        (await _store.PrewriteLocked(start, start, ("k", "v"))).Errors.ShouldBeEmpty();
        await _store.Rollback(start, "k");
        var second = _store.Ts();
        await _store.Put(("k", "other"));
        (await _store.PrewriteLocked(second, second, ("k", "v"))).Errors[0].Abort.ShouldContain("LockMissingAmendFail");
    }

    [Fact]
    public async Task Prewriting_a_key_that_another_has_locked_reports_the_lost_lock()
    {
        var start = _store.Ts();
        var other = _store.Ts();
        await _store.LockKeys(other, other, "k");
        (await _store.PrewriteLocked(start, start, ("k", "v"))).Errors[0].Abort.ShouldContain(
            "PessimisticLockNotFound");
    }

    [Fact]
    public async Task Unlocked_keys_of_a_pessimistic_transaction_conflict_above_its_newest_timestamp()
    {
        var start = _store.Ts();
        var commit = await _store.Put(("index", "other"));
        var request = _store.PrewriteOf(start, ("index", "v"));
        request.ForUpdateTs = start;
        request.PessimisticActions.Add(PrewriteRequest.Types.PessimisticAction.DoConstraintCheck);
        (await _store.Send(request)).Errors[0].Conflict.Reason.ShouldBe(Reason.LazyUniquenessCheck);
        request.PessimisticActions[0] = PrewriteRequest.Types.PessimisticAction.SkipPessimisticCheck;
        request.Context = _store.With(c => c.IsRetryRequest = true);
        var error = (await _store.Send(request)).Errors[0].Conflict;
        (error.Reason, error.ConflictCommitTs).ShouldBe((Reason.NotLockedKeyConflict, commit));
    }

    [Fact]
    public async Task An_expired_pessimistic_primary_is_only_unlocked_while_resolving_pessimistic_locks()
    {
        var start = _store.Ts();
        await _store.LockKeys(start, start, "k");
        var later = start + (9000UL << Tso.LogicalBits);
        (await _store.CheckStatus("k", start, later, resolvingPessimistic: true)).Action.ShouldBe(
            Action.TtlExpirePessimisticRollback);
        (await _store.CheckStatus("k", start, later, resolvingPessimistic: true)).Action.ShouldBe(
            Action.LockNotExistDoNothing);
        (await _store.LockKeys(start, later, "k")).Errors.ShouldBeEmpty();
    }

    [Fact]
    public async Task Committing_a_pessimistic_lock_removes_it_without_a_record()
    {
        var start = _store.Ts();
        await _store.LockKeys(start, start, "k");
        (await _store.Commit(start, _store.Ts(), "k")).Error.ShouldBeNull();
        (await _store.Get("k", _store.Ts())).ShouldBe("-");
        (await _store.CheckStatus(
            "k", start, _store.Ts(), rollbackIfNotExist: false)).Error.TxnNotFound.ShouldNotBeNull();
    }

    [Fact]
    public async Task A_pessimistic_rollback_leaves_newer_locks_alone()
    {
        var start = _store.Ts();
        var forUpdate = _store.Ts();
        await _store.LockKeys(start, forUpdate, "k");
        await RollbackLocks(start, start, "k");
        var other = _store.Ts();
        (await _store.LockKeys(other, other, "k")).Errors[0].Locked.ShouldNotBeNull();
        await RollbackLocks(start, forUpdate, "k");
        (await _store.LockKeys(other, other, "k")).Errors.ShouldBeEmpty();
    }

    private Task<PessimisticLockResponse> WaitFor(ulong start, string key, long waitMs = 15_000)
    {
        var request = _store.LockOf(start, start, key);
        request.WaitTimeout = waitMs;
        return _store.Send(request);
    }

    private async Task RollbackLocks(ulong start, ulong forUpdate, params string[] keys) => (await _store.Call(
        TikvMethods.KvPessimisticRollback,
        new PessimisticRollbackRequest
        {
            Context = _store.Context, StartVersion = start, ForUpdateTs = forUpdate, Keys = { keys.Select(B) },
        })).Errors.ShouldBeEmpty();

    private int WaiterCount() => _store.Server.LockWaiters;

    private async Task UntilWaiting(int count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (WaiterCount() != count)
        {
            limit.IsCancellationRequested.ShouldBeFalse($"{count} waiters were expected, there are {WaiterCount()}");
            await Task.Yield();
        }
    }
}
