using System.Buffers.Binary;
using Cloud.Kernel;
using Cloud.KvClient;
using Shouldly;
using Xunit;
using Xunit.Abstractions;
using static Cloud.DataPlane.Tests.KvClient.KvFixture;

namespace Cloud.DataPlane.Tests.KvClient;

/// <summary>
/// Clients move money between accounts at random, in every way of committing, over channels that lose messages, and now and then leave a
/// transaction unfinished. At every snapshot the accounts hold together what they held at first, and so they do at the end.
/// </summary>
public sealed class BankTests(ITestOutputHelper output)
{
    private const int Accounts = 12;
    private const long Opening = 100;

    private static readonly CancellationToken None = CancellationToken.None;

    private static readonly string[] Ways = ["one phase", "asynchronous, many requests", "two phases, many requests"];

    [Theory]
    [InlineData(101, 0.0)]
    [InlineData(102, 0.03)]
    [InlineData(103, 0.08)]
    public async Task Money_is_neither_made_nor_lost(ulong seed, double loss)
    {
        output.WriteLine($"seed {seed}, losing {loss:P0} of requests and of answers");
        await using var fixture = await StartAsync();
        var quiet = fixture.Connect();
        await OpenAccountsAsync(quiet);
        using var stop = new CancellationTokenSource();
        var auditing = AuditAsync(quiet, stop.Token);
        var random = new SeededRandom(seed);
        var tellers = Enumerable.Range(0, 6).Select(number => TellAsync(fixture, number, random.Split(), loss)).ToList();
        var moved = await Task.WhenAll(tellers);
        await stop.CancelAsync();
        var audits = await auditing;
        output.WriteLine($"{moved.Sum()} transfers, {audits} audits");
        (await SumAsync(quiet.GetSnapshot(await quiet.GetTimestampAsync(None)))).ShouldBe(Accounts * Opening);
        moved.Sum().ShouldBeGreaterThan(20);
        audits.ShouldBeGreaterThan(0);
    }

    private static byte[] Account(int number) => Key($"account{number:D2}");

    private static byte[] Encode(long amount)
    {
        var value = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(value, amount);
        return value;
    }

    private static async Task OpenAccountsAsync(KvCluster cluster)
    {
        await using var transaction = cluster.Begin(await cluster.GetTimestampAsync(None), TransactionMode.Optimistic);
        for (var number = 0; number < Accounts; number++)
        {
            transaction.Set(Account(number), Encode(Opening));
        }

        await transaction.CommitAsync(None);
    }

    private static async Task<int> AuditAsync(KvCluster cluster, CancellationToken cancellationToken)
    {
        var audits = 0;
        for (; !cancellationToken.IsCancellationRequested; audits++)
        {
            (await SumAsync(cluster.GetSnapshot(await cluster.GetTimestampAsync(None)))).ShouldBe(Accounts * Opening);
        }

        return audits;
    }

    private static async Task<long> SumAsync(IKvSnapshot snapshot)
    {
        var sum = 0L;
        await foreach (var batch in snapshot.ScanAsync(Key("account"), Key("accounu"), 0, false, None))
        {
            sum += batch.Sum(static pair => BinaryPrimitives.ReadInt64BigEndian(pair.Value));
        }

        return sum;
    }

    /// <summary>One client's transfers.</summary>
    /// <returns>How many are known to have committed.</returns>
    private static async Task<int> TellAsync(KvFixture fixture, int number, SeededRandom random, double loss)
    {
        var faults = new ChannelFaults(random.Split()) { LoseRequest = loss, LoseAnswer = loss };
        var cluster = fixture.Connect(
            configure: options => TransactionTests.Way(options, Ways[number % Ways.Length]) with
            {
                LockTimeToLive = TimeSpan.FromMilliseconds(500), RetryBudget = TimeSpan.FromSeconds(5),
            },
            faults: faults);
        var mode = number % 2 == 0 ? TransactionMode.Optimistic : TransactionMode.Pessimistic;
        var committed = 0;
        for (var i = 0; i < 30; i++)
        {
            try
            {
                committed += await TransferAsync(cluster, mode, random) ? 1 : 0;
            }
            catch (KvException expected) when (expected.Code
                is KvErrorCode.WriteConflict or KvErrorCode.Deadlock or KvErrorCode.LockWaitTimeout
                or KvErrorCode.TransactionAborted or KvErrorCode.UndeterminedResult or KvErrorCode.Unavailable)
            {
                // It committed or it did not; the audits see to it that it was not by half.
            }
        }

        return committed;
    }

    private static async Task<bool> TransferAsync(KvCluster cluster, TransactionMode mode, SeededRandom random)
    {
        var (from, to) = (random.Next(Accounts), random.Next(Accounts));
        if (from == to)
        {
            return false;
        }

        await using var transaction = cluster.Begin(await cluster.GetTimestampAsync(None), mode);
        ReadOnlyMemory<byte>[] keys = [Account(from), Account(to)];
        var found = mode == TransactionMode.Pessimistic
            ? await transaction.LockAsync(keys, TimeSpan.FromSeconds(3), None)
            : await transaction.BatchGetAsync(keys, None);
        var balances = found.ToDictionary(static pair => Text(pair.Key)!, static pair => BinaryPrimitives.ReadInt64BigEndian(pair.Value));
        var amount = random.Next(1, 50);
        transaction.Set(keys[0], Encode(balances[Text(keys[0].ToArray())!] - amount));
        transaction.Set(keys[1], Encode(balances[Text(keys[1].ToArray())!] + amount));
        if (random.Chance(0.05))
        {
            return false; // Left unfinished: disposing rolls it back.
        }

        return await transaction.CommitAsync(None) > 0;
    }
}
