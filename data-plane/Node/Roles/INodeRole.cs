using Cloud.Contracts;

namespace Cloud.Node.Roles;

/// <summary>
/// What a process does, as its host sees it. Calls come in the order of the members below; disposal may come at any
/// time.
/// </summary>
internal interface INodeRole : IAsyncDisposable
{
    /// <summary>Opens data and binds ports.</summary>
    /// <exception cref="IOException">
    /// A port is taken, among others; see <see cref="NodeProcess"/> for what becomes of them.
    /// </exception>
    Task StartAsync(CancellationToken cancellationToken);

    /// <summary>Waits for whatever else is needed to serve, for as long as it takes.</summary>
    Task BecomeReadyAsync(CancellationToken cancellationToken);

    /// <summary>Why it does not serve now; null when it does.</summary>
    string? NotReadyReason { get; }

    /// <summary>Cumulative since the start.</summary>
    UsageCounters Usage { get; }

    /// <summary>Completes with a fault after which the process has to end; never otherwise.</summary>
    Task<Exception> Fault { get; }

    /// <summary>Takes over what may change at run time.</summary>
    void Apply(NodeConfig config);

    /// <summary>Takes no new work and lets what runs finish within <paramref name="limit"/>.</summary>
    Task DrainAsync(TimeSpan limit, CancellationToken cancellationToken);
}
