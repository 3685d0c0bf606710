using Cloud.Codec;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Kvrpcpb;
using Shouldly;
using Xunit;
using static Cloud.DataPlane.Tests.Storage.TestStore;
using Action = Cloud.Rpc.Proto.Kvrpcpb.Action;
using Reason = Cloud.Rpc.Proto.Kvrpcpb.WriteConflict.Types.Reason;

namespace Cloud.DataPlane.Tests.Storage;

public sealed class TwoPhaseCommitTests : IAsyncLifetime
{
    private TestStore _store = null!; // Set by InitializeAsync.

    public async Task InitializeAsync() => _store = await TestStore.OpenAsync();

    public async Task DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task A_committed_write_is_seen_from_its_commit_timestamp_on()
    {
        var start = _store.Ts();
        (await _store.Prewrite(start, ("a", "1"), ("b", new string('x', 1000)))).Errors.ShouldBeEmpty();
        var commit = _store.Ts();
        (await _store.Commit(start, commit, "a", "b")).CommitVersion.ShouldBe(commit);
        (await _store.Get("a", commit)).ShouldBe("1");
        (await _store.Get("b", commit)).ShouldBe(new string('x', 1000));
        (await _store.Get("a", commit - 1)).ShouldBe("-");
        (await _store.GetResponse("a", ulong.MaxValue)).CommitTs.ShouldBe(commit);
        await _store.Put(("a", null));
        (await _store.Get("a", commit)).ShouldBe("1");
        (await _store.Get("a")).ShouldBe("-");
    }

    [Fact]
    public async Task A_lock_blocks_readers_above_its_start_and_no_others()
    {
        var before = await _store.Put(("k", "old"));
        var start = _store.Ts();
        await _store.Prewrite(start, ("p", "1"), ("k", "new"));
        (await _store.Get("k", before)).ShouldBe("old");
        var response = await _store.GetResponse("k", _store.Ts());
        response.Error.Locked.LockVersion.ShouldBe(start);
        response.Error.Locked.PrimaryLock.ShouldBe(B("p"));
        response.Error.Locked.Key.ShouldBe(B("k"));
        response.Error.Locked.LockTtl.ShouldBe(3000UL);
        response.Error.Locked.LockType.ShouldBe(Op.Put);
    }

    [Fact]
    public async Task A_read_of_the_newest_version_passes_the_lock_of_a_primary_and_stops_at_a_secondary()
    {
        await _store.Put(("p", "old"), ("s", "old"));
        await _store.Prewrite(_store.Ts(), ("p", "new"), ("s", "new"));
        (await _store.Get("p")).ShouldBe("old");
        (await _store.Get("s")).ShouldBe("locked");
    }

    [Fact]
    public async Task Locks_that_the_reader_knows_to_be_resolved_or_committed_are_passed()
    {
        await _store.Put(("p", "old"), ("k", "old"));
        var start = _store.Ts();
        await _store.Prewrite(start, ("p", "1"), ("k", new string('n', 300)));
        var ts = _store.Ts();
        (await _store.Get("k", ts, _store.With(c => c.ResolvedLocks.Add(start)))).ShouldBe("old");
        (await _store.Get("k", ts, _store.With(c => c.CommittedLocks.Add(start)))).ShouldBe(new string('n', 300));
        (await _store.Get("k", ts, _store.With(c => c.IsolationLevel = IsolationLevel.Rc))).ShouldBe("old");
        (await _store.Scan("k", "l", ts, context: _store.With(c => c.CommittedLocks.Add(start)))).ShouldBe(
            "k=" + new string('n', 300));
    }

    [Fact]
    public async Task Reading_with_a_timestamp_check_refuses_a_key_that_changed()
    {
        await _store.Put(("k", "1"));
        var ts = _store.Ts();
        await _store.Put(("k", "2"));
        var context = _store.With(c => c.IsolationLevel = IsolationLevel.RcCheckTs);
        (await _store.GetResponse("k", ts, context)).Error.Conflict.Reason.ShouldBe(Reason.RcCheckTs);
        (await _store.Get("k", _store.Ts(), context)).ShouldBe("2");
    }

    [Fact]
    public async Task Prewriting_below_a_newer_commit_is_a_conflict()
    {
        var start = _store.Ts();
        var commit = await _store.Put(("k", "other"));
        var error = (await _store.Prewrite(start, ("k", "mine"))).Errors.ShouldHaveSingleItem();
        error.Conflict.Reason.ShouldBe(Reason.Optimistic);
        error.Conflict.ConflictCommitTs.ShouldBe(commit);
        error.Conflict.StartTs.ShouldBe(start);
        error.Conflict.Key.ShouldBe(B("k"));
        (await _store.Get("k")).ShouldBe("other");
    }

    [Fact]
    public async Task Prewriting_locked_keys_reports_all_of_their_locks_and_writes_nothing()
    {
        var other = _store.Ts();
        await _store.Prewrite(other, ("b", "1"), ("c", "1"));
        var response = await _store.Prewrite(_store.Ts(), ("a", "2"), ("b", "2"), ("c", "2"));
        response.Errors.Select(e => e.Locked.Key.ToStringUtf8()).ShouldBe(["b", "c"]);
        (await _store.Get("a", _store.Ts())).ShouldBe("-");
    }

    [Fact]
    public async Task Repeating_prewrite_and_commit_changes_nothing()
    {
        var start = _store.Ts();
        await _store.Prewrite(start, ("k", "v"));
        (await _store.Prewrite(start, ("k", "v"))).Errors.ShouldBeEmpty();
        var commit = _store.Ts();
        (await _store.Commit(start, commit, "k")).Error.ShouldBeNull();
        (await _store.Commit(start, commit, "k")).Error.ShouldBeNull();
        (await _store.Get("k")).ShouldBe("v");
    }

    [Fact]
    public async Task Committing_after_a_rollback_reports_that_the_lock_is_gone()
    {
        var start = _store.Ts();
        await _store.Prewrite(start, ("k", "v"));
        (await _store.Rollback(start, "k")).Error.ShouldBeNull();
        var error = (await _store.Commit(start, _store.Ts(), "k")).Error;
        error.TxnLockNotFound.Key.ShouldBe(B("k"));
        error.Retryable.ShouldContain("TxnLockNotFound");
        (await _store.Get("k")).ShouldBe("-");
    }

    [Fact]
    public async Task Rolling_back_a_committed_transaction_is_refused_with_its_commit_timestamp()
    {
        var start = _store.Ts();
        await _store.Prewrite(start, ("k", "v"));
        var commit = _store.Ts();
        await _store.Commit(start, commit, "k");
        (await _store.Rollback(start, "k")).Error.Abort.ShouldContain("Committed");
        var cleanup = await _store.Call(
            TikvMethods.KvCleanup, new CleanupRequest { Context = _store.Context, Key = B("k"), StartVersion = start });
        cleanup.CommitVersion.ShouldBe(commit);
        (await _store.Get("k")).ShouldBe("v");
    }

    [Fact]
    public async Task A_prewrite_that_comes_after_its_rollback_fails()
    {
        var start = _store.Ts();
        (await _store.Rollback(start, "k")).Error.ShouldBeNull();
        (await _store.Prewrite(start, ("k", "late"))).Errors[0].Conflict.Reason.ShouldBe(Reason.SelfRolledBack);
        (await _store.Get("k")).ShouldBe("-");
    }

    [Fact]
    public async Task Cleanup_heeds_the_time_to_live()
    {
        var start = _store.Ts();
        await _store.Prewrite(start, ("k", "v"));
        var request = new CleanupRequest { Context = _store.Context, Key = B("k"), StartVersion = start, CurrentTs = _store.Ts() };
        (await _store.Call(TikvMethods.KvCleanup, request)).Error.Locked.ShouldNotBeNull();
        request.CurrentTs = start + (4000UL << Tso.LogicalBits);
        (await _store.Call(TikvMethods.KvCleanup, request)).Error.ShouldBeNull();
        (await _store.Get("k", _store.Ts())).ShouldBe("-");
    }

    [Fact]
    public async Task Committing_below_the_smallest_allowed_timestamp_names_it()
    {
        var start = _store.Ts();
        var request = _store.PrewriteOf(start, ("k", "v"));
        request.MinCommitTs = start + 100;
        await _store.Send(request);
        var error = (await _store.Commit(start, start + 50, "k")).Error.CommitTsExpired;
        (error.StartTs, error.AttemptedCommitTs, error.MinCommitTs).ShouldBe((start, start + 50, start + 100));
        error.Key.ShouldBe(B("k"));
    }

    [Fact]
    public async Task A_commit_timestamp_at_or_below_the_start_is_refused()
    {
        var start = _store.Ts();
        await _store.Prewrite(start, ("k", "v"));
        (await _store.Commit(start, start, "k")).Error.Abort.ShouldContain("InvalidTxnTso");
    }

    [Fact]
    public async Task Inserting_a_key_that_exists_is_refused_and_one_that_was_deleted_is_not()
    {
        await _store.Put(("k", "v"));
        var insert = _store.PrewriteOf(_store.Ts(), ("k", "again"));
        insert.Mutations[0].Op = Op.Insert;
        (await _store.Send(insert)).Errors[0].AlreadyExist.Key.ShouldBe(B("k"));
        await _store.Put(("k", null));
        insert.StartVersion = _store.Ts();
        (await _store.Send(insert)).Errors.ShouldBeEmpty();
        await _store.Commit(insert.StartVersion, _store.Ts(), "k");
        (await _store.Get("k")).ShouldBe("again");
    }

    [Fact]
    public async Task Inserting_looks_through_lock_and_rollback_records()
    {
        await _store.Put(("k", "v"));
        var locking = _store.PrewriteOf(_store.Ts(), ("k", null));
        locking.Mutations[0].Op = Op.Lock;
        await _store.Send(locking);
        await _store.Commit(locking.StartVersion, _store.Ts(), "k");
        await _store.Rollback(_store.Ts(), "k");
        var insert = _store.PrewriteOf(_store.Ts(), ("k", "again"));
        insert.Mutations[0].Op = Op.Insert;
        (await _store.Send(insert)).Errors[0].AlreadyExist.ShouldNotBeNull();
        (await _store.Get("k")).ShouldBe("v");
    }

    [Fact]
    public async Task Checking_that_a_key_does_not_exist_leaves_no_lock()
    {
        var check = _store.PrewriteOf(_store.Ts(), ("k", null));
        check.Mutations[0].Op = Op.CheckNotExists;
        (await _store.Send(check)).Errors.ShouldBeEmpty();
        (await _store.Get("k", _store.Ts())).ShouldBe("-");
        await _store.Put(("k", "v"));
        check.StartVersion = _store.Ts();
        (await _store.Send(check)).Errors[0].AlreadyExist.ShouldNotBeNull();
    }

    [Fact]
    public async Task A_failed_assertion_reports_what_is_there()
    {
        var commit = await _store.Put(("k", "v"));
        var request = _store.PrewriteOf(_store.Ts(), ("k", "w"));
        request.AssertionLevel = AssertionLevel.Strict;
        request.Mutations[0].Assertion = Assertion.NotExist;
        var failed = (await _store.Send(request)).Errors[0].AssertionFailed;
        failed.ExistingCommitTs.ShouldBe(commit);
        failed.Assertion.ShouldBe(Assertion.NotExist);
        request.Mutations[0].Assertion = Assertion.Exist;
        (await _store.Send(request)).Errors.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_heartbeat_prolongs_the_life_of_a_lock_and_never_shortens_it()
    {
        var start = _store.Ts();
        await _store.Prewrite(start, ("k", "v"));
        async Task<TxnHeartBeatResponse> Beat(ulong ttl) => await _store.Call(
            TikvMethods.KvTxnHeartBeat,
            new TxnHeartBeatRequest { Context = _store.Context, PrimaryLock = B("k"), StartVersion = start, AdviseLockTtl = ttl });
        (await Beat(9000)).LockTtl.ShouldBe(9000UL);
        (await Beat(10)).LockTtl.ShouldBe(9000UL);
        await _store.Rollback(start, "k");
        (await Beat(10)).Error.TxnNotFound.StartTs.ShouldBe(start);
    }

    [Fact]
    public async Task The_status_of_a_living_transaction_is_its_remaining_lock()
    {
        var start = _store.Ts();
        await _store.Prewrite(start, ("k", "v"));
        var status = await _store.CheckStatus("k", start, _store.Ts());
        (status.LockTtl, status.CommitVersion, status.Action).ShouldBe((3000UL, 0UL, Action.NoAction));
        status.LockInfo.Key.ShouldBe(B("k"));
    }

    [Fact]
    public async Task The_status_of_an_expired_transaction_is_rolled_back_for_good()
    {
        var start = _store.Ts();
        await _store.Prewrite(start, ("k", "v"));
        var later = start + (5000UL << Tso.LogicalBits);
        (await _store.CheckStatus("k", start, later)).Action.ShouldBe(Action.TtlExpireRollback);
        (await _store.CheckStatus("k", start, later)).Action.ShouldBe(Action.NoAction);
        (await _store.Commit(start, later, "k")).Error.TxnLockNotFound.ShouldNotBeNull();
    }

    [Fact]
    public async Task The_status_of_a_missing_transaction_is_rolled_back_when_asked_and_an_error_otherwise()
    {
        var start = _store.Ts();
        (await _store.CheckStatus(
            "k", start, _store.Ts(), rollbackIfNotExist: false)).Error.TxnNotFound.PrimaryKey.ShouldBe(B("k"));
        (await _store.CheckStatus("k", start, _store.Ts())).Action.ShouldBe(Action.LockNotExistRollback);
        (await _store.Prewrite(start, ("k", "late"))).Errors[0].Conflict.Reason.ShouldBe(Reason.SelfRolledBack);
    }

    [Fact]
    public async Task The_status_of_a_committed_transaction_is_its_commit_timestamp()
    {
        var start = _store.Ts();
        await _store.Prewrite(start, ("k", "v"));
        var commit = _store.Ts();
        await _store.Commit(start, commit, "k");
        (await _store.CheckStatus("k", start, _store.Ts())).CommitVersion.ShouldBe(commit);
    }

    [Fact]
    public async Task A_reader_pushes_the_commit_of_a_transaction_that_allows_it_above_itself()
    {
        var start = _store.Ts();
        var request = _store.PrewriteOf(start, ("k", "v"));
        request.MinCommitTs = start + 1;
        await _store.Send(request);
        var reader = _store.Ts();
        (await _store.CheckStatus("k", start, reader, caller: reader)).Action.ShouldBe(Action.MinCommitTsPushed);
        (await _store.Get("k", reader)).ShouldBe("-");
        (await _store.Commit(start, reader, "k")).Error.CommitTsExpired.MinCommitTs.ShouldBe(reader + 1);
        (await _store.Commit(start, reader + 1, "k")).Error.ShouldBeNull();
    }

    [Fact]
    public async Task A_lock_whose_primary_is_elsewhere_is_reported_when_the_caller_asks_for_it()
    {
        var start = _store.Ts();
        await _store.Prewrite(start, ("p", "1"), ("s", "1"));
        (await _store.CheckStatus(
            "s", start, _store.Ts(), verifyPrimary: true)).Error.PrimaryMismatch.LockInfo.PrimaryLock.ShouldBe(B("p"));
    }

    [Fact]
    public async Task Resolving_a_region_ends_every_lock_of_the_transactions_named()
    {
        var first = _store.Ts();
        await _store.Prewrite(first, Enumerable.Range(0, 600).Select(i => ($"a{i:D4}", (string?)"1")).ToArray());
        var second = _store.Ts();
        await _store.Prewrite(second, ("b1", "2"), ("b2", "2"));
        var third = _store.Ts();
        await _store.Prewrite(third, ("c", "3"));
        var commit = _store.Ts();
        var response = await _store.Call(TikvMethods.KvResolveLock, new ResolveLockRequest
        {
            Context = _store.Context,
            TxnInfos = { new TxnInfo { Txn = first, Status = commit }, new TxnInfo { Txn = second } },
        });
        response.Error.ShouldBeNull();
        (await _store.Get("a0599", _store.Ts())).ShouldBe("1");
        (await _store.Get("b1", _store.Ts())).ShouldBe("-");
        (await _store.Get("c", _store.Ts())).ShouldBe("locked");
    }

    [Fact]
    public async Task Resolving_keys_touches_only_them()
    {
        var start = _store.Ts();
        await _store.Prewrite(start, ("p", "1"), ("q", "1"));
        var commit = _store.Ts();
        await _store.Call(TikvMethods.KvResolveLock, new ResolveLockRequest
        {
            Context = _store.Context, StartVersion = start, CommitVersion = commit, Keys = { B("q") },
        });
        (await _store.Get("q", _store.Ts())).ShouldBe("1");
        (await _store.Get("p", _store.Ts())).ShouldBe("locked");
    }

    [Fact]
    public async Task Scanning_locks_lists_those_up_to_a_timestamp()
    {
        var first = _store.Ts();
        await _store.Prewrite(first, ("a", "1"));
        var between = _store.Ts();
        await _store.Prewrite(_store.Ts(), ("b", "1"));
        var response = await _store.Call(
            TikvMethods.KvScanLock, new ScanLockRequest { Context = _store.Context, MaxVersion = between, Limit = 10 });
        response.Locks.ShouldHaveSingleItem().LockVersion.ShouldBe(first);
    }

    [Fact]
    public async Task A_rollback_at_anothers_commit_timestamp_survives_that_commit_when_it_is_protected()
    {
        var other = _store.Ts();
        var start = _store.Ts();
        await _store.Prewrite(other, ("k", "v"));
        await _store.Commit(other, start, "k"); // commits exactly at the start of the other transaction
        (await _store.CheckStatus("k", start, _store.Ts())).Action.ShouldBe(Action.LockNotExistRollback);
        (await _store.Get("k")).ShouldBe("v");
        (await _store.Prewrite(start, ("k", "late"))).Errors[0].Conflict.Reason.ShouldBe(Reason.SelfRolledBack);
    }

    [Fact]
    public async Task Keys_and_values_over_the_limits_are_refused_with_their_sizes()
    {
        (await _store.Prewrite(_store.Ts(), (new string('k', 9000), "v"))).Errors[0].Abort.ShouldContain(
            "KeyTooLarge { size: 9000, limit: 8192 }");
        (await _store.Prewrite(_store.Ts(), ("k", new string('v', 7 * 1024 * 1024)))).Errors[0].Abort.ShouldContain(
            "ValueTooLarge");
        var four = new string('v', 4 * 1024 * 1024);
        var large = await _store.Prewrite(_store.Ts(), ("a", four), ("b", four), ("c", four));
        large.RegionError.RaftEntryTooLarge.EntrySize.ShouldBeGreaterThan(12UL * 1024 * 1024);
        large.RegionError.RaftEntryTooLarge.RegionId.ShouldBe(_store.Context.RegionId);
        (await _store.Get("a", _store.Ts())).ShouldBe("-");
    }
}
