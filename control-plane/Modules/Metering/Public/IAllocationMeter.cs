using Cloud.Kernel;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Metering.Public;

/// <summary>
/// The allocation meter: what is held for a cluster from when to when, as spans that never overlap for one <see cref="AllocationKey"/>.
/// Each call only adds changes to the <see cref="DbContext"/> it is given; they become true with the caller's <c>SaveChanges</c>, in
/// the caller's transaction. Every call is idempotent, so that a reconciler may repeat a step. Not thread-safe, like the context.
/// </summary>
/// <remarks>
/// A price change needs no call: rating cuts spans where price lists change. A change of size, role or volume is an
/// <see cref="OpenAsync"/> with other content, which ends the open span and begins the next at the same instant.
/// </remarks>
public interface IAllocationMeter
{
    /// <summary>
    /// Makes <paramref name="allocation"/> the open span of its key from <paramref name="at"/> on. Nothing changes when a span with
    /// the same content is open already; an open span with other content ends at <paramref name="at"/>.
    /// </summary>
    /// <param name="database">The caller's context; nothing is saved here.</param>
    /// <param name="at">UTC; not before the start of the span that is open (an earlier time is raised to it).</param>
    Task OpenAsync(DbContext database, Allocation allocation, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>Ends the open span of the key; nothing changes when none is open. An empty span is removed.</summary>
    Task CloseAsync(DbContext database, AllocationKey key, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>Ends all open spans of the cluster, for delete and pause in one go.</summary>
    Task CloseAllAsync(DbContext database, ClusterId cluster, DateTimeOffset at, CancellationToken cancellationToken);
}

/// <summary>What a span is about: at any instant at most one span exists per key.</summary>
/// <param name="Resource">Text of the resource's id, for example <c>ins_…</c>.</param>
/// <param name="Meter">A name of <see cref="Meters"/>.</param>
/// <param name="Slot">Tells apart several allocations of one resource under one meter; empty where there is but one.</param>
public sealed record AllocationKey(string Resource, string Meter, string Slot = "");

/// <summary>What is held, and by whom.</summary>
public sealed record Allocation
{
    public required OrganizationId OrganizationId { get; init; }

    public required ClusterId ClusterId { get; init; }

    public required AllocationKey Key { get; init; }

    /// <summary>What the price list knows it by: <see cref="Skus"/>.</summary>
    public required string Sku { get; init; }

    /// <summary>Units held at once: 1 for an instance, GiB for a volume. Positive.</summary>
    public required decimal Quantity { get; init; }
}
