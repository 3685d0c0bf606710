using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Kvrpcpb;
using Shouldly;
using Xunit;
using static Cloud.DataPlane.Tests.Storage.TestStore;
using Action = Cloud.Rpc.Proto.Kvrpcpb.Action;
using Reason = Cloud.Rpc.Proto.Kvrpcpb.WriteConflict.Types.Reason;

namespace Cloud.DataPlane.Tests.Storage;

public sealed class AsyncCommitTests : IAsyncLifetime
{
    private TestStore _store = null!; // Set by InitializeAsync.

    public async Task InitializeAsync() => _store = await TestStore.OpenAsync();

    public async Task DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task A_one_phase_commit_is_visible_at_once_and_leaves_no_lock()
    {
        var start = _store.Ts();
        var response = await _store.Send(OnePhase(start, ("a", "1"), ("b", new string('x', 500))));
        response.OnePcCommitTs.ShouldBeGreaterThan(start);
        (await _store.Get("a", response.OnePcCommitTs)).ShouldBe("1");
        (await _store.Get("b", response.OnePcCommitTs)).ShouldBe(new string('x', 500));
        (await _store.Get("a", response.OnePcCommitTs - 1)).ShouldBe("-");
        (await _store.CheckStatus("a", start, _store.Ts())).CommitVersion.ShouldBe(response.OnePcCommitTs);
    }

    [Fact]
    public async Task A_one_phase_commit_stays_above_every_timestamp_that_was_read_at()
    {
        var start = _store.Ts();
        var reader = _store.Ts() + 1000;
        (await _store.Get("a", reader)).ShouldBe("-");
        var response = await _store.Send(OnePhase(start, ("a", "1")));
        response.OnePcCommitTs.ShouldBeGreaterThan(reader);
        (await _store.Get("a", reader)).ShouldBe("-");
        (await _store.Scan("", "", reader + 5000)).ShouldBe("a=1");
        (await _store.Send(OnePhase(_store.Ts(), ("b", "1")))).OnePcCommitTs.ShouldBeGreaterThan(reader + 5000);
    }

    [Fact]
    public async Task A_one_phase_commit_over_the_clients_limit_falls_back_to_locks()
    {
        var start = _store.Ts();
        await _store.Get("x", start + 500);
        var request = OnePhase(start, ("a", "1"));
        request.UseAsyncCommit = true;
        request.MaxCommitTs = start + 10;
        var response = await _store.Send(request);
        (response.OnePcCommitTs, response.MinCommitTs, response.Errors.Count).ShouldBe((0UL, 0UL, 0));
        var read = await _store.GetResponse("a", start + 600);
        read.Error.Locked.UseAsyncCommit.ShouldBeFalse();
        (await _store.Commit(start, start + 700, "a")).Error.ShouldBeNull();
    }

    [Fact]
    public async Task Repeating_a_one_phase_commit_gives_its_first_timestamp()
    {
        var request = OnePhase(_store.Ts(), ("a", "1"));
        var first = await _store.Send(request);
        var again = await _store.Send(request);
        again.Errors.ShouldBeEmpty();
        again.OnePcCommitTs.ShouldBe(first.OnePcCommitTs);
    }

    [Fact]
    public async Task A_one_phase_commit_replaces_its_own_pessimistic_locks()
    {
        var start = _store.Ts();
        (await _store.LockKeys(start, start, "a")).Errors.ShouldBeEmpty();
        var request = OnePhase(start, ("a", "1"));
        request.ForUpdateTs = start;
        request.PessimisticActions.Add(PrewriteRequest.Types.PessimisticAction.DoPessimisticCheck);
        (await _store.Send(request)).OnePcCommitTs.ShouldBeGreaterThan(0UL);
        (await _store.Get("a", _store.Ts() + 1000)).ShouldBe("1");
    }

    [Fact]
    public async Task A_conflicting_one_phase_commit_writes_nothing()
    {
        var start = _store.Ts();
        await _store.Put(("b", "other"));
        var response = await _store.Send(OnePhase(start, ("a", "1"), ("b", "1")));
        response.Errors.ShouldHaveSingleItem().Conflict.Reason.ShouldBe(Reason.Optimistic);
        response.OnePcCommitTs.ShouldBe(0UL);
        (await _store.Get("a", _store.Ts())).ShouldBe("-");
    }

    [Fact]
    public async Task An_asynchronous_commit_can_be_recovered_from_its_locks_alone()
    {
        var start = _store.Ts();
        var response = await _store.Send(Async(start, ("p", "1"), ("s", "1")));
        response.MinCommitTs.ShouldBeGreaterThan(start);

        var status = await _store.CheckStatus("p", start, _store.Ts());
        status.LockInfo.UseAsyncCommit.ShouldBeTrue();
        status.LockInfo.Secondaries.ShouldBe([B("s")]);
        status.Action.ShouldBe(Action.NoAction);

        var secondaries = await CheckSecondaries(start, "s");
        secondaries.Locks.ShouldHaveSingleItem().MinCommitTs.ShouldBe(response.MinCommitTs);
        var commit = Math.Max(status.LockInfo.MinCommitTs, secondaries.Locks[0].MinCommitTs);
        (await _store.Commit(start, commit, "p", "s")).Error.ShouldBeNull();
        (await _store.Get("s", commit)).ShouldBe("1");
        (await CheckSecondaries(start, "s")).CommitTs.ShouldBe(commit);
    }

    [Fact]
    public async Task A_missing_secondary_is_rolled_back_for_good_when_it_is_checked()
    {
        var start = _store.Ts();
        await _store.Send(Async(start, ("p", "1")));
        var checkedNow = await CheckSecondaries(start, "s");
        (checkedNow.Locks.Count, checkedNow.CommitTs).ShouldBe((0, 0UL));
        var late = Async(start, ("s", "1"));
        late.PrimaryLock = B("p");
        (await _store.Send(late)).Errors[0].Conflict.Reason.ShouldBe(Reason.SelfRolledBack);
    }

    [Fact]
    public async Task An_expired_asynchronous_commit_is_not_rolled_back_unless_forced()
    {
        var start = _store.Ts();
        await _store.Send(Async(start, ("p", "1")));
        var later = start + (60_000UL << 18);
        (await _store.CheckStatus("p", start, later)).LockTtl.ShouldBe(3000UL);
        (await _store.CheckStatus("p", start, later, forceSync: true)).Action.ShouldBe(Action.TtlExpireRollback);
    }

    [Fact]
    public async Task A_read_of_the_newest_version_stops_at_the_primary_of_an_asynchronous_commit()
    {
        await _store.Put(("p", "old"));
        await _store.Send(Async(_store.Ts(), ("p", "new")));
        (await _store.Get("p")).ShouldBe("locked");
    }

    [Fact]
    public async Task A_rollback_below_an_asynchronous_lock_is_remembered_by_it()
    {
        var owner = _store.Ts();
        var locked = await _store.Send(Async(owner, ("k", "v")));
        var victim = locked.MinCommitTs; // the timestamp at which the owner may commit
        (await _store.CheckStatus("k", victim, victim)).Action.ShouldBe(Action.LockNotExistRollback);
        (await _store.Commit(owner, victim, "k")).Error.ShouldBeNull();
        (await _store.Get("k")).ShouldBe("v");
        (await _store.Prewrite(victim, ("k", "late"))).Errors[0].Conflict.Reason.ShouldBe(Reason.SelfRolledBack);
    }

    [Fact]
    public async Task Concurrent_readers_never_see_a_snapshot_change()
    {
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 4).Select(w => Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                await _store.Send(OnePhase(_store.Ts(), ("x", $"{w}.{i}"), ("y", $"{w}.{i}")));
            }
        })).ToArray();
        for (var round = 0; round < 300; round++)
        {
            var ts = _store.Ts();
            var first = await Both(ts);
            (await Both(ts)).ShouldBe(first);
        }

        await stop.CancelAsync();
        await Task.WhenAll(writers);

        async Task<string> Both(ulong ts)
        {
            while (true)
            {
                var x = await _store.Get("x", ts);
                var y = await _store.Get("y", ts);
                if (x != "locked" && y != "locked")
                {
                    y.ShouldBe(x);
                    return x;
                }
            }
        }
    }

    private PrewriteRequest OnePhase(ulong start, params (string Key, string? Value)[] writes)
    {
        var request = _store.PrewriteOf(start, writes);
        request.TryOnePc = true;
        return request;
    }

    private PrewriteRequest Async(ulong start, params (string Key, string? Value)[] writes)
    {
        var request = _store.PrewriteOf(start, writes);
        request.UseAsyncCommit = true;
        request.Secondaries.AddRange(writes.Skip(1).Select(w => B(w.Key)));
        return request;
    }

    private async Task<CheckSecondaryLocksResponse> CheckSecondaries(ulong start, params string[] keys) =>
        await _store.Call(
        TikvMethods.KvCheckSecondaryLocks,
        new CheckSecondaryLocksRequest { Context = _store.Context, StartVersion = start, Keys = { keys.Select(B) } });
}
