using Cloud.Kernel;
using Cloud.KvClient;
using Shouldly;
using Xunit;
using static Cloud.DataPlane.Tests.KvClient.KvFixture;

namespace Cloud.DataPlane.Tests.KvClient;

public sealed class TransactionTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    public static TheoryData<string, bool> Ways => new()
    {
        { "one phase", true },
        { "one phase", false },
        { "asynchronous", false },
        { "asynchronous, many requests", false },
        { "two phases", true },
        { "two phases, many requests", false },
    };

    [Theory, MemberData(nameof(Ways))]
    public async Task What_is_committed_is_seen_from_its_timestamp_on_and_not_before(string way, bool overSocket)
    {
        await using var fixture = await StartAsync();
        var cluster = fixture.Connect(overSocket, options => Way(options, way));
        var before = await cluster.GetTimestampAsync(None);
        ulong committed;
        await using (var transaction = cluster.Begin(await cluster.GetTimestampAsync(None), TransactionMode.Optimistic))
        {
            for (var i = 0; i < 20; i++)
            {
                transaction.Set(Key($"k{i:D2}"), Key($"v{i}"));
            }

            committed = await transaction.CommitAsync(None);
        }

        var after = await cluster.GetTimestampAsync(None);
        committed.ShouldBeGreaterThan(before);
        committed.ShouldBeLessThanOrEqualTo(after);
        Text(await cluster.GetSnapshot(before).GetAsync(Key("k07"), None)).ShouldBeNull();
        Text(await cluster.GetSnapshot(committed - 1).GetAsync(Key("k07"), None)).ShouldBeNull();
        Text(await cluster.GetSnapshot(committed).GetAsync(Key("k07"), None)).ShouldBe("v7");
        Text(await cluster.GetSnapshot(ulong.MaxValue).GetAsync(Key("k07"), None)).ShouldBe("v7");
        (await ScanAsync(cluster.GetSnapshot(after), "k", "l")).Count.ShouldBe(20);
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task Of_two_clients_that_write_the_same_key_the_second_to_commit_conflicts(string way, bool overSocket)
    {
        await using var fixture = await StartAsync();
        var first = fixture.Connect(overSocket, options => Way(options, way));
        var second = fixture.Connect(overSocket, options => Way(options, way));
        await using var winner = first.Begin(await first.GetTimestampAsync(None), TransactionMode.Optimistic);
        await using var loser = second.Begin(await second.GetTimestampAsync(None), TransactionMode.Optimistic);
        foreach (var transaction in (IKvTransaction[])[winner, loser])
        {
            transaction.Set(Key("contended"), Key($"{transaction.StartTimestamp}"));
            for (var i = 0; i < 5; i++)
            {
                transaction.Set(Key($"{transaction.StartTimestamp}-{i}"), Key("x"));
            }
        }

        await winner.CommitAsync(None);
        var conflict = await Should.ThrowAsync<KvException>(async () => await loser.CommitAsync(None));
        conflict.Code.ShouldBe(KvErrorCode.WriteConflict);
        conflict.Key.ShouldBe(Key("contended"));
        await loser.DisposeAsync();
        var now = first.GetSnapshot(await first.GetTimestampAsync(None));
        Text(await now.GetAsync(Key("contended"), None)).ShouldBe($"{winner.StartTimestamp}");
        Text(await now.GetAsync(Key($"{loser.StartTimestamp}-0"), None)).ShouldBeNull("nothing of the loser is left");
    }

    [Theory, InlineData(TransactionMode.Optimistic), InlineData(TransactionMode.Pessimistic)]
    public async Task An_insert_of_a_key_that_exists_is_refused_and_nothing_is_written(TransactionMode mode)
    {
        await using var fixture = await StartAsync();
        var cluster = fixture.Connect();
        await PutAsync(cluster, "taken", "first");
        await using (var transaction = cluster.Begin(await cluster.GetTimestampAsync(None), mode))
        {
            await transaction.LockAsync([Key("other")], TimeSpan.FromSeconds(1), None);
            transaction.Set(Key("other"), Key("x"));
            transaction.Insert(Key("taken"), Key("second"));
            var exists = await Should.ThrowAsync<KvException>(async () => await transaction.CommitAsync(None));
            exists.Code.ShouldBe(KvErrorCode.AlreadyExists);
            exists.Key.ShouldBe(Key("taken"));
        }

        var now = cluster.GetSnapshot(await cluster.GetTimestampAsync(None));
        Text(await now.GetAsync(Key("taken"), None)).ShouldBe("first");
        Text(await now.GetAsync(Key("other"), None)).ShouldBeNull();
    }

    [Theory, InlineData(TransactionMode.Optimistic), InlineData(TransactionMode.Pessimistic)]
    public async Task An_insert_that_was_deleted_again_still_checks_and_writes_nothing(TransactionMode mode)
    {
        await using var fixture = await StartAsync();
        var cluster = fixture.Connect();
        await using (var transaction = cluster.Begin(await cluster.GetTimestampAsync(None), mode))
        {
            transaction.Set(Key("a"), Key("kept"));
            transaction.Insert(Key("b"), Key("gone"));
            transaction.Delete(Key("b"));
            await transaction.CommitAsync(None);
        }

        (await ScanAsync(cluster.GetSnapshot(await cluster.GetTimestampAsync(None)), "", "")).ShouldBe(["a=kept"]);
    }

    [Fact]
    public async Task Savepoints_take_back_writes_and_reads_see_that()
    {
        await using var fixture = await StartAsync();
        var cluster = fixture.Connect();
        await PutAsync(cluster, "a", "old");
        await using var transaction = cluster.Begin(await cluster.GetTimestampAsync(None), TransactionMode.Optimistic);
        transaction.Set(Key("b"), Key("kept"));
        var mark = transaction.Savepoint();
        transaction.Delete(Key("a"));
        transaction.Set(Key("c"), Key("gone"));
        (await ScanAsync(transaction, "a", "z")).ShouldBe(["b=kept", "c=gone"]);
        transaction.RollbackTo(mark);
        (await ScanAsync(transaction, "a", "z")).ShouldBe(["a=old", "b=kept"]);
        await transaction.CommitAsync(None);
        (await ScanAsync(cluster.GetSnapshot(await cluster.GetTimestampAsync(None)), "a", "z")).ShouldBe(["a=old", "b=kept"]);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Long_scans_come_in_batches_in_either_direction(bool overSocket)
    {
        await using var fixture = await StartAsync();
        var cluster = fixture.Connect(overSocket);
        const int count = 5000;
        await using (var transaction = cluster.Begin(await cluster.GetTimestampAsync(None), TransactionMode.Optimistic))
        {
            for (var i = 0; i < count; i++)
            {
                transaction.Set(Key($"row{i:D5}"), Key($"{i}"));
            }

            await transaction.CommitAsync(None);
        }

        var all = Enumerable.Range(0, count).Select(i => $"row{i:D5}={i}").ToList();
        var now = cluster.GetSnapshot(await cluster.GetTimestampAsync(None));
        (await ScanAsync(now, "", "")).ShouldBe(all);
        (await ScanAsync(now, "", "", reverse: true)).ShouldBe(Enumerable.Reverse(all));
        (await ScanAsync(now, "row01000", "row04000", limit: 1234)).ShouldBe(all.Skip(1000).Take(1234));
        (await ScanAsync(now, "row01000", "row04000", limit: 1234, reverse: true)).ShouldBe(all.Take(4000).Reverse().Take(1234));
        var some = Enumerable.Range(0, 300).Select(i => (ReadOnlyMemory<byte>)Key($"row{i * 20:D5}")).Reverse().ToList();
        (await now.BatchGetAsync(some, None)).Select(Show).ShouldBe(all.Where((_, i) => i % 20 == 0 && i < 6000));
    }

    [Fact]
    public async Task Large_values_are_scanned_completely()
    {
        await using var fixture = await StartAsync();
        var cluster = fixture.Connect(overSocket: true);
        for (var i = 0; i < 12; i++)
        {
            await using var transaction = cluster.Begin(await cluster.GetTimestampAsync(None), TransactionMode.Optimistic);
            transaction.Set(Key($"large{i:D2}"), new byte[3_000_000]);
            await transaction.CommitAsync(None);
        }

        var found = 0;
        await foreach (var batch in cluster.GetSnapshot(await cluster.GetTimestampAsync(None)).ScanAsync(Key("l"), Key("m"), 0, false, None))
        {
            batch.ShouldAllBe(pair => pair.Value.Length == 3_000_000);
            found += batch.Count;
        }

        found.ShouldBe(12);
    }

    [Fact]
    public async Task A_transaction_without_writes_commits_at_no_timestamp()
    {
        await using var fixture = await StartAsync();
        var cluster = fixture.Connect();
        await using var transaction = cluster.Begin(await cluster.GetTimestampAsync(None), TransactionMode.Pessimistic);
        await transaction.LockAsync([Key("looked at")], TimeSpan.FromSeconds(1), None);
        (await transaction.CommitAsync(None)).ShouldBe(0UL);
        await PutAsync(cluster, "looked at", "free");
    }

    [Fact]
    public async Task Entries_and_transactions_over_their_limit_are_refused()
    {
        await using var fixture = await StartAsync();
        var cluster = fixture.Connect(configure: options => options with { TransactionMax = ByteSize.FromKiB(10), EntryMax = ByteSize.FromKiB(4) });
        await using var transaction = cluster.Begin(await cluster.GetTimestampAsync(None), TransactionMode.Optimistic);
        Should.Throw<KvException>(() => transaction.Set(Key("k"), new byte[5000])).Code.ShouldBe(KvErrorCode.TooLarge);
        Should.Throw<KvException>(() => transaction.Set(Key("k"), ReadOnlyMemory<byte>.Empty)).Code.ShouldBe(KvErrorCode.TooLarge);
        transaction.Set(Key("1"), new byte[4000]);
        transaction.Set(Key("2"), new byte[4000]);
        Should.Throw<KvException>(() => transaction.Set(Key("3"), new byte[4000])).Code.ShouldBe(KvErrorCode.TooLarge);
        (await transaction.CommitAsync(None)).ShouldBeGreaterThan(0UL);
    }

    [Fact]
    public async Task Committed_data_is_there_after_storage_restarted_and_clients_go_on()
    {
        await using var fixture = await StartAsync();
        var cluster = fixture.Connect(overSocket: true);
        await PutAsync(cluster, "durable", "yes");
        await fixture.RestartStorageAsync();
        Text(await cluster.GetSnapshot(await cluster.GetTimestampAsync(None)).GetAsync(Key("durable"), None)).ShouldBe("yes");
        await PutAsync(cluster, "after", "yes");
    }

    internal static KvClientOptions Way(KvClientOptions options, string way) => options with
    {
        OnePhaseCommit = way == "one phase",
        AsyncCommit = way.StartsWith("asynchronous", StringComparison.Ordinal),
        WriteRequestMax = way.EndsWith("many requests", StringComparison.Ordinal) ? ByteSize.FromBytes(16) : ByteSize.FromKiB(512),
    };

    internal static async Task PutAsync(KvCluster cluster, string key, string value)
    {
        await using var transaction = cluster.Begin(await cluster.GetTimestampAsync(None), TransactionMode.Optimistic);
        transaction.Set(Key(key), Key(value));
        await transaction.CommitAsync(None);
    }

    internal static async Task<List<string>> ScanAsync(IKvSnapshot snapshot, string start, string end, int limit = 0, bool reverse = false)
    {
        var found = new List<string>();
        await foreach (var batch in snapshot.ScanAsync(Key(start), Key(end), limit, reverse, None))
        {
            batch.Count.ShouldBeGreaterThan(0);
            found.AddRange(batch.Select(Show));
        }

        return found;
    }

    private static string Show(KeyValue pair) => $"{Text(pair.Key)}={Text(pair.Value)}";
}
