using Cloud.Contracts;
using Cloud.Kernel;

namespace Cloud.Modules.Metering.Public;

/// <summary>
/// Where usage windows end up for good. Delivery is at least once and in any order; storage is exactly once, because a window's id is
/// a function of what it measures (<see cref="UsageWindow.IdOf"/>).
/// </summary>
public interface IUsageStore
{
    /// <summary>
    /// Stores the windows in a transaction of its own and returns the ids that are settled: stored now, stored before, or refused for
    /// good (a wrong id, an empty or future interval, negative counters, an unknown cluster), which is logged. An id that is missing
    /// from the answer is to be sent again.
    /// </summary>
    /// <param name="host">The host whose agent reports; kept with each window.</param>
    /// <param name="windows">At most 1,000; may be empty.</param>
    /// <exception cref="System.Data.Common.DbException">The database is not reachable; nothing was accepted.</exception>
    Task<IReadOnlyList<string>> StoreAsync(
        HostId host, IReadOnlyList<UsageWindow> windows, CancellationToken cancellationToken);
}
