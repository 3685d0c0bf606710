using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Billing.Domain;
using Cloud.Modules.Billing.Public;
using Cloud.Modules.Metering.Public;
using Shouldly;
using Xunit;

namespace Cloud.ControlPlane.Tests.Billing;

/// <summary>Rating and invoices as functions: properties over random months, and cases with figures worked out by hand.</summary>
public sealed class RatingTests
{
    private const int Seeds = 300;
    private static readonly BillingMonth Month = BillWorld.Month;
    private static readonly ClusterId Cluster = TypedId.New<ClusterId>(TimeProvider.System);

    [Fact]
    public void Lines_and_rows_add_up_to_the_total_to_the_last_digit()
    {
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            var world = new BillWorld(seed);
            var charges = Rating.Rate(world.Readings, world.Prices, Month.Start, Month.End);
            var invoice = Invoice.Of(Month, "USD", charges);

            (invoice.Lines.Sum(line => line.Amount) - invoice.Credits + invoice.Tax + invoice.Rounding).ShouldBe(invoice.Total, $"seed {seed}");
            (charges.Sum(charge => charge.Cost) + invoice.Residual).ShouldBe(invoice.Total, $"seed {seed}");
            charges.ShouldAllBe(charge => decimal.Round(charge.Cost, 10) == charge.Cost && decimal.Round(charge.Quantity, 12) == charge.Quantity);
            (decimal.Round(invoice.Total, 2) == invoice.Total).ShouldBeTrue();
            Math.Abs(invoice.Residual).ShouldBeLessThanOrEqualTo(0.005m);
            invoice.Lines.Sum(line => line.Quantity).ShouldBe(charges.Sum(charge => charge.Quantity));
        }
    }

    [Fact]
    public void Order_and_pieces_of_the_readings_do_not_change_the_bill()
    {
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            var random = new SeededRandom(seed);
            var world = new BillWorld(seed);
            var pieces = new MeterReadings(
                [.. world.Allocations.SelectMany(span => Cut(span, random)).OrderBy(_ => random.NextUInt64())],
                [.. world.Consumption.SelectMany(reading => Cut(reading, random)).OrderBy(_ => random.NextUInt64())]);

            Rating.Rate(pieces, world.Prices, Month.Start, Month.End)
                .ShouldBe(Rating.Rate(world.Readings, world.Prices, Month.Start, Month.End), $"seed {seed}");
        }
    }

    [Fact]
    public void Every_instant_and_every_count_is_charged_exactly_once_at_the_price_then_in_force()
    {
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            var world = new BillWorld(seed);
            var charges = Rating.Rate(world.Readings, world.Prices, Month.Start, Month.End);
            charges.ShouldAllBe(charge => world.Prices[charge.PriceVersion - 1].Prices[charge.Sku].PerUnit == charge.UnitPrice);
            charges.ShouldAllBe(charge => Rating.InForce(world.Prices, charge.Start).Version == charge.PriceVersion
                && Rating.InForce(world.Prices, charge.End.AddTicks(-1)).Version == charge.PriceVersion
                && charge.Start < charge.End && charge.End - charge.Start <= TimeSpan.FromDays(1));
            charges.GroupBy(charge => (charge.ClusterId, charge.Sku, charge.Start)).ShouldAllBe(group => group.Count() == 1);

            var exactHours = world.Allocations.Sum(span => ((decimal)(Min(span.End) - span.Start).Ticks / TimeSpan.TicksPerHour) * span.Quantity);
            var charged = charges.Where(charge => charge.Sku.Contains("hours", StringComparison.Ordinal)).Sum(charge => charge.Quantity);
            Math.Abs(charged - exactHours).ShouldBeLessThan(0.000001m, $"seed {seed}");
            var bytes = world.Consumption.Sum(reading => reading.Counters.EgressBytes);
            Math.Abs(charges.Where(charge => charge.Sku == Meters.EgressGib).Sum(charge => charge.Quantity) - (bytes / 1073741824m)).ShouldBeLessThan(0.000001m);
        }

        static DateTimeOffset Min(DateTimeOffset? end) => end is { } time && time < Month.End ? time : Month.End;
    }

    [Fact]
    public void Two_months_of_a_span_are_charged_as_much_as_the_span()
    {
        var prices = Prices((1, Month.Start.AddYears(-1), 0.5m));
        var span = new MeterReadings([new AllocationReading(Cluster, "x", 3, Month.End.AddDays(-2), Month.End.AddDays(1))], []);
        var november = Rating.Rate(span, prices, Month.Start, Month.End);
        var december = Rating.Rate(span, prices, Month.End, Month.End.AddMonths(1));
        november.Sum(charge => charge.Cost).ShouldBe(2 * 24 * 3 * 0.5m);
        december.Sum(charge => charge.Cost).ShouldBe(24 * 3 * 0.5m);
        december[0].Start.ShouldBe(Month.End);
    }

    [Fact]
    public void A_price_change_in_mid_day_closes_the_span_at_the_old_price()
    {
        var change = Month.Start.AddDays(3).AddHours(6);
        var prices = Prices((1, Month.Start.AddYears(-1), 1m), (2, change, 2m));
        var readings = new MeterReadings([new AllocationReading(Cluster, "x", 1, change.AddHours(-10), change.AddHours(5))], []);

        var charges = Rating.Rate(readings, prices, Month.Start, Month.End);

        charges.Select(charge => (charge.Start, charge.End, charge.PriceVersion, charge.Quantity, charge.Cost)).ShouldBe(
        [
            (Month.Start.AddDays(2), Month.Start.AddDays(3), 1, 4m, 4m),
            (Month.Start.AddDays(3), change, 1, 6m, 6m),
            (change, Month.Start.AddDays(4), 2, 5m, 10m),
        ]);
    }

    [Fact]
    public void Request_units_are_the_sum_of_their_parts() => RequestUnits.Of(new UsageCounters
    {
        ReadBatches = 3, ReadRequests = 4, ReadBytes = 32 * 1024, WriteBatches = 5, WriteRequests = 6, WrittenBytes = 2048, SqlCpuMs = 1,
        EgressBytes = 1 << 20, StoredBytes = 1 << 20,
    }).ShouldBe(1.5m + 0.5m + 0.5m + 5 + 6 + 2 + 0.333333333333m);

    [Fact]
    public void What_a_list_does_not_sell_costs_nothing_and_shows()
    {
        var readings = new MeterReadings([new AllocationReading(Cluster, "instance.hours/sql/huge", 1, Month.Start, Month.Start.AddHours(1))], []);
        var charge = Rating.Rate(readings, Prices((1, Month.Start, 1m)), Month.Start, Month.End).Single();
        (charge.Quantity, charge.UnitPrice, charge.Cost, charge.Unit).ShouldBe((1m, 0m, 0m, "Hours"));
    }

    [Theory]
    [InlineData("2026-12-03T23:59:59Z", false)]
    [InlineData("2026-12-04T00:00:00Z", true)]
    public void A_month_takes_late_usage_for_three_days(string now, bool closed) => Month.IsClosed(DateTimeOffset.Parse(now)).ShouldBe(closed);

    private static IReadOnlyList<PriceList> Prices(params (int Version, DateTimeOffset From, decimal PerUnit)[] lists) =>
        [.. lists.Select(list => new PriceList(
            list.Version, "USD", list.From, new Dictionary<string, Price> { ["x"] = new("x", "Hours", list.PerUnit) }))];

    private static IEnumerable<AllocationReading> Cut(AllocationReading span, SeededRandom random)
    {
        var end = span.End ?? Month.End;
        var middle = span.Start.AddTicks((long)((end - span.Start).Ticks * random.NextDouble()) / TimeSpan.TicksPerMicrosecond * TimeSpan.TicksPerMicrosecond);
        return middle > span.Start && middle < end
            ? [span with { End = middle }, span with { Start = middle }]
            : [span];
    }

    private static IEnumerable<ConsumptionReading> Cut(ConsumptionReading reading, SeededRandom random)
    {
        var share = random.Next((int)reading.Counters.SqlCpuMs + 1);
        yield return reading with { Counters = new UsageCounters { SqlCpuMs = share } };
        yield return reading with { Counters = UsageCounters.Between(new UsageCounters { SqlCpuMs = share }, reading.Counters) };
    }
}
