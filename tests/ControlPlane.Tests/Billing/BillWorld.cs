using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Billing.Public;
using Cloud.Modules.Metering.Public;

namespace Cloud.ControlPlane.Tests.Billing;

/// <summary>A random month of an organization: spans, usage by the hour, and price lists that change within it.</summary>
internal sealed class BillWorld
{
    public static readonly BillingMonth Month = new(2026, 11);
    private static readonly string[] Skus = ["instance.hours/sql/small", "instance.hours/storage/large", "storage.gib-hours"];

    public BillWorld(ulong seed)
    {
        var random = new SeededRandom(seed);
        Clusters = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => TypedId.New<ClusterId>(TimeProvider.System))];
        Prices = [.. Enumerable.Range(1, random.Next(1, 4)).Select(version => List(version, random))];
        Allocations = [.. Enumerable.Range(0, random.Next(1, 30)).Select(_ => Allocation(random))];
        Consumption = [.. Enumerable.Range(0, random.Next(60)).Select(_ => new ConsumptionReading(
            Clusters[random.Next(Clusters.Count)],
            Month.Start.AddHours(random.Next(30 * 24)),
            new UsageCounters
            {
                ReadBatches = random.Next(1000), ReadRequests = random.Next(1000), ReadBytes = random.Next(1 << 30), WriteBatches = random.Next(1000),
                WriteRequests = random.Next(1000), WrittenBytes = random.Next(1 << 30), SqlCpuMs = random.Next(100_000), EgressBytes = random.Next(1 << 30),
            }))];
    }

    public List<ClusterId> Clusters { get; }

    public IReadOnlyList<PriceList> Prices { get; }

    public IReadOnlyList<AllocationReading> Allocations { get; }

    public IReadOnlyList<ConsumptionReading> Consumption { get; }

    public MeterReadings Readings => new(Allocations, Consumption);

    private static PriceList List(int version, SeededRandom random)
    {
        var effective = version == 1 ? Month.Start.AddMonths(-6) : Month.Start.AddHours((version * 200) + random.Next(199));
        string[] skus = [.. Skus, "request-units", "egress.gib"];
        return new PriceList(
            version,
            "USD",
            effective,
            skus.ToDictionary(sku => sku, sku => new Price(sku, "Hours", random.Next(1_000_000_000) / 1_000_000_000_000m)));
    }

    private AllocationReading Allocation(SeededRandom random)
    {
        var start = Month.Start.AddSeconds(random.Next(29 * 86_400)).AddTicks(random.Next(1_000_000) * TimeSpan.TicksPerMicrosecond);
        return new AllocationReading(
            Clusters[random.Next(Clusters.Count)],
            Skus[random.Next(Skus.Length)],
            random.Next(1, 500),
            start,
            random.Chance(0.2) ? null : start.AddSeconds(random.Next(1, 10 * 86_400)));
    }
}
