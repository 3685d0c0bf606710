namespace Cloud.Modules.Platform.Messaging;

/// <summary>How one pass of a reconciler ended.</summary>
internal enum PassResult
{
    /// <summary>Something was changed: look again at once.</summary>
    Again,

    /// <summary>Nothing is left to do until the next hint.</summary>
    Done,
}

/// <summary>
/// Makes the wish for one kind of thing true, step by step. Stateless and thread-safe. A pass takes only the id, loads everything,
/// decides by pure code, does one step in one transaction that begins with <see cref="WorkLease.FenceAsync"/>, and returns.
/// A pass may be repeated, interrupted anywhere, and run although nothing changed.
/// </summary>
internal interface IReconciler
{
    /// <summary>The kind of hints and work items it serves, for example <c>cluster</c>.</summary>
    string Kind { get; }

    /// <summary>Does one pass in a worker scope.</summary>
    /// <param name="services">Of a scope made for this pass.</param>
    /// <exception cref="LeaseLostException">Another worker took over; nothing was changed.</exception>
    Task<PassResult> PassAsync(IServiceProvider services, Guid id, WorkLease lease, CancellationToken cancellationToken);
}

/// <summary>Finds what needs attention although no hint says so. Stateless and thread-safe.</summary>
internal interface ISweep
{
    /// <summary>One SQL statement that adds outbox rows for everything drifted, overdue or never looked at.</summary>
    /// <returns>How many rows were added.</returns>
    Task<int> SweepAsync(IServiceProvider services, CancellationToken cancellationToken);
}

/// <summary>The worker is no longer the holder of the lease: its pass must not change anything.</summary>
internal sealed class LeaseLostException(string kind, Guid id)
    : Exception($"The lease on {kind} {id} is held by another worker.");
