using Cloud.Agent.Instances;
using Cloud.Contracts;
using Microsoft.Extensions.Logging;

namespace Cloud.Agent.Usage;

/// <summary>
/// Reads the counters of all running instances at every multiple of the window length, and of one instance just before it is stopped.
/// What a node counts after its last reading is lost with it, in the user's favour: at most one window.
/// </summary>
internal sealed class UsageCollector(
    UsageSpool spool, NodeProbe probe, Action changed, TimeProvider time, ILogger logger)
{
    public static readonly TimeSpan DefaultWindow = TimeSpan.FromSeconds(30);

    private const int ReadersMax = 16;

    private readonly Signal _windowChanged = new(time);
    private long _windowTicks = DefaultWindow.Ticks;

    public UsageSpool Spool { get; } = spool;

    /// <summary>Length of a window, as the control plane wishes; 1 s to 1 h.</summary>
    public TimeSpan Window
    {
        get => TimeSpan.FromTicks(Volatile.Read(ref _windowTicks));
        set
        {
            Volatile.Write(ref _windowTicks, Math.Clamp(value.Ticks, TimeSpan.TicksPerSecond, TimeSpan.TicksPerHour));
            _windowChanged.Set();
        }
    }

    /// <summary>Cuts windows until cancelled.</summary>
    /// <param name="running">Specs whose processes serve at this moment.</param>
    public async Task RunAsync(Func<IReadOnlyList<InstanceSpec>> running, CancellationToken cancellationToken)
    {
        var cut = UsageTrack.AlignDown(time.GetUtcNow(), Window);
        while (true)
        {
            var now = time.GetUtcNow();
            var boundary = UsageTrack.AlignDown(now, Window);
            if (boundary > cut)
            {
                await CutAllAsync(running(), boundary, cancellationToken);
                cut = boundary;
                continue;
            }

            await _windowChanged.WaitAsync(boundary + Window - now, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Cuts what one instance counted up to this moment; nothing when it does not answer.</summary>
    public async Task CutFinalAsync(InstanceSpec spec, CancellationToken cancellationToken)
    {
        if (await CutAsync(spec, end: null, cancellationToken))
        {
            changed();
        }
    }

    private async Task CutAllAsync(
        IReadOnlyList<InstanceSpec> specs, DateTimeOffset boundary, CancellationToken cancellationToken)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = ReadersMax, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(specs, options, async (spec, token) => await CutAsync(spec, boundary, token));
        changed();
    }

    private async Task<bool> CutAsync(InstanceSpec spec, DateTimeOffset? end, CancellationToken cancellationToken)
    {
        try
        {
            return await probe.UsageAsync(spec.Config, cancellationToken) is { } reading
                && Spool.Add(spec.ClusterId, spec.Id, reading, end ?? time.GetUtcNow());
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            logger.LogError(exception, "Usage of {Instance} could not be kept; it is read again in the next window.", spec.Id);
            return false;
        }
    }
}
