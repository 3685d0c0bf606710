using Cloud.Kernel;
using Cloud.KvClient;
using Cloud.Rpc.Methods;
using Shouldly;
using Xunit;
using Xunit.Abstractions;
using static Cloud.DataPlane.Tests.KvClient.KvFixture;

namespace Cloud.DataPlane.Tests.KvClient;

/// <summary>What a client leaves behind that dies in the middle of a commit, or loses the answers to it, and what others make of it.</summary>
public sealed class DyingClientTests(ITestOutputHelper output)
{
    private static readonly CancellationToken None = CancellationToken.None;

    private static readonly IReadOnlyCollection<string> CommitAndCleanUp =
        [TikvMethods.KvCommit.Path, TikvMethods.KvBatchRollback.Path, TikvMethods.KvTxnHeartBeat.Path];

    [Fact]
    public async Task Locks_of_a_client_that_died_before_it_committed_are_rolled_back_by_others()
    {
        await using var fixture = await StartAsync();
        await DieInCommitAsync(fixture, "two phases, many requests", new ChannelFaults(new SeededRandom(1)) { DeadPaths = CommitAndCleanUp });
        var other = fixture.Connect();
        (await TransactionTests.ScanAsync(other.GetSnapshot(await other.GetTimestampAsync(None)), "", "")).ShouldBeEmpty();
        await TransactionTests.PutAsync(other, "k03", "free");
    }

    [Fact]
    public async Task An_asynchronous_commit_of_a_client_that_died_is_finished_by_others()
    {
        await using var fixture = await StartAsync();
        var dying = Dying(fixture, "asynchronous, many requests", new ChannelFaults(new SeededRandom(1)) { DeadPaths = CommitAndCleanUp });
        await using var transaction = await WriteAsync(dying);
        var committed = await transaction.CommitAsync(None);
        var other = fixture.Connect();
        (await TransactionTests.ScanAsync(other.GetSnapshot(await other.GetTimestampAsync(None)), "", "")).Count.ShouldBe(8);
        (await TransactionTests.ScanAsync(other.GetSnapshot(committed), "", "")).Count.ShouldBe(8);
        (await TransactionTests.ScanAsync(other.GetSnapshot(committed - 1), "", "")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_client_that_died_after_the_primary_was_committed_has_committed()
    {
        await using var fixture = await StartAsync();
        var faults = new ChannelFaults(new SeededRandom(1)) { MutePaths = [TikvMethods.KvCommit.Path], DeadPaths = [TikvMethods.KvBatchRollback.Path] };
        var lost = await DieInCommitAsync(fixture, "two phases, many requests", faults);
        lost.Code.ShouldBe(KvErrorCode.UndeterminedResult);
        var other = fixture.Connect();
        (await TransactionTests.ScanAsync(other.GetSnapshot(await other.GetTimestampAsync(None)), "", "")).Count.ShouldBe(8);
    }

    [Theory, InlineData("one phase"), InlineData("asynchronous")]
    public async Task A_commit_in_one_step_whose_answer_is_lost_for_good_is_undetermined(string way)
    {
        await using var fixture = await StartAsync();
        var faults = new ChannelFaults(new SeededRandom(1)) { MutePaths = [TikvMethods.KvPrewrite.Path] };
        (await DieInCommitAsync(fixture, way, faults)).Code.ShouldBe(KvErrorCode.UndeterminedResult);
        var other = fixture.Connect();
        (await TransactionTests.ScanAsync(other.GetSnapshot(await other.GetTimestampAsync(None)), "", "")).Count.ShouldBe(8);
    }

    [Fact]
    public async Task A_prewrite_that_never_arrives_is_no_commit()
    {
        await using var fixture = await StartAsync();
        var faults = new ChannelFaults(new SeededRandom(1)) { DeadPaths = [TikvMethods.KvPrewrite.Path] };
        (await DieInCommitAsync(fixture, "two phases", faults)).Code.ShouldBe(KvErrorCode.Unavailable);
    }

    [Theory]
    [InlineData("one phase")]
    [InlineData("asynchronous, many requests")]
    [InlineData("two phases, many requests")]
    public async Task Answers_that_are_lost_now_and_then_change_nothing(string way)
    {
        const ulong seed = 77;
        output.WriteLine($"seed {seed}");
        await using var fixture = await StartAsync();
        var faults = new ChannelFaults(new SeededRandom(seed)) { LoseAnswer = 0.15, LoseRequest = 0.1 };
        var cluster = fixture.Connect(configure: options => TransactionTests.Way(options, way), faults: faults);
        for (var round = 0; round < 10; round++)
        {
            await using var transaction = cluster.Begin(await cluster.GetTimestampAsync(None), TransactionMode.Optimistic);
            for (var i = 0; i < 4; i++)
            {
                transaction.Set(Key($"k{i}"), Key($"{round}"));
            }

            await transaction.CommitAsync(None);
        }

        (await TransactionTests.ScanAsync(cluster.GetSnapshot(await cluster.GetTimestampAsync(None)), "", ""))
            .ShouldBe(["k0=9", "k1=9", "k2=9", "k3=9"]);
    }

    [Fact]
    public async Task Pessimistic_locks_of_a_client_that_died_are_given_to_others_when_they_run_out()
    {
        var clock = new OffsetTime();
        await using var fixture = await StartAsync(clock);
        var dead = fixture.Connect(
            configure: options => options with { RetryBudget = TimeSpan.FromMilliseconds(100) },
            faults: new ChannelFaults(new SeededRandom(1)) { DeadPaths = [TikvMethods.KvPessimisticRollback.Path, TikvMethods.KvTxnHeartBeat.Path] });
        await using var transaction = dead.Begin(await dead.GetTimestampAsync(None), TransactionMode.Pessimistic);
        await transaction.LockAsync([Key("orphan")], TimeSpan.FromSeconds(1), None);

        var other = fixture.Connect();
        await using var next = other.Begin(await other.GetTimestampAsync(None), TransactionMode.Pessimistic);
        var refused = await Should.ThrowAsync<KvException>(
            async () => await next.LockAsync([Key("orphan")], TimeSpan.FromMilliseconds(50), None));
        refused.Code.ShouldBe(KvErrorCode.LockWaitTimeout);
        clock.Offset = TimeSpan.FromSeconds(30);
        await next.LockAsync([Key("orphan")], TimeSpan.FromSeconds(10), None);
    }

    private static async Task<KvException> DieInCommitAsync(KvFixture fixture, string way, ChannelFaults faults)
    {
        var dying = Dying(fixture, way, faults);
        await using var transaction = await WriteAsync(dying);
        return await Should.ThrowAsync<KvException>(async () => await transaction.CommitAsync(None));
    }

    private static KvCluster Dying(KvFixture fixture, string way, ChannelFaults faults) => fixture.Connect(
        configure: options => TransactionTests.Way(options, way) with
        {
            RetryBudget = TimeSpan.FromMilliseconds(300), LockTimeToLive = TimeSpan.FromMilliseconds(600),
        },
        faults: faults);

    private static async Task<IKvTransaction> WriteAsync(KvCluster cluster)
    {
        var transaction = cluster.Begin(await cluster.GetTimestampAsync(None), TransactionMode.Optimistic);
        for (var i = 0; i < 8; i++)
        {
            transaction.Set(Key($"k{i:D2}"), Key("v"));
        }

        return transaction;
    }
}
