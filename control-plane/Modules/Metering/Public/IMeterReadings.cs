using Cloud.Contracts;
using Cloud.Kernel;

namespace Cloud.Modules.Metering.Public;

/// <summary>What was metered for an organization, for rating. Reads within the open transaction of the scope.</summary>
internal interface IMeterReadings
{
    /// <summary>Everything of [from, to), clipped to it.</summary>
    /// <param name="from">On a full hour, UTC.</param>
    /// <param name="to">On a full hour, UTC.</param>
    /// <param name="cuts">Instants on full hours at which prices change; consumption before and after one is kept apart.</param>
    Task<MeterReadings> ReadAsync(
        OrganizationId organization,
        DateTimeOffset from,
        DateTimeOffset to,
        IReadOnlyList<DateTimeOffset> cuts,
        CancellationToken cancellationToken);

    /// <summary>When the organization's first span began; null when it never had one.</summary>
    Task<DateTimeOffset?> FirstAsync(OrganizationId organization, CancellationToken cancellationToken);

    /// <summary>
    /// How far behind the counted consumption is: the longest time since the last window, over the clusters that hold instances now;
    /// zero when none does.
    /// </summary>
    Task<TimeSpan> LagAsync(OrganizationId organization, DateTimeOffset now, CancellationToken cancellationToken);
}

/// <param name="Allocations">In no order.</param>
/// <param name="Consumption">In no order.</param>
internal sealed record MeterReadings(
    IReadOnlyList<AllocationReading> Allocations, IReadOnlyList<ConsumptionReading> Consumption);

/// <summary>One span, clipped.</summary>
/// <param name="End">Exclusive; null while it is open.</param>
internal sealed record AllocationReading(
    ClusterId ClusterId, string Sku, decimal Quantity, DateTimeOffset Start, DateTimeOffset? End);

/// <summary>Sums over hours of one day between two cuts.</summary>
/// <param name="From">The first hour of the sum: its day and its price are those of all of it.</param>
internal sealed record ConsumptionReading(ClusterId ClusterId, DateTimeOffset From, UsageCounters Counters);
