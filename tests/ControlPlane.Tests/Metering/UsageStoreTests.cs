using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Metering;
using Cloud.Modules.Metering.Data;
using Cloud.Modules.Metering.Public;
using Cloud.Modules.Platform.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;
using static Cloud.ControlPlane.Tests.Metering.MeteringFixture;

namespace Cloud.ControlPlane.Tests.Metering;

public sealed class UsageStoreTests(MeteringFixture fixture) : IClassFixture<MeteringFixture>
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Duplicates_in_any_order_and_at_once_count_once()
    {
        var random = new SeededRandom(7);
        var tenant = await AllocatedAsync();
        var windows = Enumerable.Range(0, 60).Select(i => Window(
            tenant, Noon.AddMinutes(-90).AddSeconds(i * 30), 30, new UsageCounters { ReadRequests = i, WrittenBytes = random.Next(1000) })).ToList();
        var deliveries = Enumerable.Range(0, 12)
            .Select(_ => windows.Where(_ => random.Chance(0.5)).OrderBy(_ => random.NextUInt64()).ToList())
            .Append(windows).Append([.. windows, .. windows])
            .ToList();

        var settled = await Task.WhenAll(deliveries.Select(delivery => fixture.Store.StoreAsync(tenant.Host, delivery, default)));

        settled[^1].ShouldBe(windows.Select(window => window.Id), ignoreOrder: true);
        var readings = await ReadAsync(tenant, Noon.AddHours(-2), Noon.AddHours(1));
        readings.Consumption.Sum(reading => reading.Counters.ReadRequests).ShouldBe(windows.Sum(window => window.Counters.ReadRequests));
        readings.Consumption.Sum(reading => reading.Counters.WrittenBytes).ShouldBe(windows.Sum(window => window.Counters.WrittenBytes));
        (await fixture.SqlAsync($"select count(*) from cloud.usage_windows where cluster_id = '{tenant.Cluster.Value}'")).ShouldBe([60L]);
    }

    [Fact]
    public async Task Hourly_sums_are_what_a_replay_of_the_raw_windows_gives()
    {
        var random = new SeededRandom(8);
        var tenant = await AllocatedAsync();
        for (var i = 0; i < 40; i++)
        {
            var start = Noon.AddMinutes(-random.Next(600));
            await fixture.Store.StoreAsync(
                tenant.Host, [Window(tenant, start, random.Next(1, 90), new UsageCounters { SqlCpuMs = random.Next(500) }, $"life {i}")], default);
        }

        var differences = await fixture.SqlAsync(
            $"""
            select 1 from (
                select cluster_id, date_trunc('hour', window_start, 'UTC') as hour, sum(sql_cpu_ms) as ms, count(*) as n, max(window_end) as until
                from cloud.usage_windows where billed and cluster_id = '{tenant.Cluster.Value}' group by 1, 2) replay
            full join (select * from cloud.usage_hours where cluster_id = '{tenant.Cluster.Value}') hours using (cluster_id, hour)
            where ms is distinct from sql_cpu_ms or n is distinct from windows or until is distinct from last_window_end
            """);
        differences.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_cannot_be_true_is_settled_without_being_stored()
    {
        var tenant = await AllocatedAsync();
        var good = Window(tenant, Noon.AddMinutes(-1), 30, new UsageCounters());
        UsageWindow[] bad =
        [
            good with { Id = new string('0', 32) },
            Window(tenant, Noon.AddMinutes(-2), 0, new UsageCounters()),
            Window(tenant, Noon.AddMinutes(10), 30, new UsageCounters()),
            Window(tenant, Noon.AddMinutes(-3), 30, new UsageCounters { ReadBytes = -1 }),
        ];

        (await fixture.Store.StoreAsync(tenant.Host, [good, .. bad], default)).Count.ShouldBe(5);

        (await fixture.SqlAsync($"select id from cloud.usage_windows where cluster_id = '{tenant.Cluster.Value}'")).ShouldBe([good.Id]);
    }

    [Fact]
    public async Task Usage_waits_for_its_allocation_but_not_for_ever()
    {
        var tenant = Tenant.New();
        var fresh = Window(tenant, Noon.AddMinutes(-1), 30, new UsageCounters { ReadRequests = 1 });
        var old = Window(tenant, Noon.AddHours(-3), 30, new UsageCounters { ReadRequests = 1 });

        (await fixture.Store.StoreAsync(tenant.Host, [fresh, old], default)).ShouldBe([old.Id]);
        await fixture.WorkAsync(db => fixture.Meter.OpenAsync(db, Held(tenant), Noon, default));
        (await fixture.Store.StoreAsync(tenant.Host, [fresh], default)).ShouldBe([fresh.Id]);
        (await fixture.SqlAsync($"select id from cloud.usage_windows where cluster_id = '{tenant.Cluster.Value}'")).ShouldBe([fresh.Id]);
    }

    [Fact]
    public async Task Usage_that_comes_after_its_month_closed_is_kept_and_not_billed()
    {
        var tenant = await AllocatedAsync();
        var october = new DateTimeOffset(2026, 10, 31, 23, 0, 0, TimeSpan.Zero);
        await fixture.Store.StoreAsync(tenant.Host, [Window(tenant, october, 30, new UsageCounters { ReadRequests = 9 })], default);

        (await fixture.SqlAsync($"select billed from cloud.usage_windows where cluster_id = '{tenant.Cluster.Value}'")).ShouldBe([false]);
        (await ReadAsync(tenant, october, october.AddHours(1))).Consumption.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_missing_window_is_a_gap()
    {
        var tenant = await AllocatedAsync();
        foreach (var offset in new[] { -300, -270, -210 })
        {
            await fixture.Store.StoreAsync(tenant.Host, [Window(tenant, Noon.AddSeconds(offset), 30, new UsageCounters())], default);
        }

        (await fixture.SqlAsync($"select gap_end - gap_start from cloud.usage_gaps where cluster_id = '{tenant.Cluster.Value}'"))
            .ShouldBe([TimeSpan.FromSeconds(30)]);
        var watch = ActivatorUtilities.CreateInstance<GapWatch>(fixture.Services);
        (await watch.LookAsync(Noon.AddMinutes(-1), Noon, default)).ShouldBeGreaterThanOrEqualTo(1);
        (await watch.LookAsync(Noon, Noon.AddDays(1), default)).ShouldBe(0);
    }

    [Fact]
    public async Task Lag_is_the_age_of_the_newest_window_of_the_slowest_cluster()
    {
        var tenant = Tenant.New();
        (await LagAsync(tenant)).ShouldBe(TimeSpan.Zero);
        await fixture.WorkAsync(db => fixture.Meter.OpenAsync(db, Held(tenant), Noon.AddMinutes(-10), default));
        (await LagAsync(tenant)).ShouldBe(TimeSpan.FromMinutes(10));
        await fixture.Store.StoreAsync(tenant.Host, [Window(tenant, Noon.AddMinutes(-2), 60, new UsageCounters())], default);
        (await LagAsync(tenant)).ShouldBe(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Another_organization_sees_nothing_of_it()
    {
        var tenant = await AllocatedAsync();
        await fixture.Store.StoreAsync(tenant.Host, [Window(tenant, Noon.AddMinutes(-1), 30, new UsageCounters())], default);
        foreach (var (organization, expected) in new[] { (tenant.Organization, true), (Tenant.New().Organization, false) })
        {
            var seen = await fixture.AskAsync(organization, async services =>
            {
                var database = services.GetRequiredService<CloudDbContext>();
                return (await database.Set<AllocationSpan>().IgnoreQueryFilters().AnyAsync(span => span.ClusterId == tenant.Cluster))
                    || (await database.Database.SqlQuery<long>($"select count(*) as \"Value\" from cloud.usage_windows where cluster_id = {tenant.Cluster.Value}").SingleAsync()) > 0;
            });
            seen.ShouldBe(expected);
        }
    }

    private async Task<Tenant> AllocatedAsync()
    {
        var tenant = Tenant.New();
        await fixture.WorkAsync(db => fixture.Meter.OpenAsync(db, Held(tenant), Noon.AddDays(-1), default));
        return tenant;
    }

    private Task<TimeSpan> LagAsync(Tenant tenant) => fixture.AskAsync(
        tenant.Organization, services => services.GetRequiredService<IMeterReadings>().LagAsync(tenant.Organization, Noon, default));

    private Task<MeterReadings> ReadAsync(Tenant tenant, DateTimeOffset from, DateTimeOffset to) => fixture.AskAsync(
        tenant.Organization,
        services => services.GetRequiredService<IMeterReadings>().ReadAsync(tenant.Organization, from, to, [], default));
}
