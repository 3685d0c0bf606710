using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Billing.Public;
using Cloud.Modules.Metering.Public;

namespace Cloud.Modules.Billing.Domain;

/// <summary>
/// Turns what was metered into charges. Pure: the same readings and price lists give the same charges, in whatever order and in whatever
/// pieces the readings come.
/// </summary>
/// <remarks>
/// Exactness. Time is summed in whole microseconds and counters in whole numbers, per cluster, SKU, day and price list; only then is
/// the quantity rounded to 12 places and the cost to 10, both half to even. Everything above (usage, invoice, export) adds these costs.
/// A span or a day that crosses a price list's start is cut there, so what came before is charged at the old price.
/// </remarks>
internal static class Rating
{
    public const int QuantityPlaces = 12;

    /// <summary>The decimal places of FOCUS rows.</summary>
    public const int CostPlaces = 10;

    private const decimal MicrosecondsPerHour = 3_600_000_000m;
    private const decimal BytesPerGib = 1024m * 1024 * 1024;

    /// <summary>The charges of [from, to), ordered by day, cluster, SKU and price list.</summary>
    /// <param name="readings">Clipped to the period; open spans end at <paramref name="to"/>.</param>
    /// <param name="prices">All lists, oldest first; the first one also covers what came before it.</param>
    public static IReadOnlyList<Charge> Rate(
        MeterReadings readings, IReadOnlyList<PriceList> prices, DateTimeOffset from, DateTimeOffset to)
    {
        Invariant.Require(prices.Count > 0, "there is a price list");
        var held = new Dictionary<Key, decimal>();
        foreach (var allocation in readings.Allocations)
        {
            AddAllocation(held, allocation, prices, from, to);
        }

        var done = new Dictionary<Key, decimal>();
        foreach (var sum in Sum(readings.Consumption, prices))
        {
            AddConsumption(done, sum.Key, sum.Value);
        }

        return
        [
            .. held.Select(pair => (pair.Key, Quantity: pair.Value / MicrosecondsPerHour))
                .Concat(done.Select(pair => (pair.Key, Quantity: pair.Value)))
                .Select(pair => ToCharge(pair.Key, pair.Quantity, prices))
                .Where(charge => charge.Quantity != 0)
                .OrderBy(charge => charge.Start)
                .ThenBy(charge => charge.ClusterId.Value)
                .ThenBy(charge => charge.Sku, StringComparer.Ordinal),
        ];
    }

    /// <summary>The list in force at an instant.</summary>
    public static PriceList InForce(IReadOnlyList<PriceList> prices, DateTimeOffset at) =>
        prices.LastOrDefault(list => list.EffectiveFrom <= at) ?? prices[0];

    private static void AddAllocation(
        Dictionary<Key, decimal> held,
        AllocationReading allocation,
        IReadOnlyList<PriceList> prices,
        DateTimeOffset from,
        DateTimeOffset to)
    {
        var start = allocation.Start < from ? from : allocation.Start;
        var end = allocation.End is { } closed && closed < to ? closed : to;
        while (start < end)
        {
            var list = InForce(prices, start);
            var pieceEnd = EndOf(list, prices, start);
            pieceEnd = pieceEnd < end ? pieceEnd : end;
            var microseconds = (pieceEnd - start).Ticks / TimeSpan.TicksPerMicrosecond;
            var key = new Key(DayOf(start), allocation.ClusterId, allocation.Sku, list.Version);
            held[key] = held.GetValueOrDefault(key) + (microseconds * allocation.Quantity);
            start = pieceEnd;
        }
    }

    private static Dictionary<(DateTimeOffset Day, ClusterId Cluster, int Version), UsageCounters> Sum(
        IReadOnlyList<ConsumptionReading> readings, IReadOnlyList<PriceList> prices)
    {
        var sums = new Dictionary<(DateTimeOffset, ClusterId, int), UsageCounters>();
        foreach (var reading in readings)
        {
            var key = (DayOf(reading.From), reading.ClusterId, InForce(prices, reading.From).Version);
            sums[key] = Plus(sums.GetValueOrDefault(key) ?? new UsageCounters(), reading.Counters);
        }

        return sums;
    }

    private static void AddConsumption(
        Dictionary<Key, decimal> done, (DateTimeOffset Day, ClusterId Cluster, int Version) at, UsageCounters counters)
    {
        done[new Key(at.Day, at.Cluster, Skus.Flat(Meters.RequestUnits), at.Version)] = RequestUnits.Of(counters);
        done[new Key(at.Day, at.Cluster, Skus.Flat(Meters.EgressGib), at.Version)] = counters.EgressBytes / BytesPerGib;
    }

    private static Charge ToCharge(Key key, decimal exactQuantity, IReadOnlyList<PriceList> prices)
    {
        var list = prices.First(candidate => candidate.Version == key.Version);
        var start = key.Day > list.EffectiveFrom || ReferenceEquals(list, prices[0]) ? key.Day : list.EffectiveFrom;
        var quantity = decimal.Round(exactQuantity, QuantityPlaces, MidpointRounding.ToEven);

        // What a list does not sell costs nothing: a mistake in a list must not become a charge nobody agreed to.
        var price = list.Prices.GetValueOrDefault(key.Sku) ?? new Price(key.Sku, Units.Of(key.Sku), 0);
        return new Charge
        {
            ClusterId = key.Cluster,
            Sku = key.Sku,
            PriceVersion = key.Version,
            Start = start,
            End = EndOf(list, prices, start),
            Quantity = quantity,
            Unit = price.Unit,
            UnitPrice = price.PerUnit,
            Cost = decimal.Round(quantity * price.PerUnit, CostPlaces, MidpointRounding.ToEven),
        };
    }

    /// <summary>End of the day of <paramref name="start"/>, or the start of the next list if that comes first.</summary>
    private static DateTimeOffset EndOf(PriceList list, IReadOnlyList<PriceList> prices, DateTimeOffset start)
    {
        var dayEnd = DayOf(start).AddDays(1);
        var next = prices.FirstOrDefault(candidate => candidate.EffectiveFrom > list.EffectiveFrom && candidate.EffectiveFrom > start);
        return next is not null && next.EffectiveFrom < dayEnd ? next.EffectiveFrom : dayEnd;
    }

    private static DateTimeOffset DayOf(DateTimeOffset time) => new(time.UtcDateTime.Date, TimeSpan.Zero);

    private static UsageCounters Plus(UsageCounters left, UsageCounters right) => new()
    {
        ReadBatches = left.ReadBatches + right.ReadBatches,
        ReadRequests = left.ReadRequests + right.ReadRequests,
        ReadBytes = left.ReadBytes + right.ReadBytes,
        WriteBatches = left.WriteBatches + right.WriteBatches,
        WriteRequests = left.WriteRequests + right.WriteRequests,
        WrittenBytes = left.WrittenBytes + right.WrittenBytes,
        SqlCpuMs = left.SqlCpuMs + right.SqlCpuMs,
        EgressBytes = left.EgressBytes + right.EgressBytes,
    };

    private readonly record struct Key(DateTimeOffset Day, ClusterId Cluster, string Sku, int Version);
}

/// <summary>What a SKU's quantity counts, in words as FOCUS recommends them for units.</summary>
internal static class Units
{
    public const string Hours = "Hours";
    public const string GibHours = "GiB-Hours";
    public const string Gib = "GiB";
    public const string Requests = "Request Units";

    public static string Of(string sku) => Skus.MeterOf(sku) switch
    {
        Meters.InstanceHours => Hours,
        Meters.StorageGibHours or Meters.BackupGibHours => GibHours,
        Meters.EgressGib => Gib,
        _ => Requests,
    };
}
