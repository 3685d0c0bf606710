using Cloud.Kernel;
using Cloud.Modules.Metering.Data;
using Cloud.Modules.Metering.Public;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Metering;

/// <summary>Keeps spans through the caller's context. Stateless.</summary>
internal sealed class AllocationMeter : IAllocationMeter
{
    public async Task OpenAsync(
        DbContext database, Allocation allocation, DateTimeOffset at, CancellationToken cancellationToken)
    {
        Invariant.Require(allocation.Quantity > 0, $"what is held is more than nothing: {allocation}");
        var start = ToMicroseconds(at);
        var open = (await OpenSpansAsync(database, allocation.ClusterId, cancellationToken)).Find(span => span.IsFor(allocation.Key));
        if (open is not null)
        {
            if (open.Holds(allocation))
            {
                return;
            }

            var since = new DateTimeOffset(open.Span.LowerBound);
            start = start < since ? since : start;
            Close(database, open, start);
        }

        database.Add(AllocationSpan.Open(allocation, start));
    }

    public async Task CloseAsync(
        DbContext database, AllocationKey key, DateTimeOffset at, CancellationToken cancellationToken)
    {
        await database.Set<AllocationSpan>()
            .Where(span => span.Resource == key.Resource && span.Meter == key.Meter && span.Slot == key.Slot && span.Span.UpperBoundInfinite)
            .LoadAsync(cancellationToken);
        foreach (var span in Tracked(database).Where(span => span.IsFor(key)).ToList())
        {
            Close(database, span, ToMicroseconds(at));
        }
    }

    public async Task CloseAllAsync(
        DbContext database, ClusterId cluster, DateTimeOffset at, CancellationToken cancellationToken)
    {
        foreach (var span in await OpenSpansAsync(database, cluster, cancellationToken))
        {
            Close(database, span, ToMicroseconds(at));
        }
    }

    private static async Task<List<AllocationSpan>> OpenSpansAsync(
        DbContext database, ClusterId cluster, CancellationToken cancellationToken)
    {
        await database.Set<AllocationSpan>()
            .Where(span => span.ClusterId == cluster && span.Span.UpperBoundInfinite)
            .LoadAsync(cancellationToken);
        return [.. Tracked(database).Where(span => span.ClusterId == cluster)];
    }

    /// <summary>Open spans as this unit of work sees them: those of the database and its own that are not saved yet.</summary>
    private static IEnumerable<AllocationSpan> Tracked(DbContext database) =>
        database.Set<AllocationSpan>().Local.Where(span => span.IsOpen);

    private static void Close(DbContext database, AllocationSpan span, DateTimeOffset at)
    {
        if (!span.TryClose(at))
        {
            database.Remove(span);
        }
    }

    /// <summary>The precision of the database, so that the end of one span is exactly the start of the next.</summary>
    private static DateTimeOffset ToMicroseconds(DateTimeOffset time) =>
        new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
}
