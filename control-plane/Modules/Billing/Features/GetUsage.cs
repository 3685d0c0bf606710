using Cloud.Kernel;
using Cloud.Modules.Billing.Domain;
using Cloud.Modules.Billing.Public;
using Cloud.Modules.Metering.Public;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;
using Microsoft.AspNetCore.Mvc;

namespace Cloud.Modules.Billing.Features;

/// <summary>Quantity and cost of one meter.</summary>
/// <param name="Quantity">Exact decimal text.</param>
internal sealed record MeterUsageReply(string Meter, string Quantity, string Unit, Money Cost);

/// <summary>One group of usage.</summary>
/// <param name="Key">The cluster's or project's id, the meter, or the day as <c>yyyy-MM-dd</c>.</param>
/// <param name="Name">The cluster's or project's name; null for other groups, and for those that are not known any more.</param>
/// <param name="Meter">Null where the group spans several meters, as for <c>Quantity</c> and <c>Unit</c>.</param>
/// <param name="Meters">By meter's name.</param>
internal sealed record UsageGroupReply(
    string Key, string? Name, string? Meter, string? Quantity, string? Unit, Money Cost, IReadOnlyList<MeterUsageReply> Meters);

/// <param name="From">As asked for, widened to full hours.</param>
/// <param name="AsOf">Up to when what is held now is counted.</param>
/// <param name="LagSeconds">How far behind the newest consumption is.</param>
internal sealed record UsageReply(
    DateTimeOffset From,
    DateTimeOffset To,
    DateTimeOffset AsOf,
    string GroupBy,
    long LagSeconds,
    Money Total,
    IReadOnlyList<UsageGroupReply> Items);

/// <summary><c>GET /v1/organizations/{organization}/usage</c>: quantities and cost so far.</summary>
internal static class GetUsage
{
    private static readonly TimeSpan RangeMax = TimeSpan.FromDays(366);

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/organizations/{organization}/usage", HandleAsync)
        .Query(Permissions.UsageRead);

    private static async Task<Reply<UsageReply>> HandleAsync(
        OrganizationId organization,
        [FromQuery] DateTimeOffset? from,
        [FromQuery] DateTimeOffset? to,
        [FromQuery] string? groupBy,
        BillReader bills,
        IMeterReadings meter,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var start = FloorHour(from ?? BillingMonth.Of(now).Start);
        var end = CeilingHour(to ?? now);
        if (end <= start || end - start > RangeMax)
        {
            return new Failure(
                PlatformErrors.MalformedRequest, $"'from' must be before 'to' and at most {RangeMax.TotalDays:0} days away.", "from");
        }

        var group = groupBy ?? "meter";
        if (KeyOf(group) is not { } keyOf)
        {
            return new Failure(
                PlatformErrors.MalformedRequest, $"groupBy is '{groupBy}', but must be cluster, meter, project or day.", "groupBy");
        }

        var bill = await bills.ReadAsync(organization, start, end, cancellationToken);
        var lag = await meter.LagAsync(organization, now, cancellationToken);
        return Reply.Ok(new UsageReply(
            start,
            end,
            bill.AsOf,
            group,
            (long)Math.Ceiling(lag.TotalSeconds),
            new Money(bill.Charges.Sum(charge => charge.Cost), bill.Currency),
            [
                .. bill.Charges.GroupBy(charge => keyOf(charge, bill), StringComparer.Ordinal)
                    .OrderBy(charges => charges.Key, StringComparer.Ordinal)
                    .Select(charges => ToGroup(charges.Key, group, [.. charges], bill)),
            ]));
    }

    private static Func<Charge, Bill, string>? KeyOf(string groupBy) => groupBy switch
    {
        "meter" => (charge, _) => Skus.MeterOf(charge.Sku),
        "cluster" => (charge, _) => charge.ClusterId.ToString(),
        "project" => (charge, bill) => bill.ProjectOf(charge.ClusterId)?.ToString() ?? "unknown",
        "day" => (charge, _) => charge.Day.ToString("yyyy-MM-dd"),
        _ => null,
    };

    private static UsageGroupReply ToGroup(string key, string groupBy, IReadOnlyList<Charge> charges, Bill bill)
    {
        var meters = charges
            .GroupBy(charge => Skus.MeterOf(charge.Sku), StringComparer.Ordinal)
            .OrderBy(meter => meter.Key, StringComparer.Ordinal)
            .Select(meter => new MeterUsageReply(
                meter.Key,
                Money.Format(meter.Sum(charge => charge.Quantity)),
                Units.Of(meter.Key),
                new Money(meter.Sum(charge => charge.Cost), bill.Currency)))
            .ToList();
        var only = meters.Count == 1 ? meters[0] : null;
        return new UsageGroupReply(
            key,
            groupBy switch
            {
                "cluster" => bill.NameOf(charges[0].ClusterId),
                "project" => bill.ProjectNameOf(charges[0].ClusterId),
                _ => null,
            },
            only?.Meter,
            only?.Quantity,
            only?.Unit,
            new Money(charges.Sum(charge => charge.Cost), bill.Currency),
            meters);
    }

    private static DateTimeOffset FloorHour(DateTimeOffset time) =>
        new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerHour), TimeSpan.Zero);

    private static DateTimeOffset CeilingHour(DateTimeOffset time) => FloorHour(time.AddTicks(TimeSpan.TicksPerHour - 1));
}
