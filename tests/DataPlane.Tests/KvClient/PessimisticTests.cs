using Cloud.KvClient;
using Shouldly;
using Xunit;
using static Cloud.DataPlane.Tests.KvClient.KvFixture;

namespace Cloud.DataPlane.Tests.KvClient;

public sealed class PessimisticTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory, InlineData(true), InlineData(false)]
    public async Task Who_waits_for_a_lock_gets_it_with_the_value_that_was_committed_meanwhile(bool overSocket)
    {
        await using var fixture = await StartAsync();
        var (first, second) = (fixture.Connect(overSocket), fixture.Connect(overSocket));
        await TransactionTests.PutAsync(first, "counter", "1");
        await using var holder = await BeginAsync(first);
        await using var waiter = await BeginAsync(second);
        Show(await holder.LockAsync([Key("counter")], Patience, None)).ShouldBe(["counter=1"]);
        var waiting = waiter.LockAsync([Key("counter")], Patience, None).AsTask();
        holder.Set(Key("counter"), Key("2"));
        waiting.IsCompleted.ShouldBeFalse();
        await holder.CommitAsync(None);
        Show(await waiting).ShouldBe(["counter=2"]);
        waiter.ForUpdateTimestamp.ShouldBeGreaterThan(waiter.StartTimestamp);
        waiter.Set(Key("counter"), Key("3"));
        await waiter.CommitAsync(None);
        Text(await first.GetSnapshot(await first.GetTimestampAsync(None)).GetAsync(Key("counter"), None)).ShouldBe("3");
    }

    [Fact]
    public async Task Waiting_longer_than_allowed_is_a_timeout_and_the_transaction_goes_on()
    {
        await using var fixture = await StartAsync();
        var cluster = fixture.Connect();
        await using var holder = await BeginAsync(cluster);
        await holder.LockAsync([Key("b")], Patience, None);
        await using var other = await BeginAsync(cluster);
        await other.LockAsync([Key("z")], Patience, None);
        var timeout = await Should.ThrowAsync<KvException>(
            async () => await other.LockAsync([Key("a"), Key("b")], TimeSpan.FromMilliseconds(100), None));
        timeout.Code.ShouldBe(KvErrorCode.LockWaitTimeout);
        timeout.Key.ShouldBe(Key("b"));
        await using var third = await BeginAsync(cluster);
        await third.LockAsync([Key("a")], TimeSpan.Zero, None); // What the failed call had locked is free.
        other.Set(Key("z"), Key("1"));
        (await other.CommitAsync(None)).ShouldBeGreaterThan(0UL);
    }

    [Fact]
    public async Task Of_two_that_wait_for_each_other_one_is_told_of_the_deadlock()
    {
        await using var fixture = await StartAsync();
        var cluster = fixture.Connect();
        await using var first = await BeginAsync(cluster);
        await using var second = await BeginAsync(cluster);
        await first.LockAsync([Key("a")], Patience, None);
        await second.LockAsync([Key("b")], Patience, None);
        var crossing = first.LockAsync([Key("b")], Patience, None).AsTask();
        var closing = second.LockAsync([Key("a")], Patience, None).AsTask();
        var victim = await Task.WhenAny(crossing, closing);
        (await Should.ThrowAsync<KvException>(() => victim)).Code.ShouldBe(KvErrorCode.Deadlock);
        await (victim == crossing ? first : second).RollbackAsync(None);
        await (victim == crossing ? closing : crossing).WaitAsync(Patience);
    }

    [Fact]
    public async Task A_rollback_frees_the_locks_and_a_locked_key_reads_as_committed()
    {
        await using var fixture = await StartAsync();
        var cluster = fixture.Connect();
        await TransactionTests.PutAsync(cluster, "k", "1");
        var holder = await BeginAsync(cluster);
        await holder.LockAsync([Key("k"), Key("absent")], Patience, None);
        holder.Set(Key("k"), Key("2"));
        Text(await cluster.GetSnapshot(await cluster.GetTimestampAsync(None)).GetAsync(Key("k"), None)).ShouldBe("1");
        await holder.DisposeAsync();
        await using var next = await BeginAsync(cluster);
        Show(await next.LockAsync([Key("k"), Key("absent")], TimeSpan.Zero, None)).ShouldBe(["k=1"]);
    }

    [Fact]
    public async Task Locked_reads_show_own_writes_and_the_current_snapshot_shows_the_newest()
    {
        await using var fixture = await StartAsync();
        var cluster = fixture.Connect();
        await using var transaction = await BeginAsync(cluster);
        await TransactionTests.PutAsync(cluster, "late", "1");
        transaction.Set(Key("own"), Key("x"));
        Text(await transaction.GetAsync(Key("late"), None)).ShouldBeNull("it was committed after the snapshot");
        var current = await transaction.CurrentSnapshotAsync(None);
        (await TransactionTests.ScanAsync(current, "", "")).ShouldBe(["late=1", "own=x"]);
        Show(await transaction.LockAsync([Key("own"), Key("late")], Patience, None)).ShouldBe(["late=1", "own=x"]);
        transaction.Delete(Key("late"));
        Show(await transaction.LockAsync([Key("own"), Key("late")], Patience, None)).ShouldBe(["own=x"]);
        await transaction.CommitAsync(None);
        (await TransactionTests.ScanAsync(cluster.GetSnapshot(await cluster.GetTimestampAsync(None)), "", "")).ShouldBe(["own=x"]);
    }

    [Theory]
    [InlineData("one phase")]
    [InlineData("asynchronous, many requests")]
    [InlineData("two phases, many requests")]
    public async Task What_was_locked_commits_without_conflict_in_every_way(string way)
    {
        await using var fixture = await StartAsync();
        var cluster = fixture.Connect(configure: options => TransactionTests.Way(options, way));
        await using var transaction = await BeginAsync(cluster);
        await TransactionTests.PutAsync(cluster, "a", "later than the start");
        await transaction.LockAsync([Key("a"), Key("b"), Key("only locked")], Patience, None);
        transaction.Set(Key("a"), Key("1"));
        transaction.Insert(Key("b"), Key("2"));
        transaction.Set(Key("c"), Key("3"));
        var committed = await transaction.CommitAsync(None);
        (await TransactionTests.ScanAsync(cluster.GetSnapshot(committed), "", "")).ShouldBe(["a=1", "b=2", "c=3"]);
        await transaction.DisposeAsync();
        await using var next = await BeginAsync(cluster);
        Show(await next.LockAsync([Key("only locked"), Key("a")], TimeSpan.Zero, None)).ShouldBe(["a=1"]);
    }

    private static async Task<IKvTransaction> BeginAsync(KvCluster cluster) =>
        cluster.Begin(await cluster.GetTimestampAsync(None), TransactionMode.Pessimistic);

    private static IEnumerable<string> Show(IEnumerable<KeyValue> pairs) => pairs.Select(pair => $"{Text(pair.Key)}={Text(pair.Value)}");
}
