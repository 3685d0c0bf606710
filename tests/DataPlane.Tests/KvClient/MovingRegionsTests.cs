using System.Globalization;
using Cloud.DataPlane.Tests.Pd;
using Cloud.Kernel;
using Cloud.KvClient;
using Cloud.KvClient.Regions;
using Cloud.Rpc.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;
using Xunit.Abstractions;
using static Cloud.DataPlane.Tests.KvClient.KvFixture;

namespace Cloud.DataPlane.Tests.KvClient;

/// <summary>A client whose regions split and move under it, with PD often behind, does what a sorted map does.</summary>
public sealed class MovingRegionsTests(ITestOutputHelper output)
{
    private const int Keys = 60;

    private static readonly CancellationToken None = CancellationToken.None;

    [Theory, InlineData(31), InlineData(32)]
    public async Task Raw_operations_agree_with_a_map_while_regions_move(ulong seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new SeededRandom(seed);
        await using var pd = await PdFixture.StartAsync();
        var (regions, cluster) = await StartAsync(pd, random.Split());
        await using var closing = cluster;
        var raw = cluster.Raw;
        var model = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (var step = 0; step < 300; step++)
        {
            await DisturbAsync(regions, random, step, static number => Key(Name(number)));
            var (low, high) = (random.Next(Keys), random.Next(Keys + 1));
            switch (random.Next(6))
            {
                case 0 or 1:
                    await raw.PutAsync(Key(Name(low)), Key($"{step}"), null, None);
                    model[Name(low)] = $"{step}";
                    break;
                case 2:
                    Text(await raw.GetAsync(Key(Name(low)), None)).ShouldBe(model.GetValueOrDefault(Name(low)));
                    break;
                case 3:
                    var some = Enumerable.Range(0, 20).Select(_ => Name(random.Next(Keys))).Distinct(StringComparer.Ordinal).ToList();
                    await raw.BatchPutAsync(some.ConvertAll(name => new KeyValue(Key(name), Key($"b{step}"))), null, None);
                    some.ForEach(name => model[name] = $"b{step}");
                    break;
                case 4 when random.Chance(0.3) && low < high:
                    await raw.DeleteRangeAsync(Key(Name(low)), Key(Name(high)), None);
                    foreach (var gone in Within(model, low, high).ToList())
                    {
                        model.Remove(gone.Key);
                    }

                    break;
                default:
                    var (limit, reverse) = (random.Next(1, 80), random.Chance(0.5));
                    var found = await raw.ScanAsync(Key(Name(low)), Key(Name(high)), limit, reverse, None);
                    var expected = Within(model, low, high);
                    found.Select(pair => (Text(pair.Key), Text(pair.Value))).ShouldBe(
                        (reverse ? expected.Reverse() : expected).Take(limit).Select(pair => ((string?)pair.Key, (string?)pair.Value)));
                    break;
            }
        }

        output.WriteLine(string.Join(", ", regions.Refusals.Select(refusal => $"{refusal.Key}: {refusal.Value}")));
        regions.Refusals.Keys.ShouldContain("epoch_not_match");
        regions.Refusals.Keys.ShouldContain("not_leader");
    }

    [Theory, InlineData(41), InlineData(42)]
    public async Task Snapshot_scans_cross_regions_in_either_direction_wherever_they_are_bounded(ulong seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new SeededRandom(seed);
        await using var pd = await PdFixture.StartAsync();
        var (regions, cluster) = await StartAsync(pd, random.Split());
        await using var closing = cluster;
        await cluster.Raw.BatchPutAsync(Enumerable.Range(0, Keys).Select(number => new KeyValue(Key(Name(number)), Key("v"))).ToList(), null, None);
        for (var step = 0; step < 150; step++)
        {
            // Some boundaries are encoded keys, as transactions make them, and some are not, as raw keys make them.
            await DisturbAsync(regions, random, step, number => random.Chance(0.7) ? KeyCodec.Encode(Key(Name(number))) : Key(Name(number)));
            var (low, high, reverse, limit) = (random.Next(Keys), random.Next(Keys + 1), random.Chance(0.5), random.Next(4) * 13);
            var end = random.Chance(0.2) ? string.Empty : Name(high);
            var expected = Enumerable.Range(0, Keys).Where(number => number >= low && (end.Length == 0 || number < high)).Select(Name);
            expected = reverse ? expected.Reverse() : expected;
            var scanned = await TransactionTests.ScanAsync(cluster.GetSnapshot(1000), Name(low), end, limit, reverse);
            scanned.ShouldBe((limit > 0 ? expected.Take(limit) : expected).Select(name => name + "=v"));
        }
    }

    private static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"key-{number:D3}-{new string('x', number % 11)}");

    private static IEnumerable<KeyValuePair<string, string>> Within(SortedDictionary<string, string> model, int low, int high) =>
        model.Where(pair => string.CompareOrdinal(pair.Key, Name(low)) >= 0 && string.CompareOrdinal(pair.Key, Name(high)) < 0);

    private static async Task<(MovingRegions Regions, KvCluster Cluster)> StartAsync(PdFixture pd, SeededRandom random)
    {
        var channels = new InProcessRpcChannels(TimeProvider.System);
        var address = $"127.0.0.1:{pd.Server.Port}";
        channels.Add(address, pd.Server.Services);
        var regions = await MovingRegions.StartAsync(pd, channels, random);
        var options = new KvClientOptions { PdEndpoints = [address], Multiplex = false };
        return (regions, new KvCluster(options, channels, TimeProvider.System, NullLoggerFactory.Instance));
    }

    /// <summary>Splits, moves and reports now and then.</summary>
    private static async Task DisturbAsync(MovingRegions regions, SeededRandom random, int step, Func<int, byte[]> boundary)
    {
        if (random.Chance(0.15) && step < 200)
        {
            regions.Split(boundary(random.Next(1, Keys)), (ulong)(1000 + (step * 10)));
        }

        if (random.Chance(0.15))
        {
            regions.MoveLeader();
        }

        // A client can only find what PD knows, so PD lags by a few steps at most.
        if (step % 4 == 0)
        {
            await regions.ReportAsync();
        }
    }
}
