using Cloud.Kernel;
using Cloud.Modules.Billing.Public;
using Cloud.Modules.Clusters.Domain;
using Cloud.Modules.Metering.Public;

namespace Cloud.Modules.Clusters.Features;

/// <summary>What a spec costs by the price list in force: its allocations, without consumption. Scoped.</summary>
internal sealed class ClusterPricing(IPriceBook prices, TimeProvider time)
{
    /// <summary>Hours of the month that prices are quoted for: a year's hours by twelve.</summary>
    private const int HoursPerMonth = 730;

    public async Task<MonthlyPriceReply> MonthlyAsync(ClusterSpec spec, CancellationToken cancellationToken)
    {
        var list = await prices.InForceAsync(time.GetUtcNow(), cancellationToken);
        var hourly = 0m;
        foreach (var (role, roleSpec) in ClusterQuota.Roles(spec))
        {
            var perHour = list.OfInstance(role, roleSpec.Size);
            Invariant.Require(perHour is not null, $"price list {list.Version} sells {role} {roleSpec.Size}");
            hourly += roleSpec.Count * perHour.Value.Amount;
            if (roleSpec.VolumeGiB > 0 && list.Of(Skus.Flat(Meters.StorageGibHours)) is { } perGibHour)
            {
                hourly += roleSpec.Count * roleSpec.VolumeGiB * perGibHour.Amount;
            }
        }

        return new MonthlyPriceReply(Money.Format(hourly * HoursPerMonth), list.Currency);
    }
}
