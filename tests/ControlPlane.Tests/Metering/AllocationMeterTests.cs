using Cloud.Modules.Metering.Data;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Shouldly;
using Xunit;
using static Cloud.ControlPlane.Tests.Metering.MeteringFixture;

namespace Cloud.ControlPlane.Tests.Metering;

public sealed class AllocationMeterTests(MeteringFixture fixture) : IClassFixture<MeteringFixture>
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Opening_again_changes_nothing_and_other_content_ends_the_span_where_the_next_begins()
    {
        var tenant = Tenant.New();
        await OpenAsync(tenant, "small", Noon);
        await OpenAsync(tenant, "small", Noon.AddMinutes(5));
        await OpenAsync(tenant, "large", Noon.AddMinutes(10));
        await fixture.WorkAsync(db => fixture.Meter.CloseAsync(db, Held(tenant).Key, Noon.AddMinutes(30), default));
        await fixture.WorkAsync(db => fixture.Meter.CloseAsync(db, Held(tenant).Key, Noon.AddMinutes(40), default));

        (await SpansAsync(tenant)).ShouldBe(
        [
            ("small", Noon, Noon.AddMinutes(10)),
            ("large", Noon.AddMinutes(10), Noon.AddMinutes(30)),
        ]);
    }

    [Fact]
    public async Task Open_change_and_close_within_one_unit_of_work_leave_what_is_true_at_its_end()
    {
        var tenant = Tenant.New();
        await fixture.WorkAsync(async db =>
        {
            await fixture.Meter.OpenAsync(db, Held(tenant, "a"), Noon, default);
            await fixture.Meter.OpenAsync(db, Held(tenant, "a"), Noon.AddSeconds(1), default);
            await fixture.Meter.OpenAsync(db, Held(tenant, "b"), Noon.AddSeconds(2), default);
            await fixture.Meter.OpenAsync(db, Held(tenant, "c"), Noon.AddSeconds(2), default);
            await fixture.Meter.CloseAllAsync(db, tenant.Cluster, Noon.AddSeconds(3), default);
        });

        (await SpansAsync(tenant)).ShouldBe([("a", Noon, Noon.AddSeconds(2)), ("c", Noon.AddSeconds(2), Noon.AddSeconds(3))]);
    }

    [Fact]
    public async Task Nothing_is_stored_when_the_caller_does_not_save()
    {
        var tenant = Tenant.New();
        await using (var scope = Modules.Platform.Data.WorkerScope.CreateWorkerScope(fixture.Services))
        {
            var database = (Modules.Platform.Data.CloudDbContext)scope.ServiceProvider.GetService(typeof(Modules.Platform.Data.CloudDbContext))!;
            await fixture.Meter.OpenAsync(database, Held(tenant), Noon, default);
        }

        (await SpansAsync(tenant)).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_database_refuses_spans_that_overlap()
    {
        var tenant = Tenant.New();
        await OpenAsync(tenant, "small", Noon);
        var thrown = await Should.ThrowAsync<DbUpdateException>(
            () => fixture.WorkAsync(db => Task.FromResult(db.Add(AllocationSpan.Open(Held(tenant), Noon.AddHours(1))))));
        thrown.GetBaseException().ShouldBeOfType<PostgresException>().SqlState.ShouldBe(PostgresErrorCodes.ExclusionViolation);
    }

    [Fact]
    public async Task Two_slots_of_a_resource_and_two_meters_may_be_held_at_once()
    {
        var tenant = Tenant.New();
        await fixture.WorkAsync(async db =>
        {
            await fixture.Meter.OpenAsync(db, Held(tenant), Noon, default);
            await fixture.Meter.OpenAsync(db, Held(tenant) with { Key = Held(tenant).Key with { Slot = "standby" } }, Noon, default);
            await fixture.Meter.OpenAsync(db, Held(tenant, "storage.gib-hours", 10, "storage.gib-hours"), Noon, default);
        });
        (await SpansAsync(tenant)).Count.ShouldBe(3);
    }

    private Task OpenAsync(Tenant tenant, string sku, DateTimeOffset at) =>
        fixture.WorkAsync(db => fixture.Meter.OpenAsync(db, Held(tenant, sku), at, default));

    private async Task<List<(string Sku, DateTimeOffset From, DateTimeOffset To)>> SpansAsync(Tenant tenant)
    {
        var spans = new List<AllocationSpan>();
        await fixture.WorkAsync(async db => spans = await db.Set<AllocationSpan>().Where(span => span.ClusterId == tenant.Cluster).ToListAsync());
        return [.. spans.Select(span => (span.Sku, new DateTimeOffset(span.Span.LowerBound), new DateTimeOffset(span.Span.UpperBound))).OrderBy(span => span.Item2)];
    }
}
